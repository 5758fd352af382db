"""The clocks of a case: when the next word and the resolution are due, its place, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.core import deadline, escalation, holding, priority
from amends.core.case import ZERO, Case, changed
from amends.core.escalation import Wait
from amends.core.holding import Silence
from amends.core.hours import Calendar
from amends.core.policy import Policy
from amends.core.values import CaseState

LOOK_AGAIN = timedelta(minutes=1)
"""A holding reply that is due but cannot go just now is thought of again after this."""


@dataclass(frozen=True, slots=True)
class Owed:
    """The next word that a person is owed: since when, how much working time it may take, and until when."""

    since: datetime
    allowed: timedelta
    due_at: datetime


def clocked(case: Case, policy: Policy, now: datetime) -> Case:
    """The case with its deadlines and its place in the inbox as they follow from everything else."""
    calendar = policy.calendar(case.channel)
    to_resolve = _resolution_due(case, policy, calendar)
    offset = case.clock_offset
    word = owed(case, policy, calendar)
    if word is None:
        rest = priority.at_rest(case.last_post_at + offset)
        return changed(
            case,
            resolution_due_at=to_resolve,
            due_at=None,
            band=rest.band,
            sort_at=rest.sort_at,
            look_at=None,
        )
    lift_after = timedelta(minutes=policy.ranking.lift_after_minutes)
    place = priority.rank(case.harm.points, word.due_at + offset, case.listed_at, now, lift_after)
    return changed(
        case,
        resolution_due_at=to_resolve,
        due_at=word.due_at,
        band=place.band,
        sort_at=place.sort_at,
        look_at=_look_at(case, word, place.lift_at, policy, calendar, now),
    )


def owed(case: Case, policy: Policy, calendar: Calendar | None) -> Owed | None:
    """The next word that we owe: an answer within its target, or the update that was promised.

    A promise holds for the silence that it was made in; whoever writes again after an answer is owed a word
    by the target of that post, too, if that is sooner.
    """
    if not case.is_open:
        return None
    waits = _answer(case, policy, calendar)
    if case.promise is None:
        return waits
    made, until = case.promise.made_at, case.promise.until
    update = Owed(made, deadline.elapsed(made, until, calendar), until)
    if waits is None or waits.since <= made or update.due_at <= waits.due_at:
        return update
    return waits


def _answer(case: Case, policy: Policy, calendar: Calendar | None) -> Owed | None:
    if case.waiting_since is None:
        return None
    allowed = policy.target(case.channel, case.severity, case.lang, case.standing)
    return Owed(case.waiting_since, allowed, deadline.after(case.waiting_since, allowed, calendar))


def _resolution_due(case: Case, policy: Policy, calendar: Calendar | None) -> datetime | None:
    """When the case is to be resolved; nothing while we wait for the customer, or once it is."""
    if not case.is_open or case.customer_since is not None:
        return None
    allowed = policy.resolution_target(case.channel, case.severity, case.lang, case.standing)
    try:
        return deadline.after(case.opened_at, allowed, calendar, case.pauses)
    except ValueError:
        return None


def _look_at(
    case: Case,
    word: Owed,
    lift_at: datetime | None,
    policy: Policy,
    calendar: Calendar | None,
    now: datetime,
) -> datetime | None:
    """When time alone changes something next: on our clock, and now for what is due already."""
    times = [lift_at]
    if case.clock_offset == ZERO:
        times.append(escalation.next_at(wait(case, word), case.climbed, policy.escalation, calendar))
        held = holding_at(case, policy, calendar)
        times.append(held if held is None or held > now else now + LOOK_AGAIN)
    return min((at for at in times if at is not None), default=None)


def wait(case: Case, word: Owed) -> Wait:
    """What is owed, as the ladder of escalation knows it."""
    return Wait(case.id, word.since, word.allowed)


def holding_at(case: Case, policy: Policy, calendar: Calendar | None) -> datetime | None:
    """When a holding reply is to be thought of, should one be possible in this silence at all."""
    if case.state is CaseState.RESOLVED or not policy.holding.enabled:
        return None
    silence = silent(case, policy)
    if holding.never(silence, policy.holding):
        return None
    return holding.due_at(silence, policy.holding, calendar)


def silent(case: Case, policy: Policy) -> Silence:
    """The silence of a case as far as the case itself knows it."""
    return Silence(
        channel=case.channel,
        kind=case.kind,
        since=case.waiting_since,
        allowed=policy.target(case.channel, case.severity, case.lang, case.standing),
        lang=case.lang,
        urgent=case.harm.urgent,
        abusive=case.abusive,
        held_at=case.held_at,
        live=case.clock_offset == ZERO,
    )
