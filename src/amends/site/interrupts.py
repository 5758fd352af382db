"""Signals that end a command: at once, but never in the middle of work that must not be cut through.

An exception that a signal raises between two steps of psycopg leaves a connection of which no one can say
what it is doing; the error that follows would hide that somebody pressed ctrl-C.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_holding = False
_waits = False
_asked: int | None = None


def obey() -> None:
    """From now on SIGINT raises KeyboardInterrupt and SIGTERM SystemExit, in the main thread.

    A SIGINT that whoever started us has shut off stays so.
    """
    signal.signal(signal.SIGTERM, _asked_to_end)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _asked_to_end)


@contextmanager
def held() -> Iterator[None]:
    """Let the block come to its end before a signal ends the command; a second signal does at once."""
    global _holding, _waits
    _holding = True
    try:
        yield
    finally:
        _holding = False
    if _waits and _asked is not None:
        _waits = False
        raise _end(_asked)


def code() -> int | None:
    """The exit code of a command that was asked to end, None when it was not."""
    return None if _asked is None else 128 + _asked


def _asked_to_end(number: int, _frame: FrameType | None) -> None:
    global _asked, _waits
    _asked = number
    if _holding and not _waits:
        _waits = True
    else:
        _waits = False
        raise _end(number)


def _end(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
