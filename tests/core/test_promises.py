"""Who is owed the next word by when: promises, the customer's turn, pauses of the resolution clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.core.made import NOW, POLICY, POSTED, facts, fresh

from amends.core import events
from amends.core.case import Case, NotPossible, Outcome, Promise
from amends.core.decide import decide
from amends.core.priority import NOT_WAITING
from amends.core.values import CaseState, Kind, Resolution, Visibility

KEY = "0b8f6c3e-5f0e-4d5e-9f53-1c9c4f1f8a11"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TO_RESOLVE = POLICY.resolution_target("fake", fresh().severity)
QUIET = facts(oldest_waiting=None, first_answer_at=NOW)


def after(case: Case, event: events.Event, now: datetime = NOW) -> Outcome:
    return decide(case, event, POLICY, now)


def actions(outcome: Outcome) -> list[str]:
    return [entry.action for entry in outcome.entries]


def written(case: Case, *, hands_over: bool = False, now: datetime = NOW) -> Case:
    event = events.ReplyWritten(KEY, "We look.", 71, 5, Visibility.PUBLIC, hands_over)
    return after(case, event, now).case


def stood(case: Case, now: datetime = NOW, **more: object) -> Outcome:
    event = events.ReplyStood(KEY, QUIET, now, now)
    return after(case, replace(event, **more), now)  # type: ignore[arg-type]


def answered(now: datetime = NOW) -> Case:
    return stood(written(fresh(), now=now), now).case


def promised(until: datetime = NOW + 3 * HOUR) -> Case:
    return after(answered(), events.Promised(until)).case


def test_who_was_promised_an_update_is_owed_one_by_then() -> None:
    case = promised()
    assert (case.due_at, case.waiting_since) == (NOW + 3 * HOUR, None)
    assert case.band > NOT_WAITING
    assert case.sort_at == NOW + 3 * HOUR


def test_a_promise_takes_the_place_of_the_target_of_its_silence() -> None:
    case = after(fresh(), events.Promised(NOW + 5 * HOUR)).case
    assert case.waiting_since == POSTED
    assert case.due_at == NOW + 5 * HOUR


@pytest.mark.parametrize(("hours", "in_time"), [(3, True), (4, False)])
def test_an_answer_keeps_a_promise_in_time_or_breaks_it(hours: int, in_time: bool) -> None:
    at = NOW + hours * HOUR
    outcome = stood(promised(), at)
    assert actions(outcome) == ["reply sent", "promise answered"]
    assert outcome.entries[1].content == {"until": NOW + 3 * HOUR, "in_time": in_time}
    assert (outcome.case.promise, outcome.case.due_at) == (None, None)


def test_an_answer_that_was_on_its_way_when_the_promise_was_made_does_not_keep_it() -> None:
    case = after(written(fresh()), events.Promised(NOW + HOUR), NOW + MINUTE).case
    outcome = stood(case, NOW + 2 * MINUTE, written_at=NOW)
    assert actions(outcome) == ["reply sent"]
    assert outcome.case.due_at == NOW + HOUR


def test_an_answer_from_elsewhere_keeps_a_promise_too() -> None:
    event = events.PostsChanged(QUIET, joined=(90,), answered_at=NOW + HOUR)
    outcome = after(promised(), event, NOW + HOUR)
    assert "promise answered" in actions(outcome)
    assert outcome.case.promise is None


def test_a_newer_wait_that_is_due_sooner_comes_before_the_promise() -> None:
    wrote = NOW + 10 * MINUTE
    newer = replace(QUIET, oldest_waiting=wrote, last_post_at=wrote, posts_in=2)
    event = events.PostsChanged(newer, offset=timedelta(0), joined=(72,), wants=True)
    case = after(promised(NOW + 5 * HOUR), event, wrote).case
    assert case.due_at == wrote + HOUR
    assert case.promise is not None
    late = after(promised(NOW + 30 * MINUTE), event, wrote).case
    assert late.due_at == NOW + 30 * MINUTE


def test_a_promise_needs_a_future_and_an_open_case_and_ends_with_it() -> None:
    with pytest.raises(NotPossible, match="future"):
        after(fresh(), events.Promised(NOW))
    done = after(promised(), events.Resolved(Resolution.ANSWERED, "refunded")).case
    assert (done.promise, done.due_at) == (None, None)
    with pytest.raises(NotPossible, match="resolved"):
        after(done, events.Promised(NOW + HOUR))


def test_while_we_wait_for_the_customer_the_resolution_clock_stands() -> None:
    case = answered()
    assert case.resolution_due_at == POSTED + TO_RESOLVE
    waits = after(case, events.CustomersTurn("their order number")).case
    assert (waits.customer_since, waits.resolution_due_at) == (NOW, None)
    ours = after(waits, events.OurTurn("found it ourselves"), NOW + 5 * HOUR)
    assert actions(ours) == ["goes on without the customer"]
    assert ours.case.customer_since is None
    assert ours.case.resolution_due_at == POSTED + TO_RESOLVE + 5 * HOUR


def test_the_customers_word_ends_their_turn_and_the_silence_clock_never_stands() -> None:
    waits = after(answered(), events.CustomersTurn("their order number")).case
    wrote = NOW + 2 * HOUR
    newer = replace(QUIET, oldest_waiting=wrote, last_post_at=wrote, posts_in=2)
    event = events.PostsChanged(newer, offset=timedelta(0), joined=(72,), wants=True)
    outcome = after(waits, event, wrote)
    assert actions(outcome) == ["posts joined", "customer wrote"]
    assert outcome.case.due_at == wrote + HOUR
    assert outcome.case.resolution_due_at == POSTED + TO_RESOLVE + 2 * HOUR


def test_nobody_waits_for_a_customer_who_waits_for_us() -> None:
    with pytest.raises(NotPossible, match="Answer first"):
        after(fresh(), events.CustomersTurn("their order number"))
    with pytest.raises(NotPossible, match="what you wait for"):
        after(answered(), events.CustomersTurn(" "))
    waits = after(answered(), events.CustomersTurn("their order number")).case
    with pytest.raises(NotPossible, match="already"):
        after(waits, events.CustomersTurn("again"))
    with pytest.raises(NotPossible, match="do not wait"):
        after(answered(), events.OurTurn("on we go"))
    with pytest.raises(NotPossible, match="why"):
        after(waits, events.OurTurn(""))


def test_an_answer_hands_over_once_it_stands() -> None:
    sent = written(fresh(), hands_over=True)
    assert (sent.hands_over, sent.customer_since) == (True, None)
    outcome = stood(sent, NOW + MINUTE)
    assert actions(outcome) == ["reply sent", "waits for the customer"]
    assert (outcome.case.hands_over, outcome.case.customer_since) == (False, NOW + MINUTE)


def test_a_refused_answer_and_one_that_was_overtaken_hand_nothing_over() -> None:
    sent = written(fresh(), hands_over=True)
    refused = after(sent, events.ReplyFailed(KEY, "blocked", certain=True)).case
    assert (refused.hands_over, refused.customer_since) == (False, None)
    wrote = NOW + MINUTE
    waiting = replace(QUIET, oldest_waiting=wrote, last_post_at=wrote, posts_in=2)
    overtaken = after(sent, events.ReplyStood(KEY, waiting, wrote, NOW), wrote).case
    assert (overtaken.hands_over, overtaken.customer_since) == (False, None)


def test_what_was_closed_is_no_time_of_ours() -> None:
    done = after(answered(), events.Resolved(Resolution.ANSWERED, "refunded")).case
    assert done.resolution_due_at is None
    again = after(done, events.Reopened("not refunded"), NOW + 3 * DAY).case
    assert (again.state, again.pauses) == (CaseState.OPEN, ((NOW, NOW + 3 * DAY),))
    assert again.resolution_due_at == POSTED + TO_RESOLVE + 3 * DAY


def test_a_person_says_that_thanks_need_an_answer() -> None:
    thanks = NOW + HOUR
    waiting = replace(QUIET, kind=Kind.COMPLAINT, oldest_waiting=thanks, last_post_at=thanks, posts_in=2)
    outcome = after(answered(), events.NeedsAnswer(72, thanks, waiting), thanks)
    assert actions(outcome) == ["needs an answer"]
    assert (outcome.case.waiting_since, outcome.case.due_at) == (thanks, thanks + HOUR)
    with pytest.raises(NotPossible, match="an answer already"):
        after(answered(), events.NeedsAnswer(72, thanks, QUIET), thanks)


def test_what_needed_none_before_that_post_goes_on_needing_none() -> None:
    thanks = NOW + HOUR
    settled = replace(answered(), settled_until=thanks, settled_at=thanks)
    waiting = replace(QUIET, oldest_waiting=thanks, last_post_at=thanks, posts_in=2)
    case = after(settled, events.NeedsAnswer(72, thanks, waiting), thanks).case
    assert case.settled_until == thanks - timedelta.resolution


def held() -> Case:
    promise = Promise(NOW, NOW + 4 * HOUR)
    return replace(fresh(), promise=promise, held_at=NOW, sends_open=1)


def test_a_holding_reply_ends_no_wait_and_is_no_first_answer() -> None:
    event = events.ReplyStood(KEY, facts(), NOW + MINUTE, NOW, automatic=True)
    outcome = after(held(), event, NOW + MINUTE)
    assert actions(outcome) == ["holding reply sent"]
    case = outcome.case
    assert (case.waiting_since, case.first_answer_at, case.sends_open) == (POSTED, None, 0)
    assert case.due_at == NOW + 4 * HOUR


def test_a_refused_holding_reply_promised_nothing_and_is_not_tried_again() -> None:
    refused = after(held(), events.ReplyFailed(KEY, "blocked", certain=True, automatic=True)).case
    assert (refused.promise, refused.held_at) == (None, NOW)
    assert refused.due_at == POSTED + HOUR
    given_up = after(held(), events.SendSettled(KEY, again=False, why="not there", automatic=True)).case
    assert (given_up.promise, given_up.sends_open) == (None, 0)


def test_a_promise_that_a_person_made_meanwhile_outlives_a_refused_holding_reply() -> None:
    own = after(held(), events.Promised(NOW + 6 * HOUR), NOW + MINUTE).case
    refused = after(own, events.ReplyFailed(KEY, "blocked", certain=True, automatic=True), NOW + HOUR).case
    assert refused.due_at == NOW + 6 * HOUR
