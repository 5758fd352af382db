"""The order of the inbox: severity first, time left within it, and a floor so that nothing starves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.core.values import Severity

NOT_WAITING = -1
_TOP = Severity.CRITICAL.level


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands: higher `band` first, then earlier `sort_at`; time alone lifts it at `lift_at`."""

    band: int
    sort_at: datetime
    lift_at: datetime | None


def place(
    severity: Severity, due_at: datetime, listed_at: datetime, now: datetime, lift_after: timedelta
) -> Place:
    """The place of a case that waits, in the list since `listed_at`.

    Each `lift_after` over its target lifts it one band, up to the top; what it waited before it was in the
    list does not count, so that imported history does not bury what is severe.
    """
    starving_since = max(due_at, listed_at)
    lifts = max(timedelta(0), now - starving_since) // lift_after
    band = min(_TOP, severity.level + lifts)
    lift_at = None if band == _TOP else starving_since + (lifts + 1) * lift_after
    return Place(band, due_at, lift_at)


def at_rest(last_post_at: datetime) -> Place:
    """The place of a case in which nobody waits for us: below all that wait, oldest first."""
    return Place(NOT_WAITING, last_post_at, None)


def why(severity: Severity, band: int, due_at: datetime | None, now: datetime) -> str:
    """In words, why a case stands where it stands."""
    if due_at is None:
        return "Nobody waits for an answer."
    late = "over its target" if due_at <= now else "within its target"
    if band > severity.level:
        return f"Lifted above its severity ({severity}) because it has waited so long over its target."
    return f"{'No complaint' if severity is Severity.NONE else f'Severity {severity}'}, {late}."
