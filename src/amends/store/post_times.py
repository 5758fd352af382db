"""The times of posts that come to be known later: told of by our server, seen by a person, answered.

None of them has an index: each is found by the post's id or by its case, and an index would cost every post
that comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from amends.store import arrays

_NOTICE = """
UPDATE store_post p SET claimed_at = p.posted_at, posted_at = LEAST(r.at, p.received_at - p.clock_offset)
FROM unnest(%s::bigint[], %s::timestamptz[]) AS r(id, at)
WHERE p.id = r.id AND p.claimed_at IS NULL AND p.answered_at IS NULL
  AND p.posted_at < LEAST(r.at, p.received_at - p.clock_offset)
RETURNING p.case_id
"""


def notice(told: Mapping[int, datetime]) -> set[int]:
    """Bound the times of stored posts (by id) by when our own server first told of them; returns the cases of
    those whose time moved.

    A time moves at most once, and not once the post was answered: so whatever order the network's tellings
    come in, the time is the same.
    """
    if not told:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_NOTICE, [arrays.column(list(told)), arrays.column(list(told.values()))])
        return {row[0] for row in cursor.fetchall() if row[0] is not None}


# What somebody else changes at this moment is left to the next sign of life, so that none ever waits.
_SAW = """
UPDATE store_post SET seen_at = %s WHERE id IN (
    SELECT id FROM store_post WHERE case_id = %s AND seen_at IS NULL AND direction = 'in'
    FOR NO KEY UPDATE SKIP LOCKED
)
"""


def saw(case_id: int, now: datetime) -> None:
    """A person has the case on screen: those of its posts that nobody had seen yet are seen now."""
    with connection.cursor() as cursor:
        cursor.execute(_SAW, [now, case_id])


_ANSWERED = """
WITH answer AS MATERIALIZED (
    SELECT k.id AS case_id, a.* FROM unnest(%s::bigint[]) AS k(id),
    LATERAL (
        SELECT posted_at, received_at, in_reply_to, COALESCE((
            SELECT s.written_at FROM store_send s
            WHERE s.case_id = k.id AND s.remote_id = store_post.remote_id LIMIT 1), received_at) AS written_at
        FROM store_post
        WHERE case_id = k.id AND direction = 'out' AND deleted_at IS NULL AND NOT automatic OFFSET 0
    ) AS a
), question AS MATERIALIZED (
    SELECT k.case_id, c.settled_until, c.settled_at, q.*
    FROM (SELECT DISTINCT case_id FROM answer) AS k LEFT JOIN store_case c ON c.id = k.case_id,
    LATERAL (
        SELECT id, remote_id, posted_at, received_at, clock_offset, answered_at, regrouped_at,
            unanswered_then
        FROM store_post
        WHERE case_id = k.case_id AND direction = 'in' AND wants_answer OFFSET 0
    ) AS q
), found AS (
    SELECT q.id, min(a.posted_at) AS at
    FROM question q JOIN answer a ON a.case_id = q.case_id AND a.posted_at >= q.posted_at
        AND (q.answered_at IS NULL OR a.posted_at < q.answered_at)
        AND (q.clock_offset <> '0' OR a.in_reply_to = q.remote_id OR a.received_at >= q.received_at)
        AND (q.regrouped_at IS NULL OR (q.unanswered_then AND a.received_at >= q.regrouped_at
             AND (a.in_reply_to = q.remote_id OR a.written_at > q.regrouped_at)))
        AND (q.posted_at > COALESCE(q.settled_until, '-infinity')
             OR (q.clock_offset = '0' AND q.received_at > q.settled_at) OR a.received_at <= q.settled_at)
    GROUP BY q.id
)
UPDATE store_post SET answered_at = found.at FROM found WHERE store_post.id = found.id
"""


def answered(case_ids: Iterable[int]) -> None:
    """Keep for each post of these cases that wanted an answer when the first answer to it was given.

    It is the rule of `store.case_facts.facts`: an answer ends the wait of what it could know of, and of the
    post that it stands under; what had been said to need none by then waited no more. An earlier answer
    that is heard of later counts, and an answer that is deleted was given all the same.
    """
    if ids := sorted(set(case_ids)):
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERED, [arrays.column(ids)])
