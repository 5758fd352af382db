"""Posts and answers moved from one case to another; the caller holds the brand's lock and both cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from amends.store import arrays

_UNSETTLED = "state IN ('planned', 'sending', 'unknown')"


def move_all(case_id: int, into: int) -> tuple[int, ...]:
    """All posts and answers of a case become another's; returns the ids of the person's posts among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_post SET case_id = %s WHERE case_id = %s RETURNING id, direction", [into, case_id]
        )
        moved = sorted(row[0] for row in cursor.fetchall() if row[1] == "in")
        cursor.execute("UPDATE store_send SET case_id = %s WHERE case_id = %s", [into, case_id])
    return tuple(moved)


_CHOSEN = """
SELECT p.id, p.channel, p.author_id, p.conversation_id FROM store_post p
WHERE p.case_id = %s AND p.direction = 'in' AND p.id = ANY(%s) ORDER BY p.posted_at, p.id
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Posts of the person that are to leave their case: the ids, and where the earliest stands."""

    posts: tuple[int, ...]
    channel: str
    author_id: int
    conversation_id: int


def chosen(case_id: int, post_ids: Sequence[int]) -> Chosen | None:
    """Those of the posts that a person wrote in this case, in their order; None if there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, [case_id, arrays.column(sorted(set(post_ids)))])
        rows = cursor.fetchall()
    return Chosen(tuple(row[0] for row in rows), *rows[0][1:]) if rows else None


_MOVE = """
WITH picked AS (SELECT id, brand_id, channel, remote_id FROM store_post WHERE id = ANY(%s))
UPDATE store_post SET case_id = %s
WHERE case_id = %s AND (id IN (SELECT id FROM picked) OR (direction = 'out'
    AND (brand_id, channel, in_reply_to) IN (SELECT brand_id, channel, remote_id FROM picked)))
"""


def move(post_ids: Sequence[int], case_id: int, into: int) -> None:
    """These posts, our answers under them, and those on their way to them, become another case's."""
    ids = arrays.column(post_ids)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [ids, into, case_id])
        cursor.execute(
            "UPDATE store_send SET case_id = %s WHERE case_id = %s AND to_post_id = ANY(%s)",
            [into, case_id, ids],
        )


def sends_open(case_ids: Sequence[int]) -> dict[int, int]:
    """How many answers of each case are on their way or of unknown fate."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.id, (SELECT count(*) FROM store_send WHERE case_id = k.id AND {_UNSETTLED}) "  # noqa: S608
            "FROM unnest(%s::bigint[]) AS k(id)",
            [arrays.column(case_ids)],
        )
        return dict(cursor.fetchall())
