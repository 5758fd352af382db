"""What is to be given to people, and what somebody left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from amends.core.assigning import Held
from amends.core.harm import Harm
from amends.core.values import Kind
from amends.store import arrays, at_work, case_rows, presence

PAGE = 200
MOST = 500

_BRANDS = """
SELECT id FROM store_brand b WHERE EXISTS (SELECT 1 FROM store_case c
    WHERE c.brand_id = b.id AND c.assignee_id IS NULL AND c.state = 'open' AND c.band >= 0)
ORDER BY id
"""


def brands() -> list[int]:
    """The brands in which somebody waits in a case that nobody has."""
    with connection.cursor() as cursor:
        cursor.execute(_BRANDS)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Nobodys:
    """A case that nobody has and in which somebody waits, as far as it says who could take it."""

    id: int
    channel: str
    kind: Kind
    lang: str
    urgent: frozenset[str]


_NOBODYS = """
SELECT c.id, c.channel, c.kind, c.lang, c.reasons FROM store_case c
WHERE c.brand_id = %s AND c.assignee_id IS NULL AND c.state = 'open' AND c.band >= 0
    AND c.clock_offset = '0' AND c.sends_open = 0
    AND NOT EXISTS (SELECT 1 FROM store_presence p
        WHERE p.case_id = c.id AND p.doing = 'answering' AND p.seen_at > %s)
ORDER BY c.band DESC, c.sort_at, c.id LIMIT %s OFFSET %s
"""


def nobodys(brand_id: int, now: datetime) -> Iterator[Nobodys]:
    """The cases to be given, the most urgent first; none of imported history, none that is being answered."""
    start = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NOBODYS, [brand_id, now - presence.LAPSES, PAGE, start])
            rows = cursor.fetchall()
        for case_id, channel, kind, lang, reasons in rows:
            urgent = Harm(0, case_rows.reasons(reasons)).urgent
            yield Nobodys(case_id, channel, Kind(kind), lang, urgent)
        if len(rows) < PAGE:
            return
        start += PAGE


_HAD = """
SELECT c.id, e.body->>'from', e.body->>'to' FROM store_case c
JOIN LATERAL (
    SELECT h.body FROM store_historycontent h JOIN store_historyentry e ON e.id = h.entry_id
    WHERE h.case_id = c.id AND e.action = 'assigned'
        AND e.at >= COALESCE(c.waiting_since, c.promised_at) + c.clock_offset
) AS e ON true
WHERE c.id = ANY(%s)
"""


def had(case_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Who has had each of these cases since the person waits."""
    people: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_HAD, [arrays.column(sorted(case_ids))])
        for case_id, *told in cursor.fetchall():
            people[case_id] |= {int(one) for one in told if one is not None}
    return {case_id: frozenset(them) for case_id, them in people.items()}


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who has open cases of a brand, and is away, out of sight, or does not work there any more."""

    brand_id: int
    person: int
    works: bool
    away_since: datetime | None
    seen_at: datetime | None


_GONE = """
SELECT b.id, u.id, m.id IS NOT NULL AND u.is_active, m.away_since, seen.seen_at
FROM store_brand b CROSS JOIN store_user u
LEFT JOIN store_membership m ON m.brand_id = b.id AND m.user_id = u.id
LEFT JOIN store_atwork seen ON seen.user_id = u.id
WHERE (m.id IS NULL OR NOT u.is_active OR m.away_since IS NOT NULL
        OR seen.seen_at IS NULL OR seen.seen_at <= %s)
    AND EXISTS (SELECT 1 FROM store_case c
        WHERE c.brand_id = b.id AND c.assignee_id = u.id AND c.state = 'open')
ORDER BY b.id, u.id
"""


def gone(now: datetime) -> list[Gone]:
    """Those whose cases may have to go back."""
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [now - at_work.LAPSES])
        return [Gone(*row) for row in cursor.fetchall()]


_LEFT = """
SELECT c.id, EXISTS (SELECT 1 FROM store_historycontent h JOIN store_historyentry e ON e.id = h.entry_id
        WHERE h.case_id = c.id AND h.person_id = c.assignee_id AND e.action <> 'assigned'),
    c.band >= 0,
    c.sends_open > 0 OR EXISTS (SELECT 1 FROM store_presence p WHERE p.case_id = c.id
        AND p.user_id = c.assignee_id AND p.doing = 'answering' AND p.seen_at > %s),
    (SELECT max(e.at) FROM store_historycontent h JOIN store_historyentry e ON e.id = h.entry_id
        WHERE h.case_id = c.id AND e.action = 'assigned')
FROM store_case c WHERE c.brand_id = %s AND c.assignee_id = %s AND c.state = 'open'
ORDER BY c.band DESC, c.sort_at, c.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Left:
    """A case that somebody has, and since when."""

    held: Held
    since: datetime | None


def left_by(one: Gone, now: datetime) -> list[Left]:
    """The open cases of somebody, the most urgent first."""
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [now - presence.LAPSES, one.brand_id, one.person, MOST])
        return [Left(Held(*row[:4]), row[4]) for row in cursor.fetchall()]
