"""What people do with a case, and what follows."""

from __future__ import annotations

from datetime import datetime, timedelta

from amends.core import answering, events
from amends.core.case import Case, NotPossible, Outcome, Promise, changed, done, required
from amends.core.effects import Send
from amends.core.harm import regraded
from amends.core.values import CaseState, Kind, Resolution, Severity


def by_person(case: Case, event: events.Event, now: datetime) -> Outcome:
    """What follows when a person does this; raises NotPossible when it cannot be done."""
    if case.merged_into is not None:
        raise NotPossible(f"This case was merged into case {case.merged_into}; go on there.")
    match event:
        case events.Assigned(to, why):
            content = {"from": case.assignee, "to": to} | ({"why": why} if why else {})
            return done(case, "assigned", content, assignee=to)
        case events.NobodyFree():
            return done(case, "nobody free", {"assignee": case.assignee})
        case events.Taken(by, was):
            if case.assignee not in (by, was):
                raise NotPossible("A colleague took this case meanwhile. Assign it if you are to have it.")
            return done(case, "assigned", {"from": case.assignee, "to": by}, assignee=by)
        case events.ReplyWritten():
            return _reply_written(case, event)
        case events.SendSettled():
            return _send_settled(case, event)
        case events.Noted(text):
            return done(case, "noted", {"text": required(text, "Write the note first; nothing was kept.")})
        case events.Snoozed(until):
            return _snoozed(case, until, now)
        case events.NeedsNoAnswer():
            return _needs_no_answer(case, now)
        case events.NeedsAnswer():
            return _needs_answer(case, event)
        case events.Promised(until):
            return _promised(case, until, now)
        case events.CustomersTurn(why):
            return _customers_turn(case, why, now)
        case events.OurTurn(why):
            return _our_turn(case, why, now)
        case events.Graded():
            return _graded(case, event)
        case events.Resolved():
            return _resolved(case, event, now)
        case events.Reopened(why):
            if case.is_open:
                raise NotPossible("This case is open already.")
            reason = required(why, "Say why the case is opened again.")
            return reopened(case, reason, now - case.clock_offset)
        case events.HoldChanged(placed, why):
            reason = required(why, "A legal hold needs a reason, placed or lifted.")
            if placed == case.on_hold:
                raise NotPossible("The case is on hold already." if placed else "The case is not on hold.")
            return done(case, "hold placed" if placed else "hold lifted", {"why": reason}, on_hold=placed)
    raise TypeError(f"no rule for {type(event).__name__}")


def _reply_written(case: Case, event: events.ReplyWritten) -> Outcome:
    text = required(event.text, "Write an answer first; nothing was sent.")
    if not case.is_open:
        raise NotPossible("This case is resolved. Open it again before you answer; your text was kept.")
    answering.check(event.others)
    send = Send(event.key, text, event.to_post, event.account, event.visibility)
    content = {"key": event.key, "text": text, "to_post": event.to_post, "visibility": event.visibility}
    if event.hands_over:
        content |= {"hands_over": True}
    if event.despite:
        content |= {"despite": [answering.on_record(other) for other in event.despite]}
    written = done(
        case,
        "reply written",
        content,
        sends_open=case.sends_open + 1,
        hands_over=case.hands_over or event.hands_over,
    )
    return Outcome(written.case, written.entries, (send,))


def _send_settled(case: Case, event: events.SendSettled) -> Outcome:
    content = {"key": event.key, "why": event.why}
    if event.again:
        return done(case, "send repeated", content)
    left = max(0, case.sends_open - 1)
    case = unsaid(case) if event.automatic else case
    return done(case, "send given up", content, sends_open=left, hands_over=case.hands_over and left > 0)


def unsaid(case: Case) -> Case:
    """The case whose holding reply did not go out: nobody was promised anything by it.

    It was the one of this silence all the same, so that what a network refuses is not tried over and over.
    """
    promise = case.promise
    return changed(case, promise=None) if promise is not None and promise.made_at == case.held_at else case


def _snoozed(case: Case, until: datetime, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved; there is nothing to put aside.")
    if until <= now:
        raise NotPossible("Choose a time in the future to put the case aside until.")
    return done(case, "snoozed", {"until": until}, state=CaseState.SNOOZED, snoozed_until=until)


def _needs_no_answer(case: Case, now: datetime) -> Outcome:
    if case.waiting_since is None:
        raise NotPossible("Nobody waits for an answer in this case.")
    return done(
        case,
        "needs no answer",
        {"waiting_since": case.waiting_since},
        settled_until=case.last_post_at,
        settled_at=now,
        waiting_since=None,
        held_at=None,
    )


def _needs_answer(case: Case, event: events.NeedsAnswer) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved. Open it again first.")
    since = event.facts.oldest_waiting
    if since is None:
        raise NotPossible("That post has an answer already; nobody waits because of it.")
    content = {"post": event.post, "since": since}
    until = case.settled_until
    if until is not None and until >= event.posted_at:
        until = event.posted_at - timedelta.resolution
    return done(case, "needs an answer", content, waiting_since=since, settled_until=until)


def _promised(case: Case, until: datetime, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved. Open it again before you promise anything.")
    if until <= now:
        raise NotPossible("Choose a time in the future that you promise to write by.")
    promise = Promise(now - case.clock_offset, until - case.clock_offset)
    return done(case, "update promised", {"until": promise.until}, promise=promise)


def _customers_turn(case: Case, why: str, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved; nothing is waited for.")
    if case.waiting_since is not None:
        raise NotPossible("The person waits for an answer. Answer first, then wait for them.")
    if case.customer_since is not None:
        raise NotPossible("We wait for the customer already.")
    reason = required(why, "Say in a few words what you wait for.")
    own = now - case.clock_offset
    return done(case, "waits for the customer", {"since": own, "why": reason}, customer_since=own)


def _our_turn(case: Case, why: str, now: datetime) -> Outcome:
    if case.customer_since is None:
        raise NotPossible("We do not wait for the customer in this case.")
    reason = required(why, "Say in a few words why you go on without them.")
    back = turned_back(case, now - case.clock_offset)
    return done(back, "goes on without the customer", {"since": case.customer_since, "why": reason})


def turned_back(case: Case, at: datetime) -> Case:
    """The case as we have to act again from `at` on; what it waited for the customer was a pause."""
    since = case.customer_since
    pauses = case.pauses if since is None or at <= since else (*case.pauses, (since, at))
    return changed(case, customer_since=None, pauses=pauses)


def _graded(case: Case, event: events.Graded) -> Outcome:
    if case.kind is Kind.COMPLAINT and event.severity is Severity.NONE:
        raise NotPossible("A complaint has a severity; resolve it as “no complaint” if it is none.")
    reason = required(event.why, "Say in a few words why; it goes on record. Nothing was changed.")
    return done(
        case,
        "graded",
        {"from": case.severity, "to": event.severity, "why": reason},
        severity=event.severity,
        graded_by_person=True,
        harm=regraded(case.harm, case.kind, event.severity),
    )


def _resolved(case: Case, event: events.Resolved, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved already.")
    if event.resolution is Resolution.MERGED:
        raise NotPossible("Choose the case that this one is to be merged into; it does not end by itself.")
    if case.sends_open:
        raise NotPossible("An answer of this case is still on its way. Wait until it is sent or settled.")
    why = required(event.why, "A case is resolved with a reason; write it in a few words.")
    own = now - case.clock_offset
    return done(
        turned_back(case, own),
        "resolved",
        {"resolution": event.resolution, "why": why},
        state=CaseState.RESOLVED,
        resolution=event.resolution,
        resolved_at=own,
        snoozed_until=None,
        promise=None,
    )


def reopened(case: Case, why: str, at: datetime) -> Outcome:
    """The case is open again from `at` on; while it was closed its clock stood."""
    since = case.resolved_at
    pauses = case.pauses if since is None or at <= since else (*case.pauses, (since, at))
    return done(
        case,
        "reopened",
        {"why": why, "was": case.resolution},
        state=CaseState.OPEN,
        resolution=None,
        resolved_at=None,
        pauses=pauses,
    )
