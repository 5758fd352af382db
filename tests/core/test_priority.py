"""The order of the inbox: severity, then time left, and nothing starves."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW

from amends.core.priority import at_rest, place, why
from amends.core.values import Severity

DAY = timedelta(days=1)
severities = st.sampled_from(list(Severity))
spans = st.timedeltas(min_value=-20 * DAY, max_value=20 * DAY)


@given(severities, severities, spans, spans)
def test_severity_comes_first_among_what_is_within_a_day_of_its_target(
    one: Severity, other: Severity, due: timedelta, later: timedelta
) -> None:
    first = place(one, NOW + abs(due), NOW - DAY, NOW, DAY)
    second = place(other, NOW + abs(later), NOW - DAY, NOW, DAY)
    if one.level > other.level:
        assert first.band > second.band
    if one is other:
        assert first.band == second.band
        assert (first.sort_at <= second.sort_at) == (abs(due) <= abs(later))


@given(severities, spans)
def test_whatever_waits_long_enough_reaches_the_top(severity: Severity, due: timedelta) -> None:
    late = NOW + due
    reached = place(severity, late, NOW - 30 * DAY, late + 4 * DAY, DAY)
    assert reached.band == Severity.CRITICAL.level
    assert reached.lift_at is None


@given(severities, spans, st.timedeltas(min_value=timedelta(0), max_value=10 * DAY))
def test_a_place_holds_until_its_lift_and_changes_then(
    severity: Severity, due: timedelta, waited: timedelta
) -> None:
    now = NOW + waited
    before = place(severity, NOW + due, NOW, now, DAY)
    if before.lift_at is None:
        assert before.band == Severity.CRITICAL.level
        return
    assert before.lift_at > now
    just_before = place(severity, NOW + due, NOW, before.lift_at - timedelta(microseconds=1), DAY)
    assert just_before.band == before.band
    assert place(severity, NOW + due, NOW, before.lift_at, DAY).band == before.band + 1


def test_time_waited_before_the_list_does_not_lift() -> None:
    assert place(Severity.LOW, NOW - 90 * DAY, NOW, NOW, DAY).band == Severity.LOW.level


def test_who_does_not_wait_is_below_all_who_do() -> None:
    assert at_rest(NOW).band < place(Severity.NONE, NOW, NOW, NOW, DAY).band


def test_every_place_says_why() -> None:
    assert "Nobody waits" in why(Severity.HIGH, -1, None, NOW)
    assert "within" in why(Severity.HIGH, 3, NOW + DAY, NOW)
    assert "over" in why(Severity.HIGH, 3, NOW - DAY, NOW)
    assert "Lifted" in why(Severity.LOW, 3, NOW - DAY, NOW)
