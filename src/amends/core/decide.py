"""The one rule that changes a case: `decide`."""

from __future__ import annotations

from datetime import datetime, timedelta

from amends.core import deeds, events, merging, passing
from amends.core.case import ZERO, Case, Entry, Outcome, changed
from amends.core.clocks import clocked
from amends.core.harm import Harm, Stakes, harm
from amends.core.policy import Policy
from amends.core.values import CaseState, Severity


def decide(case: Case, event: events.Event, policy: Policy, now: datetime) -> Outcome:
    """What follows from `event` at `now` (our clock, UTC); raises NotPossible when it cannot be."""
    match event:
        case events.PostsChanged():
            outcome = _posts_changed(case, event)
        case events.ReplyStood():
            outcome = _reply_stood(case, event)
        case events.ReplyFailed():
            outcome = _reply_failed(case, event)
        case events.TimePassed():
            outcome = passing.time_passed(case, event, policy, now)
        case events.MergedInto():
            outcome = merging.merged(case, event, now)
        case events.Absorbed() | events.Parted() | events.SplitOff():
            outcome = _regrouped(case, event, now)
        case events.PersonLinked():
            outcome = _person_linked(case, event)
        case _:
            outcome = deeds.by_person(case, event, now)
    return Outcome(clocked(outcome.case, policy, now), outcome.entries, outcome.effects)


def _posts_changed(case: Case, event: events.PostsChanged) -> Outcome:
    new = case.posts_in == 0
    after = _with_facts(_on_clock(case, event.offset), event.facts)
    if not new and after.clock_offset != case.clock_offset and after.waiting_since:
        after = changed(after, waiting_since=event.facts.last_post_at)
    entries: list[Entry] = []
    if new:
        content = {"posts": event.joined, "kind": after.kind, "severity": after.severity}
        entries.append(Entry("opened", content | {"because": event.because}))
    elif event.joined:
        entries.append(Entry("posts joined", {"posts": event.joined, "because": event.because}))
    if not new and after.severity is not case.severity:
        entries.append(Entry("severity read", {"from": case.severity, "to": after.severity}))
    entries += [Entry("post edited", {"post": post}) for post in event.edited]
    entries += [Entry("post deleted", {"post": post}) for post in event.deleted]
    if event.answered_at is not None:
        after, kept = _promise_answered(after, event.answered_at, event.answered_at)
        entries += kept
    if event.joined and not new:
        after, back = _our_turn(after, event.facts.last_post_at)
        entries += back
    if event.wants and not new:
        after, woken = _woken(after)
        entries += woken
    return Outcome(after, tuple(entries))


def _regrouped(case: Case, event: merging.Regrouped, now: datetime) -> Outcome:
    """Posts came in from another case or left for one; the facts say what stands there now."""
    outcome = merging.regrouped(case, event, now)
    after = _with_facts(outcome.case, event.facts)
    if isinstance(event, events.SplitOff) or after.severity is case.severity:
        return Outcome(after, outcome.entries)
    read = Entry("severity read", {"from": case.severity, "to": after.severity})
    return Outcome(after, (*outcome.entries, read))


def _person_linked(case: Case, event: events.PersonLinked) -> Outcome:
    action = "person linked" if event.linked else "person unlinked"
    entry = Entry(action, {"account": event.account, "why": event.why})
    return Outcome(_with_facts(case, event.facts), (entry,))


def _our_turn(case: Case, wrote_at: datetime) -> tuple[Case, list[Entry]]:
    """The customer for whom we waited has written."""
    if case.customer_since is None or wrote_at <= case.customer_since:
        return case, []
    return deeds.turned_back(case, wrote_at), [Entry("customer wrote", {"since": case.customer_since})]


def _woken(case: Case) -> tuple[Case, list[Entry]]:
    if case.state is CaseState.SNOOZED:
        return changed(case, state=CaseState.OPEN, snoozed_until=None), [
            Entry("woken", {"by": "a new post of the person"})
        ]
    if case.state is CaseState.RESOLVED:
        reopened = deeds.reopened(case, "The person wrote again.", case.last_post_at)
        return reopened.case, list(reopened.entries)
    return case, []


def _on_clock(case: Case, offset: timedelta | None) -> Case:
    """A live post brings a case of imported history onto our clock; its wait counts from that post."""
    if case.posts_in == 0:
        return changed(case, clock_offset=offset or ZERO)
    if offset == ZERO and case.clock_offset != ZERO:
        return changed(case, clock_offset=ZERO, settled_until=case.last_post_at)
    return case


def _with_facts(case: Case, facts: events.Facts, **besides: int) -> Case:
    severity = case.severity if case.graded_by_person else facts.severity
    return changed(
        case,
        kind=facts.kind,
        severity=severity,
        lang=facts.lang,
        standing=facts.standing,
        abusive=facts.abusive,
        harm=_harm(facts, severity),
        opened_at=facts.first_post_at,
        last_post_at=facts.last_post_at,
        waiting_since=facts.oldest_waiting,
        held_at=case.held_at if facts.oldest_waiting else None,
        first_answer_at=facts.first_answer_at,
        posts_in=facts.posts_in,
        lead=facts.lead,
        **besides,
    )


def _harm(facts: events.Facts, severity: Severity) -> Harm:
    return harm(
        Stakes(
            kind=facts.kind,
            severity=severity,
            urgent=facts.urgent,
            heat=facts.heat,
            trend=facts.trend,
            waiting_posts=facts.waiting_posts,
            cases_before=facts.cases_before,
            reach=facts.reach,
            public=facts.public,
            standing=facts.standing,
        )
    )


def _reply_stood(case: Case, event: events.ReplyStood) -> Outcome:
    after = _with_facts(case, event.facts, sends_open=max(0, case.sends_open - 1))
    action = "holding reply sent" if event.automatic else "reply sent"
    entries = [Entry(action, {"key": event.key})]
    if not event.automatic:
        written_at = event.written_at - after.clock_offset
        after, kept = _promise_answered(after, written_at, event.answered_at)
        entries += kept
    after, handed = _handed_over(after, event.answered_at)
    return Outcome(after, (*entries, *handed))


def _promise_answered(case: Case, written_at: datetime, answered_at: datetime) -> tuple[Case, list[Entry]]:
    """An answer keeps the promise that stood when it was written, in time or not."""
    promise = case.promise
    if promise is None or written_at < promise.made_at:
        return case, []
    content = {"until": promise.until, "in_time": answered_at <= promise.until}
    return changed(case, promise=None), [Entry("promise answered", content)]


def _handed_over(case: Case, at: datetime) -> tuple[Case, list[Entry]]:
    """Once the last answer on its way stands, the customer's turn begins, should they wait for nothing."""
    if not case.hands_over or case.sends_open:
        return case, []
    done = changed(case, hands_over=False)
    if case.waiting_since is not None or case.customer_since is not None or not case.is_open:
        return done, []
    return changed(done, customer_since=at), [Entry("waits for the customer", {"since": at})]


def _reply_failed(case: Case, event: events.ReplyFailed) -> Outcome:
    action = "reply refused" if event.certain else "reply unknown"
    sends_open = max(0, case.sends_open - 1) if event.certain else case.sends_open
    hands_over = case.hands_over and sends_open > 0
    after = changed(case, sends_open=sends_open, hands_over=hands_over)
    content: dict[str, object] = {"key": event.key, "why": event.why}
    if event.automatic:
        content |= {"automatic": True}
    if event.certain and event.automatic:
        after = deeds.unsaid(after)
    return Outcome(after, (Entry(action, content),))
