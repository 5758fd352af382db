"""When a promise falls due: working time counted along a brand's opening hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from amends.core.policy import OpeningHours

_LONGEST_SEARCH = timedelta(days=366 * 2)


def after(start: datetime, allowed: timedelta, hours: OpeningHours | None, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which `allowed` time has passed since `start`, counting open time only.

    Without opening hours every minute counts. Time is counted as it elapses, so that a span on the day
    the clocks change is as long as it really is.
    """
    if hours is None:
        return start.astimezone(UTC) + allowed
    left = allowed
    for opens, closes in _spans_from(start, hours, zone):
        begin = max(opens, start)
        if closes <= begin:
            continue
        if closes - begin >= left:
            return begin + left
        left -= closes - begin
    raise ValueError("the target does not fit into two years of opening hours")


def _spans_from(start: datetime, hours: OpeningHours, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = day + _LONGEST_SEARCH
    while day <= last:
        for span in hours.on(day.weekday()):
            closing_day = day + timedelta(days=1) if span.closes == time(0) else day
            yield _instant(day, span.opens, zone), _instant(closing_day, span.closes, zone)
        day += timedelta(days=1)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
