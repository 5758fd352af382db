"""Who is at work, and what the desk goes by when it gives cases to people.

Somebody is there while the desk has signs of them: pages they ask for, the open line of a window. Whoever has
the line says so again and again; when that process is killed, all of whom it told lapse.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from amends.core.assigning import Colleague
from amends.store import arrays

LAPSES = timedelta(minutes=3)
"""Whoever has not been seen for so long is not there any more."""

_SEEN = """
INSERT INTO store_atwork (user_id, seen_at) SELECT id, %s FROM store_user WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (user_id) DO UPDATE SET seen_at = excluded.seen_at WHERE store_atwork.seen_at < excluded.seen_at
"""


def seen(user_ids: Iterable[int], now: datetime) -> None:
    """There is a sign of these people."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [now, arrays.column(sorted(set(user_ids)))])


_HOLD = "SELECT id FROM store_membership WHERE brand_id = %s ORDER BY id FOR NO KEY UPDATE"
_TEAM = """
SELECT m.user_id, COALESCE(seen.seen_at > %s, false), m.away_since IS NOT NULL, m.languages, m.skills,
    m.case_limit, (SELECT count(*) FROM store_case c
        WHERE c.brand_id = m.brand_id AND c.assignee_id = m.user_id AND c.state = 'open'), m.last_given_at
FROM store_membership m JOIN store_user u ON u.id = m.user_id AND u.is_active
LEFT JOIN store_atwork seen ON seen.user_id = m.user_id
WHERE m.brand_id = %s ORDER BY m.id
"""


def held_team(brand_id: int, now: datetime) -> list[Colleague]:
    """Who works for a brand, as they are now; their rows are held until the transaction ends.

    Held by one statement and read by the next, so that what another one gave meanwhile is counted. The caller
    holds the brand (`pipeline.standing`), and no case yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [brand_id])
        cursor.execute(_TEAM, [now - LAPSES, brand_id])
        return [_colleague(*row) for row in cursor.fetchall()]


def _colleague(user_id: int, present: bool, away: bool, languages: Any, skills: Any, *rest: Any) -> Colleague:
    return Colleague(user_id, present, away, frozenset(_words(languages)), frozenset(_words(skills)), *rest)


def _words(told: str | list[str]) -> list[str]:
    words: list[str] = json.loads(told) if isinstance(told, str) else told
    return words


def given(brand_id: int, at: dict[int, datetime]) -> None:
    """These people were given a case; for who holds their rows."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_membership SET last_given_at = %s WHERE brand_id = %s AND user_id = %s",
            [(when, brand_id, user_id) for user_id, when in sorted(at.items())],
        )


@dataclass(frozen=True, slots=True)
class Working:
    """Somebody of a brand as the team sees them; `member` is the membership."""

    member: int
    person: int
    name: str
    role: str
    is_active: bool
    present: bool
    seen_at: datetime | None
    away_since: datetime | None
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    case_limit: int | None
    open_cases: int


_WORKING = """
SELECT m.id, u.id, COALESCE(NULLIF(u.name, ''), u.email), m.role, u.is_active,
    COALESCE(u.is_active AND seen.seen_at > %s, false), seen.seen_at, m.away_since, m.languages, m.skills,
    m.case_limit, (SELECT count(*) FROM store_case c
        WHERE c.brand_id = m.brand_id AND c.assignee_id = m.user_id AND c.state = 'open')
FROM store_membership m JOIN store_user u ON u.id = m.user_id
LEFT JOIN store_atwork seen ON seen.user_id = m.user_id
WHERE m.brand_id = ANY(%s) ORDER BY lower(u.name), m.id
"""


def of(brand_ids: Collection[int], now: datetime) -> list[Working]:
    """Everybody who works for these brands, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKING, [now - LAPSES, arrays.column(sorted(brand_ids))])
        rows = cursor.fetchall()
    return [_working(*row) for row in rows]


def _working(*row: Any) -> Working:
    (*who, languages, skills, case_limit, open_cases) = row
    facts: tuple[Any, ...] = (*who, tuple(_words(languages)), tuple(_words(skills)), case_limit, open_cases)
    return Working(*facts)
