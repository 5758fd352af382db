"""The ladder of a silence: each step once, the furthest after downtime, and no breach goes unheard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from amends.core import deadline
from amends.core.escalation import (
    Cause,
    Climb,
    Climbed,
    Does,
    Escalation,
    Handling,
    PassedOver,
    Step,
    Wait,
    at,
    climb,
)
from amends.core.hours import EVERY_DAY, Calendar, OpeningHours

SINCE = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WAIT = Wait(7, SINCE, 100 * MINUTE)
IDLE = Handling(assigned=True, touched=False)
RULE = Escalation()
OFFICE = Calendar(
    OpeningHours.model_validate({day: [{"opens": "09:00", "closes": "17:00"}] for day in EVERY_DAY[:5]}),
    ZoneInfo("Europe/Berlin"),
)
steps = st.lists(st.integers(10, 300), unique=True, max_size=8).flatmap(
    lambda percents: st.tuples(
        *(st.builds(Step, percent=st.just(p), does=st.sampled_from(Does)) for p in sorted(percents))
    )
)
rules = st.builds(Escalation, steps=steps)
handlings = st.builds(Handling, assigned=st.booleans(), touched=st.booleans())
ticks = st.lists(st.integers(0, 400), max_size=12).map(sorted)


def looked(
    minute: int,
    climbed: Climbed | None = None,
    handling: Handling = IDLE,
    wait: Wait = WAIT,
    rule: Escalation = RULE,
) -> Climb:
    return climb(wait, climbed, handling, rule, None, wait.since + minute * MINUTE)


def done(found: Climb) -> list[str]:
    return [act.cause.step for act in found.acts]


def test_each_step_is_taken_when_its_share_has_passed_and_not_before() -> None:
    assert looked(49) == Climb((), (), None, SINCE + 50 * MINUTE)
    climbed: Climbed | None = None
    taken: dict[str, int] = {}
    for minute in range(301):
        found = looked(minute, climbed)
        climbed = found.climbed
        taken |= dict.fromkeys(done(found), minute)
        assert not found.passed
    assert taken == {"nudge@50": 50, "offer@75": 75, "reassign@90": 90, "alert@100": 100, "alert@200": 200}
    assert climbed == Climbed(SINCE, 200, SINCE + 200 * MINUTE)
    assert looked(201, climbed).next_at is None


def test_after_downtime_only_the_furthest_is_taken_and_the_others_are_named() -> None:
    found = looked(110)
    assert done(found) == ["alert@100"]
    assert [(step.name, why) for step, why in found.passed] == [
        ("nudge@50", PassedOver.OVERTAKEN),
        ("offer@75", PassedOver.OVERTAKEN),
        ("reassign@90", PassedOver.OVERTAKEN),
    ]
    assert found.next_at == SINCE + 200 * MINUTE
    assert looked(111, found.climbed) == Climb((), (), found.climbed, found.next_at)


def test_an_alert_is_never_lost_behind_a_quieter_step() -> None:
    ladder = ((80, Does.ALERT), (100, Does.ALERT), (150, Does.REASSIGN))
    rule = Escalation(steps=tuple(Step(percent=percent, does=does) for percent, does in ladder))
    found = looked(160, rule=rule)
    assert done(found) == ["alert@100", "reassign@150"]
    assert [step.name for step, _ in found.passed] == ["alert@80"]


def test_steps_that_make_no_sense_are_passed_over_with_the_reason() -> None:
    nobody = looked(50, handling=Handling(assigned=False, touched=False))
    assert (nobody.acts, nobody.passed[0][1]) == ((), PassedOver.UNASSIGNED)
    assert done(looked(90, Climbed(SINCE, 75, SINCE + 75 * MINUTE), Handling(False, False))) == [
        "reassign@90"
    ]
    at_work = looked(90, handling=Handling(assigned=True, touched=True))
    assert done(at_work) == ["offer@75"]
    assert [(step.name, why) for step, why in at_work.passed] == [
        ("nudge@50", PassedOver.OVERTAKEN),
        ("reassign@90", PassedOver.TOUCHED),
    ]


def test_a_severity_raised_midway_shortens_the_target_and_repeats_nothing() -> None:
    first = looked(60)
    assert done(first) == ["nudge@50"]
    shorter = replace(WAIT, allowed=30 * MINUTE)
    now_late = climb(shorter, first.climbed, IDLE, RULE, None, SINCE + 61 * MINUTE)
    assert done(now_late) == ["alert@200"]
    assert [step.name for step, _ in now_late.passed] == ["offer@75", "reassign@90", "alert@100"]
    longer = climb(WAIT, now_late.climbed, IDLE, RULE, None, SINCE + 399 * MINUTE)
    assert (longer.acts, longer.next_at) == ((), None)


def test_a_new_silence_starts_the_ladder_anew_with_causes_of_its_own() -> None:
    first = looked(100)
    again = replace(WAIT, since=SINCE + 150 * MINUTE)
    anew = climb(again, first.climbed, IDLE, RULE, None, again.since + 50 * MINUTE)
    assert done(anew) == ["nudge@50"]
    assert anew.climbed == Climbed(again.since, 50, again.since + 50 * MINUTE)
    second = climb(again, anew.climbed, IDLE, RULE, None, again.since + 100 * MINUTE)
    assert first.acts[0].cause.step == second.acts[0].cause.step == "alert@100"
    assert first.acts[0].cause.key != second.acts[0].cause.key


@pytest.mark.parametrize("shift", [-30, 40])
def test_a_post_that_comes_late_or_goes_makes_no_new_silence(shift: int) -> None:
    """An older post of the wait came in out of order, or its first post was deleted."""
    first = looked(100)
    moved = replace(WAIT, since=SINCE + shift * MINUTE)
    later = climb(moved, first.climbed, IDLE, RULE, None, moved.since + 250 * MINUTE)
    assert done(later) == ["alert@200"]
    assert later.acts[0].cause.since == SINCE


def test_shares_are_of_working_time() -> None:
    friday = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)
    assert at(friday, HOUR, 50, OFFICE) == friday + 30 * MINUTE
    assert at(friday, HOUR, 100, OFFICE) == datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
    found = climb(Wait(7, friday, HOUR), None, IDLE, RULE, OFFICE, friday + 40 * HOUR)
    assert done(found) == ["nudge@50"]
    assert found.next_at == datetime(2026, 3, 9, 8, 15, tzinfo=UTC)


def test_a_share_beyond_every_calendar_never_comes() -> None:
    weekly = OpeningHours.model_validate({"mon": [{"opens": "10:00", "closes": "10:01"}]})
    calendar = Calendar(weekly, ZoneInfo("UTC"))
    endless = Wait(7, SINCE, timedelta(minutes=100))
    found = climb(endless, None, IDLE, RULE, calendar, SINCE + timedelta(days=7 * 80))
    assert done(found) == ["offer@75"]
    assert (
        climb(endless, found.climbed, IDLE, Escalation(steps=RULE.steps[-1:]), calendar, SINCE).next_at
        is None
    )


def test_a_cause_has_one_key_whatever_the_zone() -> None:
    local = SINCE.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert Cause(7, local, "alert@100").key == Cause(7, SINCE, "alert@100").key
    assert Cause(7, SINCE, "alert@100").key == "7/2026-03-04T12:00:00+00:00/alert@100"


@given(rules, handlings, ticks)
def test_whenever_it_is_looked_at_every_step_is_settled_once(
    rule: Escalation, handling: Handling, minutes: list[int]
) -> None:
    climbed, settled, causes = None, [], []
    for minute in minutes:
        found = looked(minute, climbed, handling, rule=rule)
        climbed = found.climbed
        settled += [*done(found), *(step.name for step, _ in found.passed)]
        causes += [act.cause.key for act in found.acts]
        assert len([act for act in found.acts if act.does is Does.ALERT]) <= 1
    came = [step.name for step in rule.steps if minutes and step.percent <= minutes[-1]]
    assert sorted(settled) == sorted(came)
    assert len(causes) == len(set(causes))


@given(rules, handlings, ticks, st.integers(0, 400))
def test_no_breach_goes_unheard(rule: Escalation, handling: Handling, minutes: list[int], last: int) -> None:
    climbed, heard = None, 0
    for minute in sorted([*minutes, last]):
        found = looked(minute, climbed, handling, rule=rule)
        climbed = found.climbed
        due = [step for step in rule.steps if step.does is Does.ALERT and step.percent <= minute]
        heard = max([heard, *(int(a.cause.step.split("@")[1]) for a in found.acts if a.does is Does.ALERT)])
        assert heard == (due[-1].percent if due else 0)


@given(rules, st.integers(0, 400), handlings)
def test_the_next_look_is_exactly_when_something_comes_due(
    rule: Escalation, minute: int, handling: Handling
) -> None:
    first = looked(minute, None, handling, rule=rule)
    if first.next_at is None:
        end = climb(WAIT, first.climbed, handling, rule, None, SINCE + 900 * HOUR)
        assert (end.acts, end.passed) == ((), ())
        return
    just_before = first.next_at - timedelta(microseconds=1)
    assert climb(WAIT, first.climbed, handling, rule, None, just_before) == replace(first, acts=(), passed=())
    then = climb(WAIT, first.climbed, handling, rule, None, first.next_at)
    assert len(then.acts) + len(then.passed) == 1


@given(st.integers(10, 300), st.integers(10, 300), st.integers(1, 5000), st.integers(0, 20_000))
def test_a_later_share_is_never_earlier(one: int, other: int, minutes: int, start: int) -> None:
    since, allowed = SINCE + start * MINUTE, minutes * MINUTE
    times = [at(since, allowed, percent, OFFICE) for percent in sorted((one, other))]
    assert times[0] is not None
    assert times[1] is not None
    assert times[0] <= times[1]
    assert at(since, allowed, 100, OFFICE) == deadline.after(since, allowed, OFFICE)


def test_the_defaults_survive_their_spelling_and_end_with_the_supervisor() -> None:
    assert Escalation.model_validate(RULE.model_dump(mode="json")) == RULE
    assert all(higher.percent > lower.percent for lower, higher in pairwise(RULE.steps))
    assert [step.percent for step in RULE.steps if step.does is Does.ALERT] == [100, 200]


@pytest.mark.parametrize(
    ("steps_given", "message"),
    [
        ([{"percent": 50, "does": "nudge"}, {"percent": 50, "does": "alert"}], "alert@50 has not"),
        ([{"percent": 9, "does": "nudge"}], "greater than or equal to 10"),
        ([{"percent": 301, "does": "nudge"}], "less than or equal to 300"),
        ([{"percent": 50, "does": "shout"}], "Input should be"),
        ([{"percent": 10 + n, "does": "nudge"} for n in range(13)], "at most 12"),
    ],
)
def test_refuses_a_ladder_that_makes_no_sense(steps_given: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Escalation.model_validate({"steps": steps_given})
