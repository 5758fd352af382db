"""Who holds which stream: locks of the database, which end with the connection of whoever holds them.

So no stream is held twice, and when a worker dies its streams are free at once. A lock of another kind says
that a stream is open now, so that polls may come less often.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import psycopg
from django.db import connection

HELD, OPEN = "amends stream", "amends stream open"
KEEPALIVE: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A database server that is gone must be noticed, or two would hold one stream for long."""

_OPEN_NOW = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 2 AND classid = hashtext(%s)::oid AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def open_now() -> set[int]:
    """The accounts of which some worker has a stream open."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_NOW, [OPEN])
        return {row[0] for row in cursor.fetchall()}


class Held:
    """The streams that this process holds, over a connection of its own that no pooler may share."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._connection = psycopg.connect(**{**KEEPALIVE, **parameters}, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def check(self) -> None:
        """Raises psycopg's OperationalError when everything held was lost with the connection."""
        self._connection.execute("SELECT 1")

    def take(self, account_id: int) -> bool:
        """Whether the account's stream is ours from now on; to be asked only while it is not."""
        return self._lock("pg_try_advisory_lock", HELD, account_id)

    def leave(self, account_id: int) -> None:
        """Let another process have it."""
        self._lock("pg_advisory_unlock", HELD, account_id)

    def opened(self, account_id: int) -> None:
        """The stream is open."""
        self._lock("pg_try_advisory_lock", OPEN, account_id)

    def closed(self, account_id: int) -> None:
        """It is open no more; to be said once for each time that it was opened."""
        self._lock("pg_advisory_unlock", OPEN, account_id)

    def _lock(self, function: str, kind: str, account_id: int) -> bool:
        row = self._connection.execute(
            f"SELECT {function}(hashtext(%s), %s::int)".encode(), [kind, account_id]
        ).fetchone()
        return bool(row and row[0])
