"""What goes on around cases whose time has come: who has touched them, and how a holding reply would go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from amends.store import arrays, presence
from amends.store.persons import accounts_of

_TOUCHED = """
SELECT c.id FROM store_case c WHERE c.id = ANY(%s) AND c.assignee_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM store_historycontent h JOIN store_historyentry e ON e.id = h.entry_id
    WHERE h.case_id = c.id AND h.person_id = c.assignee_id AND e.action <> 'assigned'
        AND e.at >= COALESCE(c.waiting_since, c.promised_at) + c.clock_offset)
"""
_HELD = f"""
SELECT c.id, oldest.id, oldest.account_id IS NOT NULL, answers.last, holds.last,
    EXISTS (SELECT 1 FROM store_presence at JOIN store_case o ON o.id = at.case_id
        WHERE o.author_id = ANY(people.accounts) AND at.doing = 'answering' AND at.seen_at > %s)
    OR EXISTS (SELECT 1 FROM store_send s JOIN store_case o ON o.id = s.case_id
        WHERE o.author_id = ANY(people.accounts) AND s.state IN ('planned', 'sending', 'unknown'))
FROM store_case c
CROSS JOIN LATERAL (SELECT {accounts_of("c.author_id")} AS accounts OFFSET 0) AS people
CROSS JOIN LATERAL (
    SELECT p.id, p.account_id FROM store_post p
    WHERE p.case_id = c.id AND p.direction = 'in' AND p.wants_answer AND p.deleted_at IS NULL
        AND p.posted_at >= c.waiting_since
    ORDER BY p.posted_at, p.id LIMIT 1
) AS oldest
CROSS JOIN LATERAL (
    SELECT max(a.posted_at) AS last FROM store_post a JOIN store_case o ON o.id = a.case_id
    WHERE o.author_id = ANY(people.accounts) AND a.direction = 'out' AND a.deleted_at IS NULL
        AND NOT a.automatic
) AS answers
CROSS JOIN LATERAL (
    SELECT max(s.written_at) AS last FROM store_send s JOIN store_case o ON o.id = s.case_id
    WHERE o.author_id = ANY(people.accounts) AND s.automatic AND s.state <> 'refused'
) AS holds
WHERE c.id = ANY(%s)
"""  # noqa: S608 - constants only


def touched(case_ids: Collection[int]) -> frozenset[int]:
    """Those whose assignee has done something in them since the person waits, beyond being given them."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [arrays.column(sorted(case_ids))])
        return frozenset(row[0] for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of the person of a case: the post that waits longest, and of all their cases the rest.

    `answered_at` is our last answer by a person, `held_at` our last holding reply that was not refused.
    """

    post: int
    wrote_to_us: bool
    answered_at: datetime | None
    held_at: datetime | None
    answering: bool


def people(case_ids: Collection[int], now: datetime) -> dict[int, Person]:
    """The people who wait in these cases, by case; none for a case whose waiting posts are all deleted."""
    if not case_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [now - presence.LAPSES, arrays.column(sorted(case_ids))])
        return {row[0]: Person(*row[1:]) for row in cursor.fetchall()}
