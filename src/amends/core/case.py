"""The case and the one rule that changes it: `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amends.core import deadline, events, priority
from amends.core.effects import Effect, Send
from amends.core.policy import Policy
from amends.core.values import CaseState, Kind, Resolution, Severity

ZERO = timedelta(0)


class NotPossible(Exception):
    """What was asked cannot be done with this case now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Case:
    """One grievance, question or request of one person, from first post to outcome.

    Times of the case (`opened_at`, `waiting_since`, `due_at`, …) run on its own clock, `clock_offset` behind
    ours; `listed_at` (when the desk first had it), `settled_at`, `sort_at`, `lift_at` and `snoozed_until`
    are on ours, because lists and the sweep compare them.
    """

    id: int
    channel: str
    state: CaseState
    kind: Kind
    severity: Severity
    opened_at: datetime
    last_post_at: datetime
    listed_at: datetime
    sort_at: datetime
    graded_by_person: bool = False
    waiting_since: datetime | None = None
    due_at: datetime | None = None
    first_answer_at: datetime | None = None
    settled_until: datetime | None = None
    settled_at: datetime | None = None
    band: int = priority.NOT_WAITING
    lift_at: datetime | None = None
    clock_offset: timedelta = ZERO
    assignee: int | None = None
    snoozed_until: datetime | None = None
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    sends_open: int = 0
    on_hold: bool = False
    posts_in: int = 0
    lead: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the case still asks for work."""
        return self.state is not CaseState.RESOLVED


Content = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for the history: what happened, and its content."""

    action: str
    content: Content


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an event: the case as it now is, what goes on record, what is to be done."""

    case: Case
    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()


def opening(case_id: int, channel: str, facts: events.Facts, now: datetime) -> Case:
    """A case as it is born from its first post, before anything is decided about it."""
    return Case(
        id=case_id,
        channel=channel,
        state=CaseState.OPEN,
        kind=facts.kind,
        severity=facts.severity,
        opened_at=facts.first_post_at,
        last_post_at=facts.last_post_at,
        listed_at=now,
        sort_at=facts.last_post_at,
    )


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
            outcome = _time_passed(case, now)
        case _:
            outcome = _by_person(case, event, now)
    return replace(outcome, case=_clocked(outcome.case, policy, now))


def _by_person(case: Case, event: events.Event, now: datetime) -> Outcome:
    match event:
        case events.Assigned(to):
            return _done(case, "assigned", {"from": case.assignee, "to": to}, assignee=to)
        case events.Taken(by, was):
            if case.assignee not in (by, was):
                raise NotPossible("A colleague took this case meanwhile. Assign it if you are to have it.")
            return _done(case, "assigned", {"from": case.assignee, "to": by}, assignee=by)
        case events.ReplyWritten():
            return _reply_written(case, event)
        case events.SendSettled():
            return _send_settled(case, event)
        case events.Noted(text):
            return _done(case, "noted", {"text": _required(text, "Write the note first; nothing was kept.")})
        case events.Snoozed(until):
            return _snoozed(case, until, now)
        case events.NeedsNoAnswer():
            return _needs_no_answer(case, now)
        case events.Graded(severity, why):
            if case.kind is Kind.COMPLAINT and severity is Severity.NONE:
                raise NotPossible("A complaint has a severity; resolve it as “no complaint” if it is none.")
            reason = _required(why, "Say in a few words why; it goes on record. Nothing was changed.")
            content = {"from": case.severity, "to": severity, "why": reason}
            return _done(case, "graded", content, severity=severity, graded_by_person=True)
        case events.Resolved():
            return _resolved(case, event, now)
        case events.Reopened(why):
            if case.is_open:
                raise NotPossible("This case is open already.")
            return _reopened(case, _required(why, "Say why the case is opened again."))
        case events.HoldChanged(placed, why):
            reason = _required(why, "A legal hold needs a reason, placed or lifted.")
            if placed == case.on_hold:
                raise NotPossible("The case is on hold already." if placed else "The case is not on hold.")
            return _done(case, "hold placed" if placed else "hold lifted", {"why": reason}, on_hold=placed)
    raise TypeError(f"no rule for {type(event).__name__}")


def _posts_changed(case: Case, event: events.PostsChanged) -> Outcome:
    new = case.posts_in == 0
    on_clock = _on_clock(case, event.offset)
    changed = _with_facts(on_clock, event.facts)
    if not new and on_clock.clock_offset != case.clock_offset and changed.waiting_since:
        changed = replace(changed, waiting_since=event.facts.last_post_at)
    entries: list[Entry] = []
    if new:
        content = {"posts": event.joined, "kind": changed.kind, "severity": changed.severity}
        entries.append(Entry("opened", content))
    elif event.joined:
        entries.append(Entry("posts joined", {"posts": event.joined}))
    if not new and changed.severity is not case.severity:
        entries.append(Entry("severity read", {"from": case.severity, "to": changed.severity}))
    entries += [Entry("post edited", {"post": post}) for post in event.edited]
    entries += [Entry("post deleted", {"post": post}) for post in event.deleted]
    if event.wants and not new:
        changed, woken = _woken(changed)
        entries += woken
    return Outcome(changed, tuple(entries))


def _woken(case: Case) -> tuple[Case, list[Entry]]:
    if case.state is CaseState.SNOOZED:
        return replace(case, state=CaseState.OPEN, snoozed_until=None), [
            Entry("woken", {"by": "a new post of the person"})
        ]
    if case.state is CaseState.RESOLVED:
        reopened = _reopened(case, "The person wrote again.")
        return reopened.case, list(reopened.entries)
    return case, []


def _on_clock(case: Case, offset: timedelta | None) -> Case:
    """A live post brings a case of imported history onto our clock; its wait counts from that post."""
    if case.posts_in == 0:
        return replace(case, clock_offset=offset or ZERO)
    if offset == ZERO and case.clock_offset != ZERO:
        return replace(case, clock_offset=ZERO, settled_until=case.last_post_at)
    return case


def _with_facts(case: Case, facts: events.Facts) -> Case:
    severity = case.severity if case.graded_by_person else facts.severity
    return replace(
        case,
        kind=facts.kind,
        severity=severity,
        opened_at=facts.first_post_at,
        last_post_at=facts.last_post_at,
        waiting_since=facts.oldest_waiting,
        first_answer_at=facts.first_answer_at,
        posts_in=facts.posts_in,
        lead=facts.lead,
    )


def _reply_written(case: Case, event: events.ReplyWritten) -> Outcome:
    text = _required(event.text, "Write an answer first; nothing was sent.")
    if not case.is_open:
        raise NotPossible("This case is resolved. Open it again before you answer; your text was kept.")
    send = Send(event.key, text, event.to_post, event.account, event.visibility)
    content = {"key": event.key, "text": text, "to_post": event.to_post, "visibility": event.visibility}
    written = _done(case, "reply written", content, sends_open=case.sends_open + 1)
    return replace(written, effects=(send,))


def _reply_stood(case: Case, event: events.ReplyStood) -> Outcome:
    changed = replace(_with_facts(case, event.facts), sends_open=max(0, case.sends_open - 1))
    return Outcome(changed, (Entry("reply sent", {"key": event.key}),))


def _reply_failed(case: Case, event: events.ReplyFailed) -> Outcome:
    action = "reply refused" if event.certain else "reply unknown"
    sends_open = max(0, case.sends_open - 1) if event.certain else case.sends_open
    return _done(case, action, {"key": event.key, "why": event.why}, sends_open=sends_open)


def _send_settled(case: Case, event: events.SendSettled) -> Outcome:
    content = {"key": event.key, "why": event.why}
    if event.again:
        return _done(case, "send repeated", content)
    return _done(case, "send given up", content, sends_open=max(0, case.sends_open - 1))


def _snoozed(case: Case, until: datetime, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved; there is nothing to put aside.")
    if until <= now:
        raise NotPossible("Choose a time in the future to put the case aside until.")
    return _done(case, "snoozed", {"until": until}, state=CaseState.SNOOZED, snoozed_until=until)


def _needs_no_answer(case: Case, now: datetime) -> Outcome:
    if case.waiting_since is None:
        raise NotPossible("Nobody waits for an answer in this case.")
    return _done(
        case,
        "needs no answer",
        {"waiting_since": case.waiting_since},
        settled_until=case.last_post_at,
        settled_at=now,
        waiting_since=None,
    )


def _resolved(case: Case, event: events.Resolved, now: datetime) -> Outcome:
    if not case.is_open:
        raise NotPossible("This case is resolved already.")
    if case.sends_open:
        raise NotPossible("An answer of this case is still on its way. Wait until it is sent or settled.")
    why = _required(event.why, "A case is resolved with a reason; write it in a few words.")
    return _done(
        case,
        "resolved",
        {"resolution": event.resolution, "why": why},
        state=CaseState.RESOLVED,
        resolution=event.resolution,
        resolved_at=now - case.clock_offset,
        snoozed_until=None,
    )


def _reopened(case: Case, why: str) -> Outcome:
    return _done(
        case,
        "reopened",
        {"why": why, "was": case.resolution},
        state=CaseState.OPEN,
        resolution=None,
        resolved_at=None,
    )


def _time_passed(case: Case, now: datetime) -> Outcome:
    if case.state is CaseState.SNOOZED and case.snoozed_until is not None and case.snoozed_until <= now:
        return _done(case, "woken", {"by": "its time"}, state=CaseState.OPEN, snoozed_until=None)
    return Outcome(case)


def _clocked(case: Case, policy: Policy, now: datetime) -> Case:
    """The case with its deadline and its place in the inbox as they follow from everything else."""
    offset = case.clock_offset
    if case.waiting_since is None or not case.is_open:
        rest = priority.at_rest(case.last_post_at + offset)
        return replace(case, due_at=None, band=rest.band, sort_at=rest.sort_at, lift_at=None)
    allowed = policy.target(case.channel, case.severity)
    due_at = deadline.after(case.waiting_since, allowed, policy.calendar(case.channel))
    lift_after = timedelta(minutes=policy.ranking.lift_after_minutes)
    place = priority.place(case.severity, due_at + offset, case.listed_at, now, lift_after)
    return replace(case, due_at=due_at, band=place.band, sort_at=place.sort_at, lift_at=place.lift_at)


def _done(case: Case, action: str, content: Content, **changes: object) -> Outcome:
    return Outcome(replace(case, **changes), (Entry(action, content),))  # type: ignore[arg-type]


def _required(text: str, message: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise NotPossible(message)
    return stripped
