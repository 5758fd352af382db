"""A real PostgreSQL server, Debian's, on a loopback port of its own and gone with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from tests.rig.processes import until

from amends.site import ports

SUPERUSER, SUPERUSER_PASSWORD = "postgres", "only in this test"


def programs() -> Path | None:
    """Where the newest installed server has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


@dataclass(frozen=True, slots=True)
class Server:
    """One running server; everybody signs in to it with a password over TCP."""

    port: int
    major: int

    def url(self, role: str, password: str, database: str = "amends") -> str:
        secret = quote(password, safe="")
        return f"postgresql://{role}:{secret}@127.0.0.1:{self.port}/{database}"

    def as_superuser(self, *statements: str, database: str = "postgres") -> None:
        url = self.url(SUPERUSER, SUPERUSER_PASSWORD, database)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def server(where: Path) -> Iterator[Server]:
    """A fresh cluster under the programs in `where`, run by an ordinary user also when we are root."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="amends-peer-", dir="/tmp"))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        secret = folder / "password"
        secret.write_text(SUPERUSER_PASSWORD)
        secret.chmod(0o644)
        data = folder / "data"
        _run(user, where / "initdb", "-D", data, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", secret)
        port = ports.free()
        command: list[str | Path] = [where / "postgres", "-D", data, "-p", str(port)]
        command += ["-k", folder, "-h", "127.0.0.1", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **_as(user))
        try:
            made = Server(port, int(where.parts[4]))
            until(lambda: _ready(made), 30, "the server runs", (folder / "log").read_text)
            yield made
        finally:
            process.send_signal(2)
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as(user))
    assert done.returncode == 0, done.stderr


def _ready(made: Server) -> bool:
    try:
        made.as_superuser("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
