"""Who gets a case: limits hold, language and skill come first, turns are fair; and what goes back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from amends.core.assigning import Assignment, Colleague, Held, How, Need, choose, goes_back, returns_at
from amends.core.hours import EVERY_DAY, Calendar, OpeningHours

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROUND = Assignment(how=How.ROUND_ROBIN)
EVEN = Assignment(how=How.BALANCED)
OFFICE = Calendar(
    OpeningHours.model_validate({day: [{"opens": "09:00", "closes": "17:00"}] for day in EVERY_DAY[:5]}),
    ZoneInfo("UTC"),
)
words = st.frozensets(st.sampled_from(["en", "de", "fr"]), max_size=3)
teams = st.lists(
    st.builds(
        Colleague,
        id=st.integers(1, 20),
        present=st.booleans(),
        away=st.booleans(),
        languages=words,
        skills=st.frozensets(st.sampled_from(["refunds", "fire"])),
        limit=st.none() | st.integers(0, 4),
        open_cases=st.integers(0, 5),
        last_given_at=st.none() | st.integers(0, 3).map(lambda n: NOW - n * MINUTE),
    ),
    max_size=4,
    unique_by=lambda colleague: colleague.id,
)
needs = st.builds(
    Need,
    lang=st.sampled_from(["", "de", "de-AT", "fr"]),
    skills=st.frozensets(st.sampled_from(["refunds", "fire"])),
    not_to=st.frozensets(st.integers(1, 20), max_size=5),
)
rules = st.builds(
    Assignment,
    how=st.sampled_from(How),
    anybody=st.booleans(),
    usual_limit=st.none() | st.integers(1, 4),
    usual_load=st.integers(1, 30),
)


def given_at(minutes_ago: int) -> datetime:
    return NOW - minutes_ago * MINUTE


def fits(colleague: Colleague, need: Need) -> bool:
    lang = need.lang.partition("-")[0]
    return (not lang or lang in colleague.languages) and need.skills <= colleague.skills


def test_it_is_off_by_default() -> None:
    assert choose([Colleague(1)], Need(), Assignment()) is None


def test_round_robin_goes_to_whom_none_was_given_for_longest() -> None:
    team = [
        Colleague(1, last_given_at=given_at(5), open_cases=0),
        Colleague(2, last_given_at=given_at(9), open_cases=7),
        Colleague(3, last_given_at=given_at(1)),
    ]
    assert choose(team, Need(), ROUND) == 2
    assert choose([*team, Colleague(9)], Need(), ROUND) == 9
    assert choose([*team, Colleague(9), Colleague(8)], Need(), ROUND) == 8


def test_balanced_goes_to_the_smallest_share_of_the_limit_not_the_smallest_number() -> None:
    part_time, full_time = Colleague(1, limit=4, open_cases=2), Colleague(2, limit=20, open_cases=5)
    assert choose([part_time, full_time], Need(), EVEN) == 2
    assert choose([replace(part_time, open_cases=1), full_time], Need(), EVEN) == 1
    tied = [
        replace(part_time, open_cases=1, last_given_at=given_at(1)),
        replace(full_time, last_given_at=given_at(2)),
    ]
    assert choose(tied, Need(), EVEN) == 2


def test_without_a_limit_the_share_is_of_the_usual_load() -> None:
    free, limited = Colleague(1, open_cases=6), Colleague(2, limit=10, open_cases=4)
    assert choose([free, limited], Need(), EVEN) == 1
    assert choose([free, limited], Need(), Assignment(how=How.BALANCED, usual_load=10)) == 2
    usual = Assignment(how=How.BALANCED, usual_limit=6)
    assert choose([free], Need(), usual) is None
    assert choose([replace(free, limit=7)], Need(), usual) == 1


@pytest.mark.parametrize(
    "colleague",
    [
        Colleague(1, present=False),
        Colleague(1, away=True),
        Colleague(1, limit=3, open_cases=3),
        Colleague(1, limit=3, open_cases=4),
        Colleague(1, limit=0),
    ],
)
def test_who_is_not_there_or_has_enough_gets_nothing(colleague: Colleague) -> None:
    assert choose([colleague], Need(), EVEN) is None
    assert choose([colleague], Need(), ROUND) is None


def test_language_and_skill_come_before_whose_turn_it_is() -> None:
    able = Colleague(1, languages=frozenset({"fr"}), skills=frozenset({"refunds"}), last_given_at=NOW)
    speaks = Colleague(2, languages=frozenset({"fr"}), last_given_at=given_at(1))
    skilled = Colleague(3, skills=frozenset({"refunds"}), last_given_at=given_at(2))
    other = Colleague(4)
    need = Need("fr-CA", frozenset({"refunds"}))
    assert choose([other, skilled, speaks, able], need, ROUND) == 1
    assert choose([other, skilled, speaks], need, ROUND) == 2
    assert choose([other, skilled], need, ROUND) == 3
    assert choose([other], need, ROUND) == 4
    strict = Assignment(how=How.ROUND_ROBIN, anybody=False)
    assert choose([other, skilled, speaks, able], need, strict) == 1
    assert choose([other, skilled, speaks], need, strict) is None


def test_it_is_not_given_back_to_whom_it_was_taken_from() -> None:
    team = [Colleague(1), Colleague(2, last_given_at=NOW)]
    assert choose(team, Need(not_to=frozenset({1})), ROUND) == 2
    assert choose(team, Need(not_to=frozenset({1, 2})), ROUND) is None


@given(teams, needs, rules)
def test_who_is_chosen_is_there_has_room_and_fits_as_well_as_anybody_can(
    team: list[Colleague], need: Need, rule: Assignment
) -> None:
    def room(colleague: Colleague) -> bool:
        limit = rule.usual_limit if colleague.limit is None else colleague.limit
        return limit is None or colleague.open_cases < limit

    free = [c for c in team if c.present and not c.away and c.id not in need.not_to and room(c)]
    best = [c for c in free if fits(c, need)] or (free if rule.anybody else [])
    found = choose(team, need, rule)
    if rule.how is How.OFF or not best:
        assert found is None
    else:
        assert found in {colleague.id for colleague in best}


@given(teams, needs, rules, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_named_changes_nothing(
    team: list[Colleague], need: Need, rule: Assignment, dice: object
) -> None:
    shuffled = list(team)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(shuffled, need, rule) == choose(team, need, rule)


def handed_out(team: list[Colleague], rule: Assignment, cases: int) -> Counter[int]:
    """How many of so many cases each gets, one a minute."""
    people, got = {colleague.id: colleague for colleague in team}, Counter[int]()
    for number in range(cases):
        chosen = choose(people.values(), Need(), rule)
        if chosen is None:
            break
        got[chosen] += 1
        before = people[chosen]
        people[chosen] = replace(
            before, open_cases=before.open_cases + 1, last_given_at=NOW + number * MINUTE
        )
    return got


@given(st.integers(1, 6), st.integers(0, 60))
def test_round_robin_gives_everybody_the_same(people: int, cases: int) -> None:
    got = handed_out([Colleague(number) for number in range(people)], ROUND, cases)
    assert sum(got.values()) == cases
    assert max(got.values(), default=0) - min(got[number] for number in range(people)) <= 1


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(0, 80), st.sampled_from([ROUND, EVEN])
)
def test_limits_are_filled_and_never_passed(limits: list[int], cases: int, rule: Assignment) -> None:
    got = handed_out([Colleague(number, limit=limit) for number, limit in enumerate(limits)], rule, cases)
    assert all(got[number] <= limit for number, limit in enumerate(limits))
    assert sum(got.values()) == min(cases, sum(limits))


@given(st.lists(st.integers(1, 12), min_size=2, max_size=5), st.integers(0, 40))
def test_balanced_fills_everybody_alike(limits: list[int], cases: int) -> None:
    got = handed_out([Colleague(number, limit=limit) for number, limit in enumerate(limits)], EVEN, cases)
    shares = [Fraction(got[number], limit) for number, limit in enumerate(limits)]
    assert max(shares) - min(shares) <= max(Fraction(1, limit) for limit in limits)


CASES = [
    Held(1, touched=False, waiting=False, answering=False),
    Held(2, touched=True, waiting=True, answering=False),
    Held(3, touched=True, waiting=False, answering=False),
    Held(4, touched=False, waiting=True, answering=True),
    Held(5, touched=False, waiting=True, answering=False),
]


def test_after_a_while_away_the_untouched_and_the_waiting_go_back_and_one_being_answered_stays() -> None:
    assert goes_back(CASES, NOW, ROUND, None, NOW + 59 * MINUTE) == ()
    assert goes_back(CASES, NOW, ROUND, None, NOW + 60 * MINUTE) == (1, 2, 5)


def test_a_night_is_no_absence() -> None:
    evening = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)
    assert returns_at(evening, ROUND, OFFICE) == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert goes_back(CASES, evening, ROUND, OFFICE, datetime(2026, 3, 5, 9, 29, tzinfo=UTC)) == ()
    assert goes_back(CASES, evening, ROUND, OFFICE, datetime(2026, 3, 5, 9, 30, tzinfo=UTC)) == (1, 2, 5)


def test_where_no_calendar_goes_so_far_nothing_goes_back() -> None:
    rare = Calendar(
        OpeningHours.model_validate({"mon": [{"opens": "10:00", "closes": "10:01"}]}), ZoneInfo("UTC")
    )
    slow = Assignment(return_after_minutes=1000)
    assert returns_at(NOW, slow, rare) is None
    assert goes_back(CASES, NOW, slow, rare, NOW + timedelta(days=900)) == ()


def test_the_defaults_survive_their_spelling() -> None:
    assert Assignment.model_validate(Assignment().model_dump(mode="json")) == Assignment()
    limited = Assignment(how=How.BALANCED, usual_limit=8)
    assert Assignment.model_validate(limited.model_dump(mode="json")) == limited


@pytest.mark.parametrize(
    "document",
    [{"how": "random"}, {"usual_limit": 0}, {"usual_load": 0}, {"return_after_minutes": 0}, {"to": 1}],
)
def test_refuses_what_makes_no_sense(document: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Assignment.model_validate(document)
