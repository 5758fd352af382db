"""The processes that `amends serve` looks after: started, started again when they die, ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from amends.site.command import PARENT

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_AFTER = 30.0
"""Seconds of life after which the next death counts as the first again."""
GRACE = 4.0
"""Seconds for a clean end; then the kernel ends what is left. What is cut off is found again by its row."""


def amends(*words: str) -> list[str]:
    """A command line that runs this very Amends; `-P` since the working folder may be anybody's."""
    return [sys.executable, "-P", "-m", "amends.site.command", *words]


@dataclass(slots=True)
class Child:
    """One process that is to live as long as we do."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    say: Callable[[str], None]
    quiet: bool = False
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    began: float = 0.0
    again_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it, out of reach of the terminal's ctrl-C: we tell it ourselves when to end."""
        self.process = spawn(self.command, self.environment, subprocess.DEVNULL if self.quiet else None)
        self.began = time.monotonic()

    def look_after(self) -> None:
        """Start it again when it has died, after a pause that grows while it keeps dying."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self.process = None
            if time.monotonic() - self.began > HEALTHY_AFTER:
                self.pause = FIRST_PAUSE
            self.say(f"{self.name} ended ({_ending(code)}); it is started again in {self.pause:.0f} s.")
            self.again_at = time.monotonic() + self.pause
            self.pause = min(LONGEST_PAUSE, self.pause * 2)
        elif time.monotonic() >= self.again_at:
            self.start()

    @property
    def dead(self) -> bool:
        """Whether it does not run now."""
        return self.process is None or self.process.poll() is not None


def spawn(
    command: Sequence[str], environment: Mapping[str, str], stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that ends when we do; what it says goes to our standard error."""
    return subprocess.Popen(
        command,
        env={**environment, PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno() if stdout is None else stdout,
        start_new_session=True,
    )


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End them all, cleanly if they can within the grace."""
    living = [process for process in processes if process.poll() is None]
    for process in living:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + GRACE
    for process in living:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
