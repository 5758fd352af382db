"""Real servers that speak Mastodon's client API, each started once, on a free port, with people on it."""

from __future__ import annotations

import html
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
from tests.peers import installed
from tests.peers.people import Person
from tests.rig.processes import until

from amends.site import ports

HEARTBEAT = 2
"""Seconds between the lines by which the imitation keeps its streams alive."""
CROWD = 24
NOWHERE = "http://127.0.0.1:9/back"


@dataclass(slots=True)
class Server:
    """One running server, and people of it whom no test has met yet."""

    port: int
    strangers: list[Person] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """What people sign in with, where the server asks for that."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stranger(self) -> Person:
        return self.strangers.pop()

    def fault(self, effect: dict[str, Any], method: str, path: str, count: int = 1) -> None:
        """Order trouble of the imitation for the next requests."""
        order = {"match": {"methods": [method], "path": path}, "effect": effect, "count": count}
        with httpx2.Client(trust_env=False, timeout=10) as client:
            answer = client.post(f"{self.url}/api/v1/_mock/faults", json=order)
        assert answer.status_code < 300, answer.text


@contextmanager
def mastodon_mock() -> Iterator[Server]:
    """The imitation of Mastodon, with streams, faults on demand and a crowd of people."""
    program, port = installed.mastodon_mock(), ports.free()
    made = Server(port)
    made.strangers = [
        Person(made.url, f"p{secrets.token_hex(4)}", secrets.token_hex(16)) for _ in range(CROWD)
    ]
    with _folder(None) as folder:
        config = folder / "config.toml"
        config.write_text(
            f"[streaming]\nheartbeat_seconds = {HEARTBEAT}\n[auth]\nenforce_scopes = true\n"
            + "".join(
                f'[[seed.accounts]]\nusername = "{one.handle}"\naccess_token = "{one.token}"\n'
                for one in made.strangers
            )
        )
        command: list[str | Path] = [program, "serve", "--config", config, "--in-memory"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
        with _running(command, folder, None):
            _answering(f"{made.url}/api/v2/instance", folder)
            yield made


@contextmanager
def snac(*handles: str) -> Iterator[Server]:
    """The small server of many in the world: no streams, no deletions by its API, notifications of a kind."""
    program, port, user = installed.snac(), ports.free(), _user()
    with _folder(user) as folder:
        own = shutil.copy(program, folder / "snac")
        data = folder / "data"
        _tell([own, "init", data], folder, f"127.0.0.1\n{port}\n127.0.0.1:{port}\n\n\n")
        settings = data / "server.json"
        known = json.loads(settings.read_text())
        known |= {
            "protocol": "http",
            "disable_sandbox": True,
            "shared_inboxes": True,
            "badlogin_retries": 1000,
        }
        known |= {"disable_email_notifications": True, "queue_retry_minutes": 1}
        settings.write_text(json.dumps(known))
        said = {handle: _tell([own, "adduser", data, handle], folder, "\n") for handle in handles}
        passwords = {handle: re.findall(r"password is (\S+)", text)[0] for handle, text in said.items()}
        with _running([own, "httpd", data], folder, user):
            made = Server(port, passwords=passwords)
            _answering(f"{made.url}/api/v1/instance", folder)
            made.strangers = [_signed_in(made.url, *each) for each in passwords.items()]
            yield made


def _signed_in(url: str, handle: str, password: str) -> Person:
    """Somebody who has let an app act for them, as a browser does it."""
    alone = {"connection": "close"}  # it closes kept connections without a word
    with httpx2.Client(trust_env=False, timeout=30, base_url=url, headers=alone) as client:
        wish = {"client_name": "test", "redirect_uris": NOWHERE, "scopes": "read write"}
        app = client.post("/api/v1/apps", json=wish).json()
        asked = {"client_id": app["client_id"], "redirect_uri": NOWHERE, "scope": "read write"}
        page = client.get(f"/oauth/authorize?{urlencode({**asked, 'response_type': 'code'})}")
        fields, action = form_of(page.text)
        fields |= {"login": handle, "passwd": password}
        back = client.post(urljoin(str(page.url), action), data=fields)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        asked |= {"client_secret": app["client_secret"], "grant_type": "authorization_code", "code": code}
        token: str = client.post("/oauth/token", data=asked).json()["access_token"]
    return Person(url, handle, token)


def form_of(page: str) -> tuple[dict[str, str], str]:
    """The fields of the first form that is posted, and where to."""
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if "post" in form.lower())
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        if name := re.search(r'name="([^"]*)"', tag):
            value = re.search(r'value="([^"]*)"', tag)
            fields[name[1]] = html.unescape(value[1]) if value else ""
    action = re.search(r'action="([^"]*)"', form)
    return fields, html.unescape(action[1]) if action else ""


@contextmanager
def _folder(user: pwd.struct_passwd | None) -> Iterator[Path]:
    """A folder that the user whom a server runs as can write to."""
    folder = Path(tempfile.mkdtemp(prefix="amends-peer-", dir="/tmp"))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder)


def _user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _tell(command: list[str | Path], folder: Path, words: str) -> str:
    done = subprocess.run(
        command,
        input=words,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        timeout=60,
        **_as(_user()),
    )
    said: str = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@contextmanager
def _running(command: list[str | Path], folder: Path, user: pwd.struct_passwd | None) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **_as(user))
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answering(url: str, folder: Path) -> None:
    def answers() -> bool:
        try:
            with httpx2.Client(trust_env=False, timeout=5) as client:
                return client.get(url).status_code == 200
        except httpx2.TransportError:
            return False

    until(answers, 60, f"{url} answers", (folder / "log").read_text)
