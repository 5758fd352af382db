"""What the doctor says of the way in: the address, the proxy before it, and what lacks a public one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client, override_settings

from amends.core import proxies
from amends.core.values import Role
from amends.pipeline import sources
from amends.site import doctor_address, ports
from amends.site.finding import Finding, Level
from amends.store import brands, models


@contextmanager
def address(url: str | None) -> Iterator[None]:
    before = os.environ.pop("AMENDS_URL", None)
    if url is not None:
        os.environ["AMENDS_URL"] = url
    try:
        yield
    finally:
        os.environ.pop("AMENDS_URL", None)
        if before is not None:
            os.environ["AMENDS_URL"] = before


@pytest.mark.parametrize(
    ("url", "level", "words"),
    [
        (None, Level.OK, "not set"),
        ("", Level.OK, "not set"),
        ("http://127.0.0.1:8010", Level.OK, "127.0.0.1"),
        ("http://[::1]:8010/", Level.OK, "::1"),
        ("https://desk.example.org", Level.OK, "desk.example.org"),
        ("http://desk.example.org", Level.BAD, "not encrypted"),
        ("http://192.168.1.5:8010", Level.BAD, "not encrypted"),
        ("desk.example.org", Level.BAD, "AMENDS_URL is"),
        ("ftp://desk.example.org", Level.BAD, "AMENDS_URL is"),
        ("https://desk.example.org/desk", Level.BAD, "AMENDS_URL is"),
        ("https://[::1", Level.BAD, "AMENDS_URL is"),
        ("https://x:99999", Level.BAD, "AMENDS_URL is"),
    ],
)
def test_the_address_itself(url: str | None, level: Level, words: str) -> None:
    with address(url):
        found = doctor_address.address()
    assert (found.level, words in found.text) == (level, True), found
    assert bool(found.advice) == (level is not Level.OK)


@pytest.mark.parametrize(
    ("url", "named", "level", "words"),
    [
        ("http://127.0.0.1:8010", "", Level.OK, "none is trusted"),
        ("https://desk.example.org", "", Level.WARN, "all visitors look like one"),
        ("https://desk.example.org", "127.0.0.1, 10.0.0.0/8", Level.OK, "127.0.0.1/32, 10.0.0.0/8"),
        ("https://desk.example.org", "0.0.0.0/0", Level.WARN, "everybody is believed"),
        ("https://desk.example.org", "::/0", Level.WARN, "everybody is believed"),
        ("https://desk.example.org", "proxy.local", Level.BAD, "proxy.local"),
    ],
)
def test_which_proxies_are_believed(
    url: str, named: str, level: Level, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_TRUSTED_PROXIES", named)
    with address(url):
        found = doctor_address.trusted()
    assert (found.level, words in found.text) == (level, True), found
    assert bool(found.advice) == (level is not Level.OK)


def features(url: str | None) -> Finding:
    with address(url):
        return doctor_address.features()


def test_what_lacks_a_public_address_is_named(desk: None, now: datetime) -> None:
    assert features("https://desk.example.org") == Finding(
        "public address", Level.OK, "https://desk.example.org"
    )
    nothing_yet = features(None)
    assert nothing_yet.level is Level.OK
    brand = brands.get_or_create("The Brand", now)
    admin = models.User.objects.create_user("ada@example.org", name="Ada")
    models.Membership.objects.create(user=admin, brand=brand, role=Role.ADMIN)
    models.Account.objects.create(brand=brand, channel="fake", handle="us", created_at=now)
    sources.make(brand.pk, "forum", admin, now)
    for url, where in ((None, "this machine"), ("https://desk.lan", "your own network")):
        found = features(url)
        assert found.level is Level.WARN
        assert f"opens only on {where}" in found.text
        assert "deliveries by webhook (1 source)" in found.text
        assert "invitations" in found.text
        assert "works without: fake (1 account)" in found.text
        assert "AMENDS_URL" in found.advice
    models.Account.objects.filter(channel="forum").update(active=False)
    assert features(None).level is Level.OK


class Front(BaseHTTPRequestHandler):
    """A proxy, good or bad, with the desk's own application behind it."""

    told: dict[str, str] = {}
    status = 0

    def do_GET(self) -> None:
        if self.status:
            self.send_response(self.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(b"hello")
            return
        named = {**dict(self.headers.items()), **self.told}
        meta = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in named.items()}
        answer = Client(SERVER_NAME="127.0.0.1").get(self.path, **meta)  # type: ignore[arg-type]
        self.send_response(answer.status_code)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def front(desk: None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", ports.free()), Front)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    Front.told, Front.status = {}, 0
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def reached(url: str | None) -> list[Finding]:
    with address(url):
        return list(doctor_address.reached())


TOLD = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}


def test_a_desk_without_an_address_of_its_own_is_not_asked() -> None:
    assert reached(None) == reached("http://desk.example.org") == []


def test_a_way_in_that_is_right(front: str) -> None:
    (found,) = reached(front)
    assert (found.level, found.text) == (Level.OK, f"{front} leads to this desk")
    Front.told = TOLD
    with override_settings(TRUSTED_PROXIES=proxies.networks("127.0.0.1")):
        assert reached(front)[0].level is Level.OK


def test_a_proxy_that_is_not_trusted_is_named(front: str) -> None:
    Front.told = TOLD
    (found,) = reached(front)
    assert found.level is Level.WARN
    assert "127.0.0.1 is not trusted" in found.text
    assert "AMENDS_TRUSTED_PROXIES=127.0.0.1" in found.advice


def test_a_proxy_that_tells_another_host_or_scheme_is_noticed(front: str) -> None:
    with override_settings(TRUSTED_PROXIES=proxies.networks("127.0.0.1")):
        for name, value in (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "localhost")):
            Front.told = {**TOLD, name: value}
            (found,) = reached(front)
            assert found.level is Level.WARN
            assert value in found.text


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_something_else_at_the_address_is_noticed(front: str, status: int) -> None:
    Front.status = status
    (found,) = reached(front)
    assert found.level is Level.WARN
    assert "not this desk" in found.text


def test_nobody_at_the_address_is_a_warning() -> None:
    (found,) = reached(f"http://127.0.0.1:{ports.free()}")
    assert found.level is Level.WARN
    assert "does not answer" in found.text
