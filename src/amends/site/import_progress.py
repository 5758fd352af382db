"""What an import says while it runs: on a terminal one line that changes, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time

_OFTEN, _SELDOM = 1.0, 5.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Says how far an import is, not more often than is useful."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name = name
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._started = self._said = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._started

    def looked_at(self, lines: int) -> None:
        """The first look at the file has come so far."""
        if self._is_time():
            self._say(f"{self._name}: looked at {lines:,} lines")

    def received(self, done: int, of: int, taken: int) -> None:
        """So many lines are received, so many of them taken in."""
        if not self._is_time():
            return
        if done >= of:
            self._say(f"{self._name}: all {of:,} lines received, {max(0, of - taken):,} being taken in")
            return
        rate = done / max(self.seconds, 0.001)
        left = (of - done) / max(rate, 0.001)
        share = 100 * done // max(of, 1)
        self._say(
            f"{self._name}: {done:,} of {of:,} lines ({share} %), {rate:,.0f} a second, "
            f"about {_duration(left)} left"
        )

    def end(self) -> None:
        """Leave the terminal as a line that something else can follow."""
        if self._terminal and not self._quiet:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _is_time(self) -> bool:
        now = time.monotonic()
        if self._quiet or now - self._said < (_OFTEN if self._terminal else _SELDOM):
            return False
        self._said = now
        return True

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{_CLEAR}{text}" if self._terminal else f"{text}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
