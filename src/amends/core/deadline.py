"""When a promise falls due, and how long somebody has waited: working time along a calendar.

Time is counted as it elapses, so that a span on the day the clocks change is as long as it really is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from amends.core.hours import Calendar, Stretch

_LONGEST_SEARCH = timedelta(days=366 * 2)
_A_DAY = timedelta(days=1)
_ZERO = timedelta(0)
_EVER = datetime.max.replace(tzinfo=UTC)


def after(
    start: datetime, allowed: timedelta, calendar: Calendar | None, pauses: Collection[Stretch] = ()
) -> datetime:
    """The first instant (UTC) at which `allowed` time has passed since `start`, counting open time only.

    Without a calendar every minute counts. In `pauses` (from, until) the clock stands; they may overlap.
    Raises ValueError when two years, pauses apart, do not hold so much open time.
    """
    begin, left = start.astimezone(UTC), allowed
    if left <= _ZERO:
        return begin
    if calendar is None and not pauses and left <= _EVER - begin:
        return begin + left
    search = _LONGEST_SEARCH
    for runs, stands in _running(begin, _EVER, pauses):
        until = min(stands, runs + search) if calendar is not None else stands
        for opens, closes in _open(runs, until, calendar):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        search -= until - runs
        if search <= _ZERO:
            break
    raise ValueError("the target does not fit into two years of opening hours")


def elapsed(
    start: datetime, end: datetime, calendar: Calendar | None, pauses: Collection[Stretch] = ()
) -> timedelta:
    """How much time has passed from `start` to `end` as `after` counts it; nothing when `end` is earlier."""
    passed = _ZERO
    for runs, stands in _running(start.astimezone(UTC), end.astimezone(UTC), pauses):
        for opens, closes in _open(runs, stands, calendar):
            passed += closes - opens
    return passed


def _running(start: datetime, end: datetime, pauses: Collection[Stretch]) -> Iterable[Stretch]:
    """The stretches between two instants that are in no pause, in order."""
    if not pauses:
        return ((start, end),) if start < end else ()
    return _but_for(sorted(pauses), start, end)


def _but_for(pauses: Sequence[Stretch], start: datetime, end: datetime) -> Iterator[Stretch]:
    begin = start
    for stands, goes_on in pauses:
        if stands >= end:
            break
        if goes_on <= max(begin, stands):
            continue
        if begin < stands:
            yield begin, stands.astimezone(UTC)
        begin = goes_on.astimezone(UTC)
    if begin < end:
        yield begin, end


def _open(begin: datetime, end: datetime, calendar: Calendar | None) -> Iterator[Stretch]:
    """The open stretches between two instants, in order, none overlapping another."""
    if calendar is None:
        yield begin, end
        return
    day, last = begin.date(), end.date()
    while day <= last:
        for opens, closes in calendar.open_on(day):
            if closes > begin and opens < end:
                yield opens if opens > begin else begin, closes if closes < end else end
        day += _A_DAY
