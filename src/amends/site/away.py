"""When the database is away: how to tell, and one line in the log in place of many stack traces."""

from __future__ import annotations

import logging

import psycopg

QUIET = 10.0
"""Seconds in which a process says no second time that the database is away."""
_STATES = ("08", "57P", "53300")
"""Connection trouble, a server that ends or starts, and one that takes no more connections."""


def is_away(error: BaseException | None) -> bool:
    """Whether it was the connection to the database that failed, not what was asked of it."""
    while error is not None and not isinstance(error, psycopg.Error):
        error = error.__cause__
    if isinstance(error, psycopg.InterfaceError):
        return True
    return isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08").startswith(_STATES)


class OnceAway(logging.Filter):
    """Lets one line through, and no stack trace, for all that fails while the database is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is worth saying; it is put in plain words where the database is its cause."""
        if not record.exc_info or not is_away(record.exc_info[1]):
            return True
        if record.created - self._said < QUIET:
            return False
        self._said = record.created
        record.levelname, record.levelno = "WARNING", logging.WARNING
        record.msg, record.args = "The database is away; whoever asks is told to try again.", None
        record.exc_info = record.exc_text = None
        return True
