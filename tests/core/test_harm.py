"""The harm of waiting: what is worse never counts less, fame never outranks danger, and all of it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core.harm import DANGERS, MOST, Harm, Reason, Stakes, harm, words
from amends.core.priority import band
from amends.core.values import Kind, Severity, Standing

SIGNALS = ("safety", "health", "legal", "vulnerable", "self-harm", "journalist")
GRIEVANCES = tuple(Severity)[1:]
signals = st.frozensets(st.sampled_from(SIGNALS))
stakes = st.builds(
    Stakes,
    kind=st.sampled_from(list(Kind)),
    severity=st.sampled_from(list(Severity)),
    urgent=signals,
    heat=st.integers(0, 100),
    trend=st.integers(-100, 100),
    waiting_posts=st.integers(0, 50),
    cases_before=st.integers(0, 20),
    reach=st.none() | st.integers(0, 10**9),
    public=st.booleans(),
    standing=st.sampled_from(list(Standing)),
)
LOUDEST = Stakes(
    Kind.COMPLAINT,
    Severity.LOW,
    heat=100,
    trend=100,
    waiting_posts=99,
    cases_before=99,
    reach=10**9,
    public=True,
    standing=Standing.PRIORITY,
)


def points(of: Stakes) -> int:
    return harm(of).points


@given(stakes, st.data())
def test_what_is_worse_never_counts_less(known: Stakes, data: st.DataObject) -> None:
    worse = replace(
        known,
        severity=Severity.of_level(known.severity.level + data.draw(st.integers(0, 4))),
        urgent=known.urgent | data.draw(signals),
        heat=known.heat + data.draw(st.integers(0, 150)),
        trend=known.trend + data.draw(st.integers(0, 250)),
        waiting_posts=known.waiting_posts + data.draw(st.integers(0, 9)),
        cases_before=known.cases_before + data.draw(st.integers(0, 9)),
        reach=(known.reach or 0) + data.draw(st.integers(0, 10**7)),
        public=True,
        standing=Standing.PRIORITY if data.draw(st.booleans()) else known.standing,
    )
    assert points(worse) >= points(known)
    assert band(points(worse)) >= band(points(known))


@given(stakes)
def test_every_step_of_severity_and_every_first_signal_counts(known: Stakes) -> None:
    calm = replace(known, urgent=frozenset(), kind=Kind.COMPLAINT)
    rising = [points(replace(calm, severity=severity)) for severity in GRIEVANCES]
    assert rising == sorted(set(rising))
    assert all(points(replace(calm, urgent=frozenset({signal}))) > points(calm) for signal in SIGNALS)


@given(stakes, st.sampled_from(sorted(DANGERS)), st.integers(0, 10**9))
def test_fame_never_outranks_danger(known: Stakes, danger: str, followers: int) -> None:
    quiet = replace(
        known, urgent=known.urgent - DANGERS, reach=None, public=False, standing=Standing.ORDINARY
    )
    famous = replace(
        quiet,
        urgent=quiet.urgent | {"journalist"},
        reach=followers,
        public=True,
        standing=Standing.PRIORITY,
    )
    assert points(replace(quiet, urgent=quiet.urgent | {danger})) > points(famous)


@given(stakes, st.integers(0, 10**9))
def test_fame_never_outranks_a_step_of_severity(known: Stakes, followers: int) -> None:
    plain = replace(known, kind=Kind.COMPLAINT, urgent=frozenset(), reach=None, public=False)
    plain = replace(plain, standing=Standing.ORDINARY)
    for lower, higher in pairwise(GRIEVANCES):
        famous = replace(plain, reach=followers, public=True, standing=Standing.PRIORITY, severity=lower)
        assert points(famous) < points(replace(plain, severity=higher))


def test_noise_lifts_past_one_step_of_severity_and_never_past_two() -> None:
    loud = [points(replace(LOUDEST, severity=severity)) for severity in GRIEVANCES]
    quiet = [points(Stakes(Kind.COMPLAINT, severity)) for severity in GRIEVANCES]
    assert all(loud[level] > quiet[level + 1] for level in range(3))
    assert all(loud[level] < quiet[level + 2] for level in range(2))
    asked = replace(LOUDEST, kind=Kind.QUESTION, severity=Severity.NONE)
    assert points(asked) < quiet[2]


@pytest.mark.parametrize("danger", sorted(DANGERS))
def test_noise_never_outweighs_danger(danger: str) -> None:
    for severity in GRIEVANCES:
        endangered = Stakes(Kind.COMPLAINT, severity, frozenset({danger}))
        assert points(replace(LOUDEST, severity=severity)) < points(endangered)


def test_reach_counts_by_powers_of_ten_up_to_a_cap_and_only_in_public() -> None:
    seen = Stakes(Kind.COMPLAINT, Severity.LOW, public=True)
    alone = points(seen)
    counted = [points(replace(seen, reach=reach)) - alone for reach in (0, 100, 1000, 10_000, 10**5, 10**8)]
    assert counted == [0, 0, 10, 20, 30, 30]
    assert points(replace(seen, public=False, reach=10**8)) == points(replace(seen, public=False))


def test_a_calmer_person_and_a_first_post_add_nothing() -> None:
    plain = Stakes(Kind.COMPLAINT, Severity.HIGH)
    assert harm(replace(plain, trend=-80, waiting_posts=0)) == harm(plain)
    assert harm(plain) == Harm(370, (Reason("severity", 370, 3),))


def test_signs_overlap_so_that_further_ones_count_little() -> None:
    fire = Stakes(Kind.COMPLAINT, Severity.CRITICAL, frozenset({"safety"}))
    both = replace(fire, urgent=frozenset({"safety", "health"}))
    assert points(both) - points(fire) == 30


@given(stakes)
def test_the_reasons_add_up_strongest_first_and_survive_json(known: Stakes) -> None:
    found = harm(known)
    assert found.points == min(MOST, sum(reason.points for reason in found.reasons))
    assert 0 <= found.points <= MOST
    assert [r.points for r in found.reasons] == sorted((r.points for r in found.reasons), reverse=True)
    assert len({reason.code for reason in found.reasons}) == len(found.reasons)
    assert tuple(Reason(*item) for item in json.loads(json.dumps(found.reasons))) == found.reasons


@given(stakes)
def test_every_reason_has_one_line_of_words(known: Stakes) -> None:
    for reason in harm(known).reasons:
        line = words(reason)
        assert line[0].isupper() or line[0].isdigit()
        assert "\n" not in line
        assert not line.endswith(".")


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        (Reason("urgent:safety", 350), "Safety is at stake"),
        (Reason("urgent:flood", 100), "Marked as urgent: flood"),
        (Reason("waiting_posts", 45, 4), "Wrote 4 times without an answer"),
        (Reason("reach", 26, 48_000), "48,000 people follow them"),
        (Reason("severity", 370, 3), "Severity high"),
        (Reason("cases_before", 12, 1), "1 earlier complaint in 90 days"),
        (Reason("cases_before", 20, 2), "2 earlier complaints in 90 days"),
        (Reason("heat", 40, 80), "Very angry"),
        (Reason("heat", 20, 40), "Angry"),
        (Reason("question", 15), "A question"),
        (Reason("spam", 0), "Neither complaint, question nor request"),
    ],
)
def test_reasons_in_words(reason: Reason, line: str) -> None:
    assert words(reason) == line


def test_a_signal_that_nobody_weighed_counts_less_than_danger_and_is_told() -> None:
    unknown = harm(Stakes(Kind.COMPLAINT, Severity.LOW, frozenset({"flood"})))
    assert unknown.reasons[1] == Reason("urgent:flood", 100)
