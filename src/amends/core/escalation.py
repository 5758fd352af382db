"""What happens when an answer is late: steps at set shares of the target, each taken once in a silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import Field, field_validator

from amends.core import deadline
from amends.core.hours import Calendar
from amends.core.part import Part, Percent

MOST_STEPS = 12


class Does(StrEnum):
    """What a step of the ladder does."""

    NUDGE = "nudge"
    """Remind the assignee."""
    OFFER = "offer"
    """Show the case to the whole team."""
    REASSIGN = "reassign"
    """Give it to somebody else, or to somebody at all, if nobody has touched it."""
    ALERT = "alert"
    """Tell the supervisor."""


class Step(Part):
    """One step: what is done once so many percent of the target have passed."""

    percent: Percent
    does: Does

    @property
    def name(self) -> str:
        """The step within its policy, for people and keys: alert@100."""
        return f"{self.does}@{self.percent}"


class Escalation(Part):
    """The ladder of a brand (P4): the nearest are asked first, and the supervisor hears of each breach."""

    steps: Annotated[tuple[Step, ...], Field(max_length=MOST_STEPS)] = (
        Step(percent=50, does=Does.NUDGE),
        Step(percent=75, does=Does.OFFER),
        Step(percent=90, does=Does.REASSIGN),
        Step(percent=100, does=Does.ALERT),
        Step(percent=200, does=Does.ALERT),
    )

    @field_validator("steps")
    @classmethod
    def _rise(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        for lower, higher in pairwise(steps):
            if higher.percent <= lower.percent:
                raise ValueError(f"each step needs a later share than the one before; {higher.name} has not")
        return steps


@dataclass(frozen=True, slots=True)
class Wait:
    """A case in which somebody waits since a time, and how long an answer may take."""

    case: int
    since: datetime
    allowed: timedelta


@dataclass(frozen=True, slots=True)
class Climbed:
    """How far the ladder was climbed, and when, in the silence that was first known to begin at `since`."""

    since: datetime
    percent: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Handling:
    """Whether somebody is assigned, and whether they have done anything about this wait."""

    assigned: bool
    touched: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """What an act is about. Two acts of one cause are one: its key is for a unique column."""

    case: int
    since: datetime
    step: str

    @property
    def key(self) -> str:
        """The cause as text: the same for the same case, silence and step, whatever their time zone."""
        return f"{self.case}/{self.since.astimezone(UTC).isoformat()}/{self.step}"


@dataclass(frozen=True, slots=True)
class Act:
    """A step to take now, and its cause."""

    does: Does
    cause: Cause


class PassedOver(StrEnum):
    """Why a step that came due is put on record and not taken."""

    OVERTAKEN = "a further step came due as well"
    UNASSIGNED = "nobody is assigned"
    TOUCHED = "the assignee is at work on it"


@dataclass(frozen=True, slots=True)
class Climb:
    """What is due on the ladder now.

    `acts` are to be taken, `passed` only recorded, `climbed` is to be kept with the case, and at `next_at`
    the ladder must be looked at again (None: it ends here).
    """

    acts: tuple[Act, ...]
    passed: tuple[tuple[Step, PassedOver], ...]
    climbed: Climbed | None
    next_at: datetime | None


def at(since: datetime, allowed: timedelta, percent: int, calendar: Calendar | None) -> datetime | None:
    """When so many percent of the working time allowed have passed; None where no calendar goes so far."""
    try:
        return deadline.after(since, allowed * percent / 100, calendar)
    except (ValueError, OverflowError):
        return None


def next_at(
    wait: Wait, climbed: Climbed | None, rule: Escalation, calendar: Calendar | None
) -> datetime | None:
    """When the next step of the ladder is due, in the past where one is due already; None at its end."""
    before = climbed if climbed is not None and wait.since < climbed.at else None
    left = (step for step in rule.steps if before is None or step.percent > before.percent)
    step = next(left, None)
    return None if step is None else at(wait.since, wait.allowed, step.percent, calendar)


def climb(
    wait: Wait,
    climbed: Climbed | None,
    handling: Handling,
    rule: Escalation,
    calendar: Calendar | None,
    now: datetime,
) -> Climb:
    """What is due on the ladder of a wait at `now`, after what was `climbed` before.

    Where several steps came due, only the furthest that makes sense is taken, and the furthest alert too
    should that be another: nobody gets two alerts for one silence at once, and no breach goes unheard.
    A target that becomes shorter or longer repeats no step. The climb before counts while the silence is
    the same: a wait that began before that climb was there already then, also when an older post of it came
    in late or its first post went; one that began later is new, and starts the ladder anew.
    """
    before = climbed if climbed is not None and wait.since < climbed.at else None
    left = [step for step in rule.steps if before is None or step.percent > before.percent]
    due: list[Step] = []
    next_at = None
    for step in left:
        next_at = at(wait.since, wait.allowed, step.percent, calendar)
        if next_at is None or next_at > now:
            break
        due.append(step)
    else:
        next_at = None
    if not due:
        return Climb((), (), before, next_at)
    since = before.since if before is not None else wait.since
    taken = _taken(due, handling)
    return Climb(
        acts=tuple(Act(step.does, Cause(wait.case, since, step.name)) for step in taken),
        passed=tuple((step, _why(step, handling)) for step in due if step not in taken),
        climbed=Climbed(since, due[-1].percent, now),
        next_at=next_at,
    )


def _taken(due: Sequence[Step], handling: Handling) -> list[Step]:
    sensible = [step for step in due if _why(step, handling) is PassedOver.OVERTAKEN]
    alerts = [step for step in sensible if step.does is Does.ALERT]
    return [step for step in sensible if step in (*alerts[-1:], *sensible[-1:])]


def _why(step: Step, handling: Handling) -> PassedOver:
    """Why the step is not taken: it makes no sense here, or else a further one does."""
    if step.does is Does.NUDGE and not handling.assigned:
        return PassedOver.UNASSIGNED
    if step.does is Does.REASSIGN and handling.touched:
        return PassedOver.TOUCHED
    return PassedOver.OVERTAKEN
