"""A whole desk of real processes in temporary folders, connected to a fake network of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

import httpx2
import psycopg
from tests.rig.network import Network
from tests.rig.processes import AMENDS, REPOSITORY, Processes, Running, until

from amends.channels.fake_server import TOKEN_VARIABLE
from amends.site import ports
from amends.site.cluster import Cluster

BRAND = "The Brand"
ADMIN, PASSWORD = "ada@example.org", "a quiet green bicycle"
_OURS = ("AMENDS_", "DATABASE_", "DJANGO_")


@dataclass(slots=True)
class Rig:
    """A desk that a test may maltreat; `url` is its database as the application reaches it."""

    data: Path
    url: str
    processes: Processes
    environment: dict[str, str]
    network: Network
    port: int = field(default_factory=ports.free)
    secret: str = ""

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def amends(self, *words: str, feed: str = "", expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            [*AMENDS, *words],
            env=self.environment,
            input=feed,
            capture_output=True,
            text=True,
            timeout=180,
            cwd=REPOSITORY,
            check=False,
        )
        assert expect is None or done.returncode == expect, f"amends {words}: {done.stdout}\n{done.stderr}"
        return done

    def start(self, *words: str) -> Running:
        return self.processes.start([*AMENDS, *words], self.environment)

    def web(self) -> Running:
        """A web process that answers."""
        running = self.start("web", "--port", str(self.port))
        until(lambda: self.page("/").status_code < 500 or not running.alive, 60, "the web answers")
        assert running.alive, running.said()
        return running

    def plant(self, *, on_network: bool = True) -> None:
        """A brand, its admin, a token for the API and, if wanted, its account on the fake network."""
        if on_network:
            self.network.start()
        self.amends("add-admin", ADMIN, "--brand", BRAND, feed=PASSWORD + "\n")
        self.secret = self.inside("plant", BRAND, self.network.url if on_network else "")

    def inside(self, script: str, *words: str) -> str:
        """What one of the rig's own scripts, run in the desk's environment, prints."""
        done = subprocess.run(
            [sys.executable, "-m", f"tests.rig.{script}", *words],
            env={**self.environment, TOKEN_VARIABLE: self.network.token},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=REPOSITORY,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, question: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, connect_timeout=10) as connection:
            return connection.execute(question.encode(), parameters).fetchall()

    def one(self, question: str, *parameters: object) -> Any:
        return self.ask(question, *parameters)[0][0]

    def page(self, path: str) -> httpx2.Response:
        """A page as a stranger sees it; 599 stands for no answer at all."""
        return self._request("GET", path, {}, None)

    def api(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._request(
            method, f"/api/v1{path}", {"authorization": f"Bearer {self.secret}", **named}, body
        )

    def _request(self, method: str, path: str, headers: dict[str, str], body: object) -> httpx2.Response:
        try:
            with httpx2.Client(trust_env=False, timeout=30) as client:
                return client.request(method, self.site + path, headers=headers, json=body)
        except httpx2.TransportError as error:
            return httpx2.Response(599, text=type(error).__name__)


@contextmanager
def rig(environment: dict[str, str] | None = None, pattern: Path | None = None) -> Iterator[Rig]:
    """A desk of its own, on its embedded cluster (a copy of `pattern`, if given) or as `environment` says."""
    # Not below pytest's folders: as root those are closed to the user that the embedded server runs as.
    data = Path(tempfile.mkdtemp(prefix="amends-rig-", dir="/tmp"))
    side = Path(tempfile.mkdtemp(prefix="amends-rig-side-", dir="/tmp"))
    processes = Processes(side)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    network = Network(processes, side / "network", clean)
    clean |= {"AMENDS_DATA": str(data), "AMENDS_ALLOW_HOSTS": network.url.removeprefix("http://")}
    clean |= environment or {}
    cluster = Cluster(data)
    try:
        if pattern is not None:
            subprocess.run(["cp", "-a", f"{pattern}/.", data], check=True)
        yield Rig(data, clean.get("DATABASE_URL", cluster.url()), processes, clean, network)
    finally:
        processes.end()
        if (data / "pg").exists():
            cluster.stop()
        rmtree(data)
        rmtree(side)
