"""Who is at which case and what they do there, as far as they said so within the last moments.

Every change is told to open screens with its commit. Nothing here decides anything: two may answer at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from amends.core.values import Doing
from amends.store import live, post_times

LAPSES = timedelta(seconds=45)
"""Whoever has not been heard of for so long is not there any more."""
MOST_PLACES = 20
"""Windows of one person that are kept in mind."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person at a case, with the most that they do there in any of their windows."""

    id: int
    name: str
    doing: Doing
    since: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One window, or whatever else somebody has a case before them in; `stream` is what it hears by."""

    user_id: int
    name: str
    stream: str = ""


_BEFORE = """
SELECT brand_id, case_id, doing, seen_at > %s FROM store_presence WHERE user_id = %s AND place = %s FOR UPDATE
"""
_PUT = """
INSERT INTO store_presence (user_id, place, brand_id, case_id, doing, stream, since, seen_at)
VALUES (%(user)s, %(place)s, %(brand)s, %(case)s, %(doing)s, %(stream)s, %(now)s, %(now)s)
ON CONFLICT (user_id, place) DO UPDATE SET brand_id = excluded.brand_id, case_id = excluded.case_id,
    doing = excluded.doing, stream = excluded.stream, seen_at = excluded.seen_at,
    since = CASE WHEN %(changed)s THEN excluded.since ELSE store_presence.since END
"""
_FORGET = """
DELETE FROM store_presence WHERE id IN (
    SELECT id FROM store_presence WHERE user_id = %s ORDER BY seen_at DESC OFFSET %s
) RETURNING brand_id, case_id
"""


def put(place: Place, brand_id: int, case_id: int, doing: Doing, now: datetime) -> None:
    """Somebody has this case before them and does this; a sign of life that changes nothing tells nobody.

    Posts of the case that nobody had on screen until now are seen with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BEFORE, [now - LAPSES, place.user_id, place.name])
        before = cursor.fetchone()
        changed = before is None or before != (brand_id, case_id, doing.value, True)
        values: dict[str, int | str | bool | datetime] = {
            "user": place.user_id,
            "place": place.name,
            "brand": brand_id,
            "case": case_id,
            "doing": doing.value,
            "stream": place.stream,
            "now": now,
            "changed": changed,
        }
        cursor.execute(_PUT, values)
        post_times.saw(case_id, now)
        if not changed:
            return
        left = {(before[0], before[1])} if before else set()
        cursor.execute(_FORGET, [place.user_id, MOST_PLACES])
        _tell({(brand_id, case_id), *left, *cursor.fetchall()})


def leave(user_id: int, place: str) -> None:
    """Somebody has no case before them there any more."""
    _remove("user_id = %s AND place = %s", [user_id, place])


def streams_ended(streams: Collection[str]) -> None:
    """Whoever heard by these streams has left."""
    _remove("stream = ANY(%s)", [sorted(streams)])


def forget(before: datetime) -> None:
    """Drop what has lapsed long ago; nobody counts it any more."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_presence WHERE seen_at < %s", [before])


def _remove(which: str, values: list[object]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM store_presence WHERE {which} RETURNING brand_id, case_id",  # noqa: S608 - constants only
            values,  # type: ignore[arg-type]
        )
        _tell(set(cursor.fetchall()))


def _tell(cases: Iterable[tuple[int, int]]) -> None:
    for brand_id, case_id in sorted(cases):
        live.tell_present(brand_id, case_id)


_AT = """
SELECT p.brand_id, p.case_id, p.user_id, COALESCE(NULLIF(u.name, ''), u.email), p.doing, p.since
FROM store_presence p JOIN store_user u ON u.id = p.user_id AND u.is_active
JOIN store_membership m ON m.user_id = p.user_id AND m.brand_id = p.brand_id
WHERE p.seen_at > %s AND {which} ORDER BY p.since, p.id LIMIT 5000
"""
Cases = dict[tuple[int, int], tuple[Somebody, ...]]
"""Who is there, by brand and case."""


def in_brands(brand_ids: Collection[int], now: datetime) -> Cases:
    """Everybody at any case of these brands."""
    return _at("p.brand_id = ANY(%s)", sorted(brand_ids), now)


def at(case_id: int, now: datetime) -> tuple[Somebody, ...]:
    """Everybody at one case."""
    return next(iter(_at("p.case_id = %s", case_id, now).values()), ())


def _at(which: str, value: int | list[int], now: datetime) -> Cases:
    with connection.cursor() as cursor:
        cursor.execute(_AT.format(which=which), [now - LAPSES, value])
        rows = cursor.fetchall()
    found: dict[tuple[int, int], dict[int, Somebody]] = defaultdict(dict)
    for brand_id, case_id, user_id, name, doing, since in rows:
        people, somebody = found[brand_id, case_id], Somebody(user_id, name, Doing(doing), since)
        known = people.get(user_id)
        if known is None or _MORE.index(known.doing) < _MORE.index(somebody.doing):
            people[user_id] = somebody
    return {case: tuple(people.values()) for case, people in found.items()}


_MORE = tuple(Doing)
"""From the least to the most."""
