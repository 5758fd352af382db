"""The order of the inbox: harm of waiting, then time left, and nothing starves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW

from amends.core.harm import MOST, Harm, Reason, Stakes, harm
from amends.core.priority import BANDS, NOT_WAITING, band, explain, rank
from amends.core.values import Kind, Severity

DAY = timedelta(days=1)
spans = st.timedeltas(min_value=-20 * DAY, max_value=20 * DAY)


points = st.integers(0, MOST)
lifts_after = st.timedeltas(min_value=timedelta(minutes=1), max_value=3 * DAY)
MICROSECOND = timedelta(microseconds=1)
HARM = Harm(415, (Reason("severity", 370, 3), Reason("waiting_posts", 45, 4)))


@given(points, points)
def test_bands_are_few_and_never_fall_as_harm_grows(one: int, other: int) -> None:
    assert 0 <= band(one) < BANDS <= 12
    assert one > other or band(one) <= band(other)
    assert {band(0), band(MOST)} == {0, BANDS - 1}


@given(points, points, spans, spans)
def test_within_their_targets_harm_comes_first_and_the_target_orders_a_band(
    one: int, other: int, due: timedelta, later: timedelta
) -> None:
    first = rank(one, NOW + abs(due), NOW - DAY, NOW, DAY)
    second = rank(other, NOW + abs(later), NOW - DAY, NOW, DAY)
    assert (first.band, second.band) == (band(one), band(other))
    assert (first.sort_at <= second.sort_at) == (abs(due) <= abs(later))


@given(points, spans, spans, lifts_after)
def test_whoever_waits_is_at_the_top_in_time(
    harm_points: int, due: timedelta, listed: timedelta, lift_after: timedelta
) -> None:
    starving_since = NOW + max(due, listed)
    at = starving_since + (BANDS - 1) * lift_after
    reached = rank(harm_points, NOW + due, NOW + listed, at, lift_after)
    assert (reached.band, reached.lift_at) == (BANDS - 1, None)


@given(points, spans, st.timedeltas(min_value=timedelta(0), max_value=10 * DAY), lifts_after)
def test_a_rank_holds_until_its_lift_and_changes_exactly_then(
    harm_points: int, due: timedelta, waited: timedelta, lift_after: timedelta
) -> None:
    now = NOW + waited
    before = rank(harm_points, NOW + due, NOW, now, lift_after)
    if before.lift_at is None:
        assert before.band == BANDS - 1
        assert rank(harm_points, NOW + due, NOW, now + 900 * DAY, lift_after) == before
        return
    assert before.lift_at > now
    assert rank(harm_points, NOW + due, NOW, before.lift_at - MICROSECOND, lift_after) == before
    assert rank(harm_points, NOW + due, NOW, before.lift_at, lift_after).band == before.band + 1


@given(points, spans, spans, lifts_after, st.data())
def test_who_is_ahead_at_equal_harm_stays_ahead(
    harm_points: int, due: timedelta, later: timedelta, lift_after: timedelta, data: st.DataObject
) -> None:
    ahead, behind = sorted((NOW + due, NOW + later))
    at = NOW + data.draw(st.timedeltas(min_value=timedelta(0), max_value=60 * DAY))
    first, second = (rank(harm_points, due_at, NOW, at, lift_after) for due_at in (ahead, behind))
    assert (-first.band, first.sort_at) <= (-second.band, second.sort_at)


def test_time_waited_before_the_list_does_not_lift_a_rank() -> None:
    assert rank(140, NOW - 90 * DAY, NOW, NOW, DAY).band == band(140)


@pytest.mark.parametrize(
    ("due_in", "told"),
    [
        (timedelta(minutes=14, seconds=59), "14 min left of its target"),
        (timedelta(seconds=20), "less than a minute left of its target"),
        (timedelta(0), "Over its target for less than a minute"),
        (-timedelta(minutes=14), "Over its target for 14 min"),
        (-timedelta(hours=3, minutes=5), "Over its target for 3 h 5 min"),
        (-timedelta(hours=3), "Over its target for 3 h"),
        (-timedelta(days=1), "Over its target for 1 day"),
        (-timedelta(days=2, hours=4), "Over its target for 2 days 4 h"),
    ],
)
def test_the_time_is_told_last(due_in: timedelta, told: str) -> None:
    lines = ("Severity high", "Wrote 4 times without an answer", told)
    assert explain(HARM, band(HARM.points), NOW + due_in, NOW) == lines


def test_a_lift_is_told_among_the_reasons_as_strong_as_it_is() -> None:
    late = NOW - 2 * DAY
    assert explain(HARM, 6, late, NOW)[:2] == (
        "Severity high",
        "Lifted 2 bands because it has waited so long over its target",
    )
    assert explain(HARM, 9, late, NOW)[0].startswith("Lifted 5 bands")
    assert explain(HARM, 5, late, NOW)[1].startswith("Lifted 1 band ")


@given(spans)
def test_who_waits_is_told_at_least_one_reason_and_the_time(due: timedelta) -> None:
    of_a_question = harm(Stakes(Kind.QUESTION, Severity.NONE))
    stands = rank(of_a_question.points, NOW + due, NOW - DAY, NOW, DAY).band
    lines = explain(of_a_question, stands, NOW + due, NOW)
    assert "A question" in lines
    assert "target" in lines[-1]
    assert explain(of_a_question, NOT_WAITING, None, NOW) == ("Nobody waits for an answer.",)
