"""Working time counted slowly and obviously: walk, and at each step look at the clock on the wall."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from amends.core.hours import OpeningHours, Span

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Pauses = Sequence[tuple[datetime, datetime]]


@cache
def is_holiday(day: date, country: str, subdivision: str | None) -> bool:
    return day in country_holidays(country, subdiv=subdivision)


def spans_of(day: date, hours: OpeningHours) -> Sequence[Span]:
    for special in hours.special_days:
        if special.date == day:
            return special.spans
    if any(is_holiday(day, closed.country, closed.subdivision) for closed in hours.holidays):
        return ()
    spans: Sequence[Span] = getattr(hours, WEEKDAYS[day.weekday()])
    return spans


def runs_at(at: datetime, hours: OpeningHours | None, zone: ZoneInfo, pauses: Pauses) -> bool:
    if any(begin <= at < end for begin, end in pauses):
        return False
    if hours is None:
        return True
    local = at.astimezone(zone)
    return any(
        span.opens <= local.time() and (span.closes == time(0) or local.time() < span.closes)
        for span in spans_of(local.date(), hours)
    )


def after(
    start: datetime,
    steps: int,
    hours: OpeningHours | None,
    zone: ZoneInfo,
    pauses: Pauses = (),
    *,
    step: timedelta = MINUTE,
    most: int = 60_000,
) -> datetime | None:
    """When so many steps have been counted; None when that is further off than `most` steps."""
    at, left = start.astimezone(UTC), steps
    for _ in range(most):
        if not left:
            return at
        left -= runs_at(at, hours, zone, pauses)
        at += step
    return None


def elapsed(
    start: datetime,
    end: datetime,
    hours: OpeningHours | None,
    zone: ZoneInfo,
    pauses: Pauses = (),
    *,
    step: timedelta = MINUTE,
) -> timedelta:
    at, counted = start.astimezone(UTC), timedelta(0)
    while at < end:
        counted += step * runs_at(at, hours, zone, pauses)
        at += step
    return counted
