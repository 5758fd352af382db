"""Posts that are to be looked at again on their network, where nobody tells us of edits and deletions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from amends.core.values import Direction, Visibility
from amends.store import arrays

Span = tuple[datetime, datetime]
"""A stretch of time, without its beginning and with its end."""


@dataclass(frozen=True, slots=True)
class Post:
    """What must be known of a post to tell whether it has changed."""

    remote_id: str
    author_id: str
    posted_at: datetime
    direction: Direction
    visibility: Visibility
    edited_at: datetime | None


_COLUMNS = "p.remote_id, a.remote_id, p.posted_at, p.direction, p.visibility, p.edited_at"
_POSTED_WITHIN = f"""
SELECT {_COLUMNS} FROM unnest(%s::timestamptz[], %s::timestamptz[]) AS span(start, stop),
LATERAL (
    SELECT * FROM store_post
    WHERE brand_id = %s AND posted_at > span.start AND posted_at <= span.stop
      AND account_id = %s AND deleted_at IS NULL
    ORDER BY posted_at DESC LIMIT %s
) AS p JOIN store_author a ON a.id = p.author_id ORDER BY p.posted_at DESC, p.id DESC LIMIT %s
"""  # noqa: S608 - constants only
_NAMED = f"""
SELECT {_COLUMNS} FROM unnest(%s::text[]) AS k(remote_id),
LATERAL (
    SELECT * FROM store_post WHERE brand_id = %s AND channel = %s AND remote_id = k.remote_id LIMIT 1
) AS p JOIN store_author a ON a.id = p.author_id WHERE p.deleted_at IS NULL
"""  # noqa: S608 - constants only


def posted_within(brand_id: int, account_id: int, spans: Sequence[Span], limit: int) -> list[Post]:
    """Posts of an account that were posted in one of these stretches of time, the newest first."""
    starts, stops = zip(*spans, strict=True)
    values = [list(starts), list(stops), brand_id, account_id, limit, limit]
    return _posts(_POSTED_WITHIN, values)


def named(brand_id: int, channel: str, remote_ids: Collection[str]) -> list[Post]:
    """Those of these posts that the desk has and that still stand."""
    return _posts(_NAMED, [arrays.texts(list(remote_ids)), brand_id, channel])


def _posts(statement: str, values: Sequence[Any]) -> list[Post]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [
            Post(row[0], row[1], row[2], Direction(row[3]), Visibility(row[4]), row[5])
            for row in cursor.fetchall()
        ]
