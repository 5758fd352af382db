"""The order of the inbox: harm of waiting first, time left within it, and a floor so that nothing starves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.core.harm import Harm, words

NOT_WAITING = -1
BANDS = 10
A_BAND = 100
"""Points of harm that make a band: those in one band wait in the order of their targets."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands: higher `band` first, then earlier `sort_at`; time alone lifts it at `lift_at`."""

    band: int
    sort_at: datetime
    lift_at: datetime | None


def band(points: int) -> int:
    """The band of so many points of harm, from 0 up to `BANDS - 1`."""
    return max(0, min(BANDS - 1, points // A_BAND))


def rank(points: int, due_at: datetime, listed_at: datetime, now: datetime, lift_after: timedelta) -> Place:
    """The place of a case that waits, in the list since `listed_at`: the band of its harm, then `due_at`.

    Each `lift_after` over its target lifts it one band, up to the top, so that whoever waits is at the top
    `(BANDS - 1) * lift_after` after the target at the latest. What it waited before it was in the list
    does not count, so that imported history does not bury what is severe. Nothing but `lift_at` changes
    the place unless the case changes.
    """
    first, late_since = band(points), max(due_at, listed_at)
    lifts = max(timedelta(0), now - late_since) // lift_after
    if first + lifts >= BANDS - 1:
        return Place(BANDS - 1, due_at, None)
    return Place(first + lifts, due_at, late_since + (lifts + 1) * lift_after)


def explain(
    harm: Harm, stands_in: int, due_at: datetime | None, now: datetime, *, promised: bool = False
) -> tuple[str, ...]:
    """In words, why a case of this harm stands in the band `stands_in`: the strongest reason first.

    A lift counts as much as the harm that it makes up for; the time left or over, of the target or of the
    update that was `promised`, is the last line.
    """
    if due_at is None:
        return ("Nobody waits for an answer.",)
    lines = [(reason.points, words(reason)) for reason in harm.reasons]
    if (lifts := stands_in - band(harm.points)) > 0:
        lines.append((lifts * A_BAND, _raised(lifts)))
    lines.sort(key=lambda line: -line[0])
    limit = "its promised update" if promised else "its target"
    return *(line for _, line in lines), _time_left(due_at, now, limit)


def _raised(lifts: int) -> str:
    return f"Lifted {lifts} band{'' if lifts == 1 else 's'} because it has waited so long over its target"


def _time_left(due_at: datetime, now: datetime, limit: str) -> str:
    if now < due_at:
        return f"{_span(due_at - now)} left of {limit}"
    return f"Over {limit} for {_span(now - due_at)}"


def _span(span: timedelta) -> str:
    """A span to two places: 14 min, 3 h 5 min, 2 days 4 h."""
    minutes = span // timedelta(minutes=1)
    hours, days = minutes // 60, span.days
    if days:
        rest = f" {hours % 24} h" if hours % 24 else ""
        return f"{days} day{'' if days == 1 else 's'}{rest}"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else "less than a minute"


def at_rest(last_post_at: datetime) -> Place:
    """The place of a case in which nobody waits for us: below all that wait, oldest first."""
    return Place(NOT_WAITING, last_post_at, None)
