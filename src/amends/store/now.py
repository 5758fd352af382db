"""A brand at this moment, for who supervises it: clocks, queue, people and load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from amends.core.priority import NOT_WAITING
from amends.core.values import Doing, Role, Severity
from amends.store import presence

HOURS = 6
SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What stands open in a part of the queue, and how its clocks stand; times are on our clock.

    Waiting is whoever is owed a word: an answer within its target or an update that was promised.
    """

    open: int = 0
    waiting: int = 0
    overdue: int = 0
    soon: int = 0
    promised: int = 0
    promised_overdue: int = 0
    with_customer: int = 0
    oldest: datetime | None = None
    worst: datetime | None = None
    """Since when somebody waits longest, and the target that was missed by most (or comes next)."""


NOTHING = Clocks()


@dataclass(frozen=True, slots=True)
class At:
    """A case that somebody has before them now."""

    case_id: int
    doing: Doing
    since: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the brand: where they are, what they have in hand, and when they last did something."""

    id: int
    name: str
    role: Role
    away_since: datetime | None
    at: tuple[At, ...]
    clocks: Clocks
    last_deed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: complaints that came in, the same hour a day and a week before, and answers by people."""

    begins: datetime
    complaints: int
    day_before: int
    week_before: int
    answers: int


@dataclass(frozen=True, slots=True)
class Now:
    """A brand at `at`. `bands` and `severities` are the queue twice, the worst first."""

    at: datetime
    clocks: Clocks
    snoozed: int
    unassigned: Clocks
    severities: Mapping[Severity, Clocks]
    bands: Mapping[int, Clocks]
    places: Mapping[tuple[str, str], Clocks]
    """By channel and language, most waiting first."""
    people: tuple[Person, ...]
    hours: tuple[Hour, ...]
    """The newest first."""
    oldest_case: int | None
    worst_case: int | None


# One walk over what is open; the rest is added up from what it found.
_QUEUE = """
WITH part AS MATERIALIZED (
    SELECT severity, band, channel, lang, assignee_id, count(*) AS open,
        count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting,
        count(*) FILTER (WHERE due_at + clock_offset <= %(now)s) AS overdue,
        count(*) FILTER (WHERE due_at + clock_offset > %(now)s AND due_at + clock_offset <= %(soon)s) AS soon,
        count(promised_until) AS promised,
        count(*) FILTER (WHERE promised_until + clock_offset <= %(now)s) AS promised_overdue,
        count(customer_since) AS with_customer,
        min(waiting_since + clock_offset) AS oldest,
        min(due_at + clock_offset) AS worst
    FROM store_case WHERE brand_id = %(brand)s AND state = 'open' GROUP BY 1, 2, 3, 4, 5
)
SELECT GROUPING(severity, band, channel, assignee_id), severity, band, channel, lang, assignee_id,
    COALESCE(sum(open), 0)::int, COALESCE(sum(waiting), 0)::int, COALESCE(sum(overdue), 0)::int,
    COALESCE(sum(soon), 0)::int, COALESCE(sum(promised), 0)::int, COALESCE(sum(promised_overdue), 0)::int,
    COALESCE(sum(with_customer), 0)::int, min(oldest), min(worst)
FROM part GROUP BY GROUPING SETS ((), (severity), (band), (channel, lang), (assignee_id))
"""
_WHOLE, _SEVERITY, _BAND, _PLACE, _PERSON = 0b1111, 0b0111, 0b1011, 0b1101, 0b1110
"""By which columns a row is not grouped, as GROUPING tells it."""
_THE_CASES = """
SELECT (SELECT id FROM store_case WHERE brand_id = %(brand)s AND state = 'open'
        AND waiting_since + clock_offset = %(oldest)s LIMIT 1),
    (SELECT id FROM store_case WHERE brand_id = %(brand)s AND state = 'open'
        AND due_at + clock_offset = %(worst)s LIMIT 1),
    (SELECT count(*) FROM store_case WHERE brand_id = %(brand)s AND state = 'snoozed')
"""


def now(brand_id: int, at: datetime) -> Now:
    """The brand at this moment. The caller has been through `access`."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"brand": brand_id, "now": at, "soon": at + SOON})
        parts = [(row[0], row[1:6], Clocks(*row[6:])) for row in cursor.fetchall()]
        whole = next(part for by, _, part in parts if by == _WHOLE)
        cursor.execute(_THE_CASES, {"brand": brand_id, "oldest": whole.oldest, "worst": whole.worst})
        oldest_case, worst_case, snoozed = cursor.fetchone()
    by_severity = {Severity(key[0]): part for by, key, part in parts if by == _SEVERITY}
    by_band = {key[1]: part for by, key, part in parts if by == _BAND and key[1] > NOT_WAITING}
    by_place = {(key[2], key[3]): part for by, key, part in parts if by == _PLACE}
    by_person = {key[4]: part for by, key, part in parts if by == _PERSON}
    return Now(
        at=at,
        clocks=whole,
        snoozed=snoozed,
        unassigned=by_person.get(None, NOTHING),
        severities=dict(sorted(by_severity.items(), key=lambda item: -item[0].level)),
        bands=dict(sorted(by_band.items(), reverse=True)),
        places=dict(sorted(by_place.items(), key=lambda item: (-item[1].waiting, item[0]))),
        people=_people(brand_id, by_person, at),
        hours=_hours(brand_id, at),
        oldest_case=oldest_case,
        worst_case=worst_case,
    )


_PEOPLE = """
SELECT u.id, COALESCE(NULLIF(u.name, ''), u.email), m.role, (m.away_since)::timestamptz, (
    SELECT e.at FROM store_historycontent h JOIN store_historyentry e ON e.id = h.entry_id
    WHERE h.person_id = u.id ORDER BY h.entry_id DESC LIMIT 1)
FROM store_membership m JOIN store_user u ON u.id = m.user_id AND u.is_active
WHERE m.brand_id = %s ORDER BY lower(u.name), u.id
"""


def _people(brand_id: int, clocks: Mapping[int | None, Clocks], at: datetime) -> tuple[Person, ...]:
    """Everybody of the brand: those who are at a case first, by what they do there."""
    there: dict[int, list[At]] = defaultdict(list)
    for (_, case_id), people in presence.in_brands([brand_id], at).items():
        for somebody in people:
            there[somebody.id].append(At(case_id, somebody.doing, somebody.since))
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [brand_id])
        rows = cursor.fetchall()
    found = [
        Person(
            row[0], row[1], Role(row[2]), row[3], tuple(there[row[0]]), clocks.get(row[0], NOTHING), row[4]
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda person: not person.at))


_HOURS = """
SELECT what, ago, count(*) FROM (
    SELECT 'complaints' || shift.days AS what,
        floor(extract(epoch FROM %(now)s - shift.span - p.posted_at) / 3600)::int AS ago
    FROM (VALUES (0, interval '0'), (1, interval '1 day'), (7, interval '7 days')) AS shift(days, span)
    JOIN store_post p ON p.brand_id = %(brand)s AND p.kind = 'complaint' AND p.direction = 'in'
        AND p.posted_at <= %(now)s - shift.span
        AND p.posted_at > %(now)s - shift.span - interval '1 hour' * %(hours)s
    UNION ALL
    SELECT 'answers', floor(extract(epoch FROM %(now)s - p.posted_at) / 3600)::int
    FROM store_post p WHERE p.brand_id = %(brand)s AND p.direction = 'out' AND NOT p.automatic
        AND p.posted_at <= %(now)s AND p.posted_at > %(now)s - interval '1 hour' * %(hours)s
) AS seen GROUP BY 1, 2
"""


def _hours(brand_id: int, at: datetime) -> tuple[Hour, ...]:
    """The last hours, each beginning so many hours ago; complaints are posts that were read as such."""
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, {"brand": brand_id, "now": at, "hours": HOURS})
        counted = {(what, ago): count for what, ago, count in cursor.fetchall()}
    return tuple(
        Hour(
            begins=at - timedelta(hours=ago + 1),
            complaints=counted.get(("complaints0", ago), 0),
            day_before=counted.get(("complaints1", ago), 0),
            week_before=counted.get(("complaints7", ago), 0),
            answers=counted.get(("answers", ago), 0),
        )
        for ago in range(HOURS)
    )
