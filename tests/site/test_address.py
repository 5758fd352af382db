"""The desk's address, however it is spelled: people sign in by it, and what is none is said at once."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from tests.site.conftest import copy, data_folder
from tests.site.processes import amends, free_port, living, page, result, wait_until

from amends.core import hosts
from amends.site import public

EMAIL, PASSWORD = "ann@example.org", "seven wide rivers"
LOGIN = "/account/login/"


@pytest.fixture(scope="module")
def folder(pattern: Path) -> Iterator[Path]:
    """A desk that somebody can sign in to."""
    with data_folder() as made:
        copy(pattern, made)
        code, _, said = result(made, "add-admin", EMAIL, "--brand", "Firm", given=PASSWORD)
        assert code == 0, said
        yield made


class Visitor:
    """A browser that opened an address, behind a proxy that passes the host on and ends the encryption."""

    def __init__(self, port: int, host: str) -> None:
        self.port, self.host = port, host
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        """Status and text of a page; cookies are kept."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        line.request(method, path, body or None, {"Host": self.host, "Cookie": jar, **headers})
        with line.getresponse() as answer:
            for each in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: found.value for name, found in SimpleCookie(each).items()}
            text = answer.read().decode()
        line.close()
        return answer.status, text

    def sign_in(self, origin: str) -> int:
        """The status that signing in ends with, as a page of that origin."""
        status, form = self.ask("GET", LOGIN)
        assert status == 200, form
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token, form
        fields = {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        headers = {
            "Origin": origin,
            "Referer": f"{origin}{LOGIN}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.ask("POST", LOGIN, urllib.parse.urlencode(fields), **headers)[0]


@contextmanager
def web(folder: Path, **settings: str) -> Iterator[int]:
    """The port of a web process that answers."""
    port = free_port()
    with amends(folder, "web", "--port", str(port), **settings) as running:
        wait_until(lambda: page(f"http://127.0.0.1:{port}{LOGIN}") or running.process.poll() is not None)
        assert running.process.poll() is None, running.complaints()
        yield port


@pytest.mark.parametrize(
    ("spelled", "host"),
    [
        ("https://Desk.Example.org", "desk.example.org"),
        (" https://desk.example.org:443/", "desk.example.org"),
        ("https://Bücher.example", "xn--bcher-kva.example"),
        ("https://[FD00:0::1]:8443", "[fd00::1]:8443"),
    ],
)
def test_people_sign_in_by_the_address_however_it_was_spelled(folder: Path, spelled: str, host: str) -> None:
    with web(folder, AMENDS_URL=spelled) as port:
        stranger = Visitor(port, host)
        assert stranger.sign_in("https://elsewhere.example.org") == 403
        assert "sessionid" not in stranger.cookies
        visitor = Visitor(port, host)
        assert visitor.sign_in(f"https://{host}") == 302
        assert EMAIL in visitor.ask("GET", "/account/mfa/")[1]
        assert Visitor(port, "elsewhere.example.org").ask("GET", LOGIN)[0] == 400


def test_an_address_that_is_set_to_nothing_is_not_set(folder: Path) -> None:
    with web(folder, AMENDS_URL=" ") as port:
        here = f"127.0.0.1:{port}"
        assert Visitor(port, here).sign_in(f"http://{here}") == 302


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("desk.example.org", "“desk.example.org”"),
        ("https://desk.example.org/amends", "“https://desk.example.org/amends”"),
        ("http://[::1", "“http://[::1”"),
        ("https://user:hidden@desk.example.org", "“https://…@desk.example.org”"),
        ("https://us:hid/hidden@desk.example.org?token=hidden", "“https://…@desk.example.org…”"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "web", "stats"])
def test_an_address_that_is_none_is_said_before_anything_starts(
    made: Path, command: str, given: str, shown: str
) -> None:
    options = [] if command == "stats" else ["--port", str(free_port())]
    code, out, said = result(made, command, *options, AMENDS_URL=given)
    assert (code, out) == (1, "")
    assert said.startswith(f"amends {command}: AMENDS_URL is {shown}")
    assert "Write it like https://desk.example.org. Nothing was started." in said
    assert "hidden" not in said
    assert said.count("\n") == 1, "one message, and no database was started for it"
    assert living(made) == {}


def test_the_doctor_says_it_too(folder: Path) -> None:
    code, out, said = result(folder, "doctor", "--json", AMENDS_URL="https://user:hidden@desk.example.org")
    findings = {each["about"]: each for each in json.loads(out)}
    assert (code, said) == (1, "")
    assert findings["address"]["level"] == findings["settings"]["level"] == "bad"
    assert "hidden" not in out


def read(**settings: str) -> dict[str, Any]:
    """What Django is told, in a process of its own."""
    names = ["URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_SECURE", "ALLOW_HOSTS"]
    code = (
        "import json\nfrom amends.site import settings\n"
        f"print(json.dumps({{name: getattr(settings, name) for name in {names}}}, default=sorted))"
    )
    environment = {"PATH": os.environ["PATH"], "AMENDS_DATA": os.environ["AMENDS_DATA"], **settings}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_django_compares_with_is_what_browsers_send() -> None:
    here = ["127.0.0.1", "localhost", "[::1]"]
    allowed = "10.0.0.1:80, Social.lan:443"
    assert read(AMENDS_URL="HTTPS://Desk.Example.org.:443/", AMENDS_ALLOW_HOSTS=allowed) == {
        "URL": "https://desk.example.org",
        "ALLOWED_HOSTS": ["desk.example.org", *here],
        "CSRF_TRUSTED_ORIGINS": ["https://desk.example.org"],
        "SESSION_COOKIE_SECURE": True,
        "ALLOW_HOSTS": ["10.0.0.1:80", "social.lan:443"],
    }
    for unset in ({}, {"AMENDS_URL": ""}):
        found = read(**unset)
        assert (found["URL"], found["SESSION_COOKIE_SECURE"]) == ("http://127.0.0.1:8010", False)


@pytest.mark.parametrize(
    ("given", "host", "port", "settled"),
    [
        (None, "127.0.0.1", 8010, "http://127.0.0.1:8010"),
        ("", "0.0.0.0", 80, "http://127.0.0.1"),  # noqa: S104 - nothing listens
        (" ", "::1", 9000, "http://[::1]:9000"),
        ("", "my_host", 9000, "http://127.0.0.1:9000"),
        ("https://Desk.example.org:443/", "127.0.0.1", 8010, "https://desk.example.org"),
    ],
)
def test_what_is_served_has_an_address(given: str | None, host: str, port: int, settled: str) -> None:
    environ = {} if given is None else {public.URL: given}
    public.settle(environ, host, port)
    assert environ == {public.URL: settled}
    assert public.address(environ) == hosts.origin(settled)
