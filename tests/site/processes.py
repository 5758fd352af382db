"""Real `amends` processes on desks of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from amends.site.cluster import Cluster

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Running:
    """One `amends` process."""

    process: subprocess.Popen[str]
    said: IO[str]

    def complaints(self) -> str:
        """What it has said on standard error so far."""
        self.said.seek(0)
        return self.said.read()

    def line(self) -> str:
        """The next line of its output; "" when there is no more."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, number: int = signal.SIGTERM) -> tuple[float, int]:
        """Seconds that it took to end once told to, and its exit code."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - began, self.process.returncode


@contextmanager
def amends(folder: Path, *words: str, given: str = "", **settings: str) -> Iterator[Running]:
    """An `amends` command on the desk of a folder, stopped at the end if it still runs."""
    environment = {"PATH": os.environ["PATH"], "AMENDS_DATA": str(folder), **settings}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as read:
        read.write(given)
        read.seek(0)
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "amends.site.command", *words],
            env=environment,
            stdin=read,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process:
            running = Running(process, said)
            try:
                yield running
            finally:
                if process.poll() is None:
                    running.stop()


def result(folder: Path, *words: str, given: str = "", **settings: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of a command that ends by itself."""
    with amends(folder, *words, given=given, **settings) as running:
        output, _ = running.process.communicate(timeout=90)
        return running.process.returncode, output, running.complaints()


def wait_until(so: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as it is so, fail when it never is."""
    until = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.05)


def ask(folder: Path, question: str) -> tuple[object, ...]:
    """One row of the desk's database, as its owner."""
    with psycopg.connect(Cluster(folder).url("amends_owner"), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page(url: str) -> int:
    """The status of a page; 0 when nobody answers."""
    try:
        with DIRECT.open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def living(folder: Path) -> dict[int, str]:
    """Every process that was given this data folder, by id, with its command line."""
    found = {}
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (place / "environ").read_bytes()
            state = re.search(r"State:\s+(\w)", (place / "status").read_text())
        except OSError:
            continue
        ours = f"AMENDS_DATA={folder}".encode() in environment.split(b"\0") or f"{folder}/" in command
        if ours and command and state and state[1] != "Z":
            found[int(place.name)] = command
    return found
