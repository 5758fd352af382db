"""What time alone brings about: cases wake, steps of the ladder come due, a holding reply goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from amends.core import clocks, events
from amends.core.case import ZERO, Case, Entry, Outcome, Promise, changed
from amends.core.effects import Effect, Escalate, Send
from amends.core.escalation import Handling, climb
from amends.core.holding import Hold, holding
from amends.core.hours import Calendar
from amends.core.policy import Policy
from amends.core.values import CaseState


def time_passed(case: Case, event: events.TimePassed, policy: Policy, now: datetime) -> Outcome:
    """What has come due by `now`, as far as `event.around` tells what is going on around the case."""
    woken = _woken(case, now)
    after, entries = woken.case, list(woken.entries)
    effects: list[Effect] = []
    if after.is_open and after.clock_offset == ZERO:
        calendar = policy.calendar(after.channel)
        for step in (_held, _climbed):
            outcome = step(after, event.around, policy, calendar, now)
            after = outcome.case
            entries += outcome.entries
            effects += outcome.effects
    return Outcome(after, tuple(entries), tuple(effects))


def _woken(case: Case, now: datetime) -> Outcome:
    if case.state is CaseState.SNOOZED and case.snoozed_until is not None and case.snoozed_until <= now:
        entry = Entry("woken", {"by": "its time"})
        return Outcome(changed(case, state=CaseState.OPEN, snoozed_until=None), (entry,))
    return Outcome(case)


def _climbed(
    case: Case, around: events.Around, policy: Policy, calendar: Calendar | None, now: datetime
) -> Outcome:
    word = clocks.owed(case, policy, calendar)
    if word is None:
        return Outcome(case)
    handling = Handling(assigned=case.assignee is not None, touched=around.touched)
    found = climb(clocks.wait(case, word), case.climbed, handling, policy.escalation, calendar, now)
    if found.climbed == case.climbed:
        return Outcome(case)
    entries = [Entry("escalated", {"step": act.cause.step, "since": act.cause.since}) for act in found.acts]
    entries += [Entry("step passed over", {"step": step.name, "why": why}) for step, why in found.passed]
    effects = tuple(Escalate(act.does, act.cause.key) for act in found.acts)
    return Outcome(changed(case, climbed=found.climbed), tuple(entries), effects)


def _held(
    case: Case, around: events.Around, policy: Policy, calendar: Calendar | None, now: datetime
) -> Outcome:
    """The holding reply, if this is the time for it; its promise holds from when it is written."""
    reply = around.reply
    if reply is None:
        return Outcome(case)
    due = clocks.holding_at(case, policy, calendar)
    if due is None or due > now:
        return Outcome(case)
    silence = replace(
        clocks.silent(case, policy),
        answered_at=reply.answered_at,
        held_at=max(filter(None, (case.held_at, reply.held_at)), default=None),
        answering=reply.answering or case.sends_open > 0,
        wrote_to_us=reply.wrote_to_us,
    )
    hold = holding(silence, policy.holding, reply.automation, calendar, policy.zone, now)
    if not isinstance(hold, Hold):
        return Outcome(case)
    send = Send(reply.key, hold.text, reply.to_post, reply.account, reply.visibility, automatic=True)
    content = {
        "key": reply.key,
        "text": hold.text,
        "to_post": reply.to_post,
        "visibility": reply.visibility,
        "until": hold.until,
    }
    promise = Promise(now, hold.until)
    after = changed(case, held_at=now, promise=promise, sends_open=case.sends_open + 1)
    return Outcome(after, (Entry("holding reply written", content),), (send,))
