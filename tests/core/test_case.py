"""The rule of the case: what follows from each event, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import NOW, POLICY, POSTED, facts, fresh

from amends.core import events
from amends.core.case import Case, NotPossible, Outcome, opening
from amends.core.decide import decide
from amends.core.effects import Send
from amends.core.policy import Policy
from amends.core.values import CaseState, Kind, Resolution, Severity, Visibility

KEY = "0b8f6c3e-5f0e-4d5e-9f53-1c9c4f1f8a11"
MINUTE = timedelta(minutes=1)


def after(case: Case, event: events.Event, policy: Policy = POLICY) -> Outcome:
    return decide(case, event, policy, NOW)


def actions(outcome: Outcome) -> list[str]:
    return [entry.action for entry in outcome.entries]


def resolved(case: Case | None = None) -> Case:
    event = events.Resolved(Resolution.ANSWERED, "Refund explained.")
    return after(case or fresh(), event).case


def test_a_first_post_opens_a_case_due_by_its_severity() -> None:
    born = opening(1, "fake", facts(), NOW)
    outcome = after(born, events.PostsChanged(facts(), offset=timedelta(0), joined=(71,), wants=True))
    assert actions(outcome) == ["opened"]
    case = outcome.case
    assert (case.state, case.waiting_since, case.lead) == (CaseState.OPEN, POSTED, 71)
    assert case.due_at == POSTED + 60 * MINUTE
    assert case.band == Severity.MEDIUM.level
    assert case.sort_at == case.due_at


@pytest.mark.parametrize(
    ("severity", "minutes"),
    [
        (Severity.CRITICAL, 15),
        (Severity.HIGH, 30),
        (Severity.MEDIUM, 60),
        (Severity.LOW, 180),
        (Severity.NONE, 480),
    ],
)
def test_targets_follow_severity(severity: Severity, minutes: int) -> None:
    kind = Kind.QUESTION if severity is Severity.NONE else Kind.COMPLAINT
    case = fresh(severity=severity, kind=kind)
    assert case.due_at == POSTED + minutes * MINUTE


def test_a_channel_may_have_targets_of_its_own() -> None:
    policy = Policy.model_validate({"channel_targets": {"fake": {"medium": 5}}})
    assert fresh(policy=policy).due_at == POSTED + 5 * MINUTE


def test_a_worse_post_raises_the_case_and_says_so() -> None:
    worse = facts(severity=Severity.CRITICAL, posts_in=2)
    outcome = after(fresh(), events.PostsChanged(worse, offset=timedelta(0), joined=(72,), wants=True))
    assert actions(outcome) == ["posts joined", "severity read"]
    assert outcome.case.severity is Severity.CRITICAL
    assert outcome.case.due_at == POSTED + 15 * MINUTE


def test_what_a_person_graded_stays() -> None:
    graded = after(fresh(), events.Graded(Severity.HIGH, "an elderly customer")).case
    worse = facts(severity=Severity.CRITICAL, posts_in=2)
    assert after(graded, events.PostsChanged(worse, joined=(72,))).case.severity is Severity.HIGH


def test_a_complaint_cannot_be_graded_to_none() -> None:
    with pytest.raises(NotPossible, match="no complaint"):
        after(fresh(), events.Graded(Severity.NONE, ""))


def test_edits_and_deletions_are_on_record() -> None:
    outcome = after(fresh(), events.PostsChanged(facts(), edited=(71,), deleted=(70,)))
    assert actions(outcome) == ["post edited", "post deleted"]


def test_a_new_post_wakes_a_snoozed_case() -> None:
    asleep = after(fresh(), events.Snoozed(NOW + MINUTE)).case
    assert (asleep.state, asleep.snoozed_until) == (CaseState.SNOOZED, NOW + MINUTE)
    outcome = after(asleep, events.PostsChanged(facts(posts_in=2), joined=(72,), wants=True))
    assert outcome.case.state is CaseState.OPEN
    assert actions(outcome) == ["posts joined", "woken"]


def test_thanks_do_not_wake_a_resolved_case_but_a_new_grievance_does() -> None:
    done = resolved()
    thanks = after(done, events.PostsChanged(facts(posts_in=2, oldest_waiting=None), joined=(72,)))
    assert thanks.case.state is CaseState.RESOLVED
    again = after(done, events.PostsChanged(facts(posts_in=2), joined=(72,), wants=True))
    assert again.case.state is CaseState.OPEN
    assert again.case.resolution is None
    assert actions(again)[-1] == "reopened"


def test_an_answer_stops_the_clock() -> None:
    written = after(fresh(), events.ReplyWritten(KEY, "  We are on it. ", 71, 5, Visibility.PUBLIC))
    assert written.effects == (Send(KEY, "We are on it.", 71, 5, Visibility.PUBLIC),)
    assert written.case.sends_open == 1
    assert written.case.waiting_since == POSTED
    stood = after(
        written.case, events.ReplyStood(KEY, facts(oldest_waiting=None, first_answer_at=NOW), NOW, NOW)
    )
    assert (stood.case.sends_open, stood.case.waiting_since, stood.case.due_at) == (0, None, None)
    assert stood.case.band == -1
    assert stood.case.first_answer_at == NOW


def test_a_refused_answer_leaves_the_clock_running() -> None:
    written = after(fresh(), events.ReplyWritten(KEY, "We are on it.", 71, 5, Visibility.PUBLIC)).case
    refused = after(written, events.ReplyFailed(KEY, "blocked", certain=True))
    assert (actions(refused), refused.case.sends_open) == (["reply refused"], 0)
    assert refused.case.waiting_since == POSTED
    unsure = after(written, events.ReplyFailed(KEY, "time-out", certain=False))
    assert (actions(unsure), unsure.case.sends_open) == (["reply unknown"], 1)


@pytest.mark.parametrize(("again", "sends_open"), [(True, 1), (False, 0)])
def test_a_person_settles_a_send_of_unknown_fate(again: bool, sends_open: int) -> None:
    case = replace(fresh(), sends_open=1)
    outcome = after(case, events.SendSettled(KEY, again, "not on the page"))
    assert outcome.case.sends_open == sends_open


def test_an_empty_answer_or_one_in_a_resolved_case_is_refused() -> None:
    with pytest.raises(NotPossible, match="Write an answer"):
        after(fresh(), events.ReplyWritten(KEY, "  \n", 71, 5, Visibility.PUBLIC))
    with pytest.raises(NotPossible, match="resolved"):
        after(resolved(), events.ReplyWritten(KEY, "Hello", 71, 5, Visibility.PUBLIC))


def test_needs_no_answer_ends_the_wait_until_the_next_post() -> None:
    settled = after(fresh(), events.NeedsNoAnswer()).case
    assert (settled.waiting_since, settled.settled_until) == (None, POSTED)
    with pytest.raises(NotPossible, match="Nobody waits"):
        after(settled, events.NeedsNoAnswer())


def test_snoozing_needs_a_future_and_an_open_case() -> None:
    with pytest.raises(NotPossible, match="future"):
        after(fresh(), events.Snoozed(NOW))
    with pytest.raises(NotPossible, match="resolved"):
        after(resolved(), events.Snoozed(NOW + MINUTE))


def test_a_snooze_ends_at_its_time_and_not_before() -> None:
    asleep = after(fresh(), events.Snoozed(NOW + MINUTE)).case
    assert decide(asleep, events.TimePassed(), POLICY, NOW).entries == ()
    woken = decide(asleep, events.TimePassed(), POLICY, NOW + MINUTE)
    assert woken.case.state is CaseState.OPEN


def test_resolving_needs_a_reason_and_nothing_on_its_way() -> None:
    with pytest.raises(NotPossible, match="reason"):
        after(fresh(), events.Resolved(Resolution.ANSWERED, " "))
    with pytest.raises(NotPossible, match="on its way"):
        after(replace(fresh(), sends_open=1), events.Resolved(Resolution.ANSWERED, "done"))
    done = resolved()
    assert (done.resolution, done.resolved_at, done.band) == (Resolution.ANSWERED, NOW, -1)
    with pytest.raises(NotPossible, match="already"):
        resolved(done)


def test_reopening_needs_a_reason_and_a_resolved_case() -> None:
    with pytest.raises(NotPossible, match="open already"):
        after(fresh(), events.Reopened("why"))
    with pytest.raises(NotPossible, match="why"):
        after(resolved(), events.Reopened(""))
    again = after(resolved(), events.Reopened("They wrote by letter.")).case
    assert (again.state, again.resolution, again.waiting_since) == (CaseState.OPEN, None, POSTED)


def test_notes_and_assignments() -> None:
    noted = after(fresh(), events.Noted(" call back "))
    assert noted.entries[0].content == {"text": "call back"}
    with pytest.raises(NotPossible, match="note"):
        after(fresh(), events.Noted(""))
    taken = after(fresh(), events.Assigned(7))
    assert taken.case.assignee == 7
    assert after(taken.case, events.Assigned(None)).entries[0].content == {"from": 7, "to": None}


def test_a_hold_is_placed_and_lifted_once_each_with_a_reason() -> None:
    held = after(fresh(), events.HoldChanged(placed=True, why="court order")).case
    assert held.on_hold
    assert not after(held, events.HoldChanged(placed=False, why="settled")).case.on_hold
    with pytest.raises(NotPossible, match="reason"):
        after(fresh(), events.HoldChanged(placed=True, why=""))
    with pytest.raises(NotPossible, match="already"):
        after(held, events.HoldChanged(placed=True, why="again"))
    with pytest.raises(NotPossible, match="not on hold"):
        after(fresh(), events.HoldChanged(placed=False, why="no"))


def test_imported_history_keeps_its_own_clock() -> None:
    years = timedelta(days=3650)
    then = facts(first_post_at=POSTED - years, last_post_at=POSTED - years, oldest_waiting=POSTED - years)
    born = opening(1, "x", then, NOW)
    case = after(born, events.PostsChanged(then, offset=years, joined=(1,), wants=True)).case
    assert case.due_at == POSTED - years + 60 * MINUTE
    assert case.sort_at == POSTED + 60 * MINUTE
    assert case.band == Severity.MEDIUM.level


def test_a_live_post_brings_imported_history_onto_our_clock() -> None:
    years = timedelta(days=3650)
    then = facts(first_post_at=POSTED - years, last_post_at=POSTED - years, oldest_waiting=POSTED - years)
    born = opening(1, "x", then, NOW)
    old = after(born, events.PostsChanged(then, offset=years, joined=(1,), wants=True)).case
    mixed = replace(then, last_post_at=POSTED, posts_in=2)
    live = after(old, events.PostsChanged(mixed, offset=timedelta(0), joined=(2,), wants=True)).case
    assert live.clock_offset == timedelta(0)
    assert live.waiting_since == POSTED
    assert live.due_at == POSTED + 60 * MINUTE


def test_every_event_has_a_rule() -> None:
    with pytest.raises(TypeError, match="no rule"):
        decide(fresh(), "nonsense", POLICY, NOW)  # type: ignore[arg-type]
