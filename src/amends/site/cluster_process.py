"""The processes of one cluster: whether they live, starting them, waiting for them, ending them."""

import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from amends.site.errors import ClusterError
from amends.site.server_user import ServerUser

PATIENCE = 900.0
"""Seconds for replaying the log after a crash: a gigabyte of it on a slow disk takes minutes."""
STOP_PATIENCE = 60.0
QUIET = 3.0
"""Seconds of waiting before anybody is told why."""
PAUSE = 0.02

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a running server says about itself in its postmaster.pid."""

    pid: int
    status: str


def postmaster(cluster: Path) -> Postmaster | None:
    """The live server of `cluster`; what a dead one left behind counts for nothing."""
    lines = _read(cluster / "postmaster.pid").splitlines()
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    if not _serves(pid, cluster):
        return None
    return Postmaster(pid, lines[7].strip() if len(lines) > 7 else "starting")


def _read(path: Path) -> str:
    """What a file of the server's user holds, "" when it is gone; root is not led elsewhere by a link."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with os.fdopen(handle, encoding="utf-8", errors="replace") as file:
        return file.read()


def _serves(pid: int, cluster: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0].endswith(b"postgres") and os.fsencode(cluster) in words


@dataclass(frozen=True, slots=True)
class Life:
    """A lock that every process of a server inherits: it is free only when the last of them is gone.

    Unlike a pid it cannot be recycled, and it also holds between containers that share the folder.
    """

    path: Path

    def over(self) -> bool:
        """Whether no process of a server that we started is left."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Shared, so that two who only ask never stand in each other's way.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def begin(self) -> int:
        """An open file holding the lock, to hand down; ClusterError while an older server lives."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            wait_until(lambda: _locked(handle), 1.0)
        except TimeoutError:
            os.close(handle)
            raise ClusterError(
                f"A server that holds {self.path} is still alive; nothing was started. Try again in a moment."
            ) from None
        return handle


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_until(done: Callable[[], bool], patience: float, tell: Callable[[], None] | None = None) -> None:
    """Return as soon as `done()`; after a quiet while call `tell` once; TimeoutError when patience ends."""
    began = time.monotonic()
    while not done():
        waited = time.monotonic() - began
        if waited > patience:
            raise TimeoutError
        if tell is not None and waited > QUIET:
            tell()
            tell = None
        time.sleep(PAUSE)


def launch(
    command: Sequence[str | Path], user: ServerUser, cluster: Path, life: Life, notify: Notify
) -> None:
    """Start the server detached from us and return once it takes connections; ClusterError when it cannot."""
    with tempfile.TemporaryFile() as complaints:
        handle = life.begin()
        try:
            script = '"$@" </dev/null >/dev/null & exit 0'
            user.run(["/bin/sh", "-c", script, "sh", *command], stderr=complaints, hand_down=[handle])
        finally:
            os.close(handle)
        if await_ready(cluster, life, notify):
            return
        complaints.seek(0)
        said = complaints.read().decode("utf-8", "replace").strip()[-2000:] + "\n" + _end_of_log(cluster)
    raise ClusterError(
        f"PostgreSQL did not start. Its data in {cluster} is as it was. It said:\n{said}\n"
        f"More is in {cluster / 'log'}. Mend the cause and start again."
    )


def await_ready(cluster: Path, life: Life, notify: Notify) -> bool:
    """Wait out start and recovery; False when the server ends instead."""

    def settled() -> bool:
        server = postmaster(cluster)
        return (server is not None and server.status == "ready") or (server is None and life.over())

    try:
        wait_until(
            settled, PATIENCE, lambda: notify("PostgreSQL is replaying its log after an unclean end ...")
        )
    except TimeoutError:
        raise ClusterError(
            f"PostgreSQL is still replaying its log after {PATIENCE:.0f} seconds. It goes on by itself: "
            "start again in a while, nothing is lost."
        ) from None
    return postmaster(cluster) is not None


def end(cluster: Path, life: Life) -> None:
    """End the server: its clients are cut off, everything committed is kept."""
    for order in (signal.SIGINT, signal.SIGQUIT):
        server = postmaster(cluster)
        if server is not None:
            _send(server.pid, order)
        try:
            wait_until(lambda: postmaster(cluster) is None and life.over(), STOP_PATIENCE)
        except TimeoutError:
            continue
        return
    raise ClusterError(
        f"The PostgreSQL of {cluster} does not end. What is committed is safe. End its processes, on this "
        "machine or in another container that has the same data folder, and start again."
    )


def ended_by_itself(cluster: Path) -> bool:
    """Whether the server is gone, or goes within a moment."""
    try:
        wait_until(lambda: postmaster(cluster) is None, 1.0)
    except TimeoutError:
        return False
    return True


def _end_of_log(cluster: Path) -> str:
    logs = sorted((cluster / "log").glob("*.log"), key=lambda path: path.lstat().st_mtime)
    return _read(logs[-1])[-1000:].strip() if logs else ""


def _send(pid: int, order: signal.Signals) -> None:
    try:
        os.kill(pid, order)
    except ProcessLookupError:
        return
