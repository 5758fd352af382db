"""The rows of posts: stored as they came, labelled once they were read. One array a column, which PostgreSQL
reads four times as fast as the same rows in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from amends.core.values import Severity
from amends.store import arrays
from amends.store.posts import Key


class Labels(NamedTuple):
    """What was read in a post and the case it belongs to, as the columns hold it; `labels` is JSON."""

    read_at: datetime | None
    lang: str
    case_id: int | None
    model: str = ""
    complaint: float | None = None
    is_complaint: bool = False
    kind: str = ""
    severity: str = Severity.NONE
    labels: str = "{}"
    wants_answer: bool = False


class NewPost(NamedTuple):
    """A post to store, as its columns hold it; what was read in it comes beside it."""

    channel: str
    remote_id: str
    account_id: int | None
    author_id: int
    conversation_id: int
    direction: str
    visibility: str
    text: str
    url: str
    in_reply_to: str
    posted_at: datetime
    claimed_at: datetime | None
    received_at: datetime
    clock_offset: str
    edited_at: datetime | None
    automatic: bool = False


_LABELS = {
    "read_at": "timestamptz",
    "lang": "text",
    "case_id": "bigint",
    "model": "text",
    "complaint": "float8",
    "is_complaint": "boolean",
    "kind": "text",
    "severity": "text",
    "labels": "jsonb",
    "wants_answer": "boolean",
}
_POST = {
    "channel": "text",
    "remote_id": "text",
    "account_id": "bigint",
    "author_id": "bigint",
    "conversation_id": "bigint",
    "direction": "text",
    "visibility": "text",
    "text": "text",
    "url": "text",
    "in_reply_to": "text",
    "posted_at": "timestamptz",
    "claimed_at": "timestamptz",
    "received_at": "timestamptz",
    "clock_offset": "interval",
    "edited_at": "timestamptz",
    "automatic": "boolean",
}


def _rows(columns: Mapping[str, str]) -> str:
    """Arrays, one a column, as the rows of a table."""
    arrays_of = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    return f"unnest({arrays_of}) AS r({', '.join(columns)})"


_NAMES = ", ".join([*_POST, *_LABELS])
_INSERT = (
    f"INSERT INTO store_post (brand_id, version, {_NAMES}) SELECT %s, 1, {_NAMES} "  # noqa: S608
    f"FROM {_rows(_POST | _LABELS)} RETURNING channel, remote_id, id"
)


def insert(brand_id: int, rows: Sequence[tuple[NewPost, Labels]]) -> dict[Key, int]:
    """Store new posts; returns their ids."""
    if not rows:
        return {}
    columns = zip(*[post + labels for post, labels in rows], strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [brand_id, *map(arrays.column, columns)])
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


_READ = (
    f"UPDATE store_post SET {', '.join(f'{name} = r.{name}' for name in _LABELS)} "  # noqa: S608
    f"FROM {_rows({'id': 'bigint'} | _LABELS)} WHERE store_post.id = r.id"
)


def label(rows: Sequence[tuple[int, Labels]]) -> None:
    """Store what was read in posts, given by id, that are stored already, and the case they joined."""
    if rows:
        columns = zip(*[(post_id, *labels) for post_id, labels in rows], strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_READ, list(map(arrays.column, columns)))
