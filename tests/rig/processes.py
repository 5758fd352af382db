"""Real processes of a test: started, told to end, killed, and gone when the test is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from amends.site.command import PARENT

T = TypeVar("T")
REPOSITORY = Path(__file__).parents[2]
AMENDS = [sys.executable, "-P", "-m", "amends.site.command"]
STOP_PATIENCE = 20.0


def until(
    found: Callable[[], T | None], seconds: float, what: str, instead: Callable[[], object] = lambda: ""
) -> T:
    """What `found` returns as soon as that is true; when it takes too long the test fails, with `instead`."""
    deadline = time.monotonic() + seconds
    while True:
        if result := found():
            return result
        assert time.monotonic() < deadline, f"After {seconds:.0f} s still not so: {what}. {instead()}"
        time.sleep(0.05)


@dataclass(slots=True)
class Running:
    """One process that we started; what it says is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass(slots=True)
class Processes:
    """Everything that one test started; all from the main thread, since they end with it."""

    logs: Path
    running: list[Running] = field(default_factory=list)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Running:
        log = self.logs / f"{len(self.running):03d}-{command[4] if len(command) > 4 else 'process'}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                env={**environment, PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                start_new_session=True,
            )
        started = Running(process, log)
        self.running.append(started)
        return started

    def said(self) -> str:
        """Everything that any of them said."""
        return "\n".join(f"== {each.log.name}\n{each.said()}" for each in self.running)

    def end(self) -> None:
        for each in self.running:
            if each.alive:
                each.process.send_signal(signal.SIGTERM)
        for each in self.running:
            try:
                each.process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                each.kill()


def children_of(pid: int) -> dict[int, str]:
    """The processes that `pid` started and that still live, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, ValueError):
            continue
        if parent == pid and words:
            found[int(folder.name)] = words
    return found
