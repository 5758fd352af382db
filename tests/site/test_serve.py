"""`amends serve` as people run it: real processes, real pages, and nothing left behind."""

from __future__ import annotations

import http.cookiejar
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.site.processes import Running, amends, ask, free_port, living, page, result, wait_until

from amends.site.cluster import Cluster


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One data folder for all of these: the first start makes the desk, the others find it."""
    made = Path(tempfile.mkdtemp(prefix="amends-serve-", dir="/tmp"))
    try:
        yield made
    finally:
        Cluster(made).stop()
        shutil.rmtree(made)


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[Running, str, str]]:
    """A desk that is up: its process, its address, and all that it said."""
    port = free_port()
    with amends(folder, "serve", "--port", str(port), *words) as running:
        said = ""
        while "Stop: ctrl-C" not in said:
            line = running.line()
            assert line, running.complaints()
            said += line
        yield running, f"http://127.0.0.1:{port}", said


def signed_in(url: str, email: str, password: str) -> str:
    """The page that somebody sees who signs in with what the terminal said."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
    )
    with browser.open(f"{url}/", timeout=20) as answer:
        form, at = answer.read().decode(), answer.url
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token, form
    fields = {"login": email, "password": password, "csrfmiddlewaretoken": token[1]}
    request = urllib.request.Request(  # noqa: S310
        at, urllib.parse.urlencode(fields).encode(), {"Referer": at, "Origin": url}
    )
    with browser.open(request, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def people(said: str) -> list[tuple[str, str, str]]:
    return re.findall(r"^  (\w+) +(\S+@\S+) +(\S+)$", said, re.MULTILINE)


def test_a_sample_is_up_within_seconds_and_gone_within_seconds(folder: Path) -> None:
    began = time.monotonic()
    with served(folder, "--sample") as (desk, url, said):
        took = time.monotonic() - began
        assert said.count("http://") == 1
        assert f"{url}/" in said
        assert [role for role, _, _ in people(said)] == ["admin", "supervisor", "agent"]
        for _, email, password in people(said):
            assert email in signed_in(url, email, password) or "Sign out" in signed_in(url, email, password)
        wait_until(lambda: ask(folder, "SELECT count(*) > 50 FROM store_post")[0], 60)
        wait_until(lambda: ask(folder, "SELECT count(*) > 5 FROM store_case")[0], 60)
        assert {"web", "worker", "fake-network"} <= {
            word for command in living(folder).values() for word in command.split()
        }
        seconds, code = desk.stop()
        assert desk.complaints().count("Traceback") == 0
    assert code == 0
    assert seconds < 5
    assert living(folder) == {}
    assert not Cluster(folder).is_running()
    assert took < 30, "a generous limit for a busy machine; `make bench` measures it"


def test_a_second_start_keeps_everything_and_everybody(folder: Path) -> None:
    with served(folder, "--sample") as (desk, url, said):
        before = ask(folder, "SELECT count(*), min(id) FROM store_post")
        first = people(said)
        desk.stop(signal.SIGINT)
    with served(folder, "--sample") as (_, url, said):
        assert people(said) == first
        after = ask(folder, "SELECT count(*), min(id) FROM store_post")
        assert after >= before
        assert ask(folder, "SELECT count(*) FROM store_account WHERE active AND trouble = ''")[0] == 1
        assert ask(folder, "SELECT count(*) FROM store_user")[0] == 3
        assert page(f"{url}/") == 200


def test_children_end_with_a_supervisor_that_was_killed(folder: Path) -> None:
    with served(folder) as (desk, url, _):
        assert len(living(folder)) > 3
        desk.process.kill()
        desk.process.wait()
        wait_until(lambda: not [c for c in living(folder).values() if "amends.site.command" in c], 8)
        assert page(url) == 0
        wait_until(lambda: not living(folder), 8)  # the database went with the last who used it


def test_a_child_that_dies_is_started_again(folder: Path) -> None:
    with served(folder) as (desk, _, _):
        (worker,) = [pid for pid, command in living(folder).items() if command.rstrip().endswith(" worker")]
        subprocess.run(["kill", "-9", str(worker)], check=True)
        wait_until(
            lambda: [
                pid
                for pid, command in living(folder).items()
                if command.rstrip().endswith(" worker") and pid != worker
            ]
        )
        assert "worker ended (signal SIGKILL)" in desk.complaints()


def test_a_web_process_killed_from_outside_leaves_no_orphan(folder: Path) -> None:
    with served(folder) as (_, url, _):
        mine = {pid for pid, command in living(folder).items() if " web " in command}
        assert len(mine) == 2
        subprocess.run(["kill", "-9", str(min(mine))], check=True)
        wait_until(lambda: not mine & set(living(folder)), 10)
        wait_until(lambda: page(url) == 200)


def test_a_port_that_is_taken_is_said_kindly(folder: Path) -> None:
    with served(folder) as (_, url, _):
        port = url.rsplit(":", 1)[1]
        code, _, said = result(folder, "serve", "--port", port)
        assert code == 1
        assert f"Port {port} on 127.0.0.1 is taken" in said
        code, _, again = result(folder, "serve", "--port", str(free_port()))
        assert code == 1
        assert "is served from" in again
        assert "Traceback" not in said + again


def test_no_secret_is_in_a_command_line_or_where_it_is_not_needed(folder: Path) -> None:
    with served(folder, "--sample") as (_, _, said):
        passwords = [password for _, _, password in people(said)]
        token = str(re.search(r'"token": "([^"]+)"', (folder / "sample.json").read_text()))
        for pid, command in living(folder).items():
            assert not any(secret in command for secret in [*passwords, token])
            environment = Path(f"/proc/{pid}/environ").read_text()
            assert not any(password in environment for password in passwords)
            assert "AMENDS_FAKE_TOKEN" not in environment or "fake-network" in command
        assert (folder / "sample.json").stat().st_mode & 0o077 == 0


def test_a_new_desk_says_the_code_for_visitors_from_elsewhere_until_somebody_can_sign_in() -> None:
    made = Path(tempfile.mkdtemp(prefix="amends-new-", dir="/tmp"))
    try:
        with served(made) as (_, url, said):
            code = re.search(r"set-up code ([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})$", said, re.MULTILINE)
            assert code, said
            kept = made / "set-up-code"
            assert (kept.read_text(), kept.stat().st_mode & 0o777) == (f"{code[1]}\n", 0o600)
            request = urllib.request.Request(f"{url}/setup/", headers={"X-Forwarded-For": "192.0.2.7"})  # noqa: S310
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=20) as answer:
                assert "Set-up code" in answer.read().decode()
            with opener.open(f"{url}/setup/", timeout=20) as answer:
                assert "Set-up code" not in answer.read().decode()
        port = free_port()
        with amends(made, "web", "--port", str(port)) as web:
            wait_until(lambda: page(f"http://127.0.0.1:{port}/") == 200)
            assert code[1] in web.complaints()
        done = result(made, "add-admin", "ann@example.org", "--brand", "X", given="correct horse battery")
        assert done[0] == 0, done
        assert not kept.exists()
        with served(made) as (_, _, said):
            assert "code" not in said
    finally:
        Cluster(made).stop()
        shutil.rmtree(made)
