"""Cases merged and split by hand: what follows for each of the two, so that no wait and no word is lost."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from amends.core import events
from amends.core.case import Case, Entry, NotPossible, Outcome, Promise, changed, done, required
from amends.core.escalation import Climbed
from amends.core.values import CaseState, Resolution

Regrouped = events.Absorbed | events.Parted | events.SplitOff


def merged(case: Case, event: events.MergedInto, now: datetime) -> Outcome:
    """The case goes on in another: it is closed as merged, and nobody waits in it."""
    if case.merged_into is not None:
        raise NotPossible(f"This case was merged into case {case.merged_into} already.")
    if event.into == case.id:
        raise NotPossible("A case cannot be merged into itself; choose another one.")
    why = _why(event.why, event.same_person)
    content = {"into": event.into, "resolution": Resolution.MERGED, "was": case.resolution, "why": why}
    return done(
        case,
        "merged",
        content,
        state=CaseState.RESOLVED,
        resolution=Resolution.MERGED,
        resolved_at=now - case.clock_offset,
        merged_into=event.into,
        snoozed_until=None,
        promise=None,
        waiting_since=None,
        held_at=None,
        customer_since=None,
        climbed=None,
        sends_open=0,
        hands_over=False,
        posts_in=0,
    )


def regrouped(case: Case, event: Regrouped, now: datetime) -> Outcome:
    """What follows for a case that other posts came into or left, before its facts are counted anew."""
    match event:
        case events.Absorbed():
            return _absorbed(case, event, now)
        case events.Parted():
            return _parted(case, event)
        case events.SplitOff():
            return _split_off(case, event)


def _absorbed(case: Case, event: events.Absorbed, now: datetime) -> Outcome:
    other = event.other
    if case.merged_into is not None:
        raise NotPossible(f"Case {case.id} was merged into case {case.merged_into}; merge it into that one.")
    if not case.is_open:
        raise NotPossible(f"Case {case.id} is resolved. Open it again first, or merge it into this one.")
    if case.clock_offset > other.clock_offset:
        raise NotPossible(
            f"Case {case.id} is imported history on a clock of its own; merge it into this one."
        )
    graded = case.graded_by_person or other.graded_by_person
    severity = max(case.severity, other.severity, key=attrgetter("level")) if graded else case.severity
    after = changed(
        case,
        graded_by_person=graded,
        severity=severity,
        listed_at=min(case.listed_at, other.listed_at),
        assignee=other.assignee if case.assignee is None else case.assignee,
        promise=_sooner(case, other),
        held_at=max(filter(None, (case.held_at, other.held_at)), default=None),
        climbed=_higher(case.climbed, other.climbed),
        hands_over=case.hands_over or other.hands_over,
        sends_open=case.sends_open + other.sends_open,
        on_hold=case.on_hold or other.on_hold,
    )
    content = {"case": other.id, "posts": event.posts, "why": _why(event.why, event.same_person)}
    after, entries = _awake(after, other, now)
    return Outcome(after, (Entry("absorbed", content), *entries))


def _awake(case: Case, other: Case, now: datetime) -> tuple[Case, list[Entry]]:
    """A case that was put aside or waits for the customer goes on, if the other one did."""
    entries = []
    if case.state is CaseState.SNOOZED and other.state is CaseState.OPEN:
        case = changed(case, state=CaseState.OPEN, snoozed_until=None)
        entries.append(Entry("woken", {"by": f"case {other.id}, which was merged into it"}))
    if case.customer_since is not None and other.is_open and other.customer_since is None:
        at = max(case.customer_since, now - case.clock_offset)
        case = changed(case, customer_since=None, pauses=(*case.pauses, (case.customer_since, at)))
    return case, entries


def _parted(case: Case, event: events.Parted) -> Outcome:
    if case.merged_into is not None:
        raise NotPossible(f"This case was merged into case {case.merged_into}; split it there.")
    content = {"into": event.into, "posts": event.posts, "why": _split_for(event.why)}
    hands_over = case.hands_over and event.sends_open > 0
    return done(case, "split", content, sends_open=event.sends_open, hands_over=hands_over)


def _split_off(case: Case, event: events.SplitOff) -> Outcome:
    source = event.source
    content = {
        "from": source.id,
        "posts": event.posts,
        "kind": event.facts.kind,
        "severity": event.facts.severity,
        "why": _split_for(event.why),
    }
    return done(
        case,
        "split off",
        content,
        listed_at=source.listed_at,
        clock_offset=source.clock_offset,
        assignee=source.assignee,
        on_hold=source.on_hold,
        sends_open=event.sends_open,
        climbed=source.climbed if event.takes_alerts else None,
    )


def _sooner(case: Case, other: Case) -> Promise | None:
    """Of two updates that were promised, the one that comes first is to be kept."""
    theirs = other.promise if other.is_open and other.clock_offset == case.clock_offset else None
    return min(filter(None, (case.promise, theirs)), key=attrgetter("until"), default=None)


def _higher(ours: Climbed | None, theirs: Climbed | None) -> Climbed | None:
    """How far the ladder was climbed for either: no step is taken twice for one silence."""
    return max(filter(None, (ours, theirs)), key=attrgetter("percent"), default=None)


def _why(why: str, same_person: bool) -> str:
    if same_person:
        return why.strip()
    return required(why, "These are cases of different people; say why they belong together.")


def _split_for(why: str) -> str:
    return required(why, "Say in a few words why these posts are a case of their own.")
