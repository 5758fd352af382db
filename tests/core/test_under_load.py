"""The order of the inbox when there is too much to do: the severe do not wait, and nobody starves."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.core.waiting_line import START, TARGETS, Order, Waiting, arrivals, worked

from amends.core.harm import Stakes, harm
from amends.core.priority import BANDS, Place, rank
from amends.core.values import Kind, Severity

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEVER = 10_000 * DAY
Waits = dict[Severity, list[timedelta]]


def by_harm(lift_after: timedelta) -> Order:
    return lambda case, now: rank(case.points, case.due_at, case.came, now, lift_after)


def by_deadline(case: Waiting, now: datetime) -> Place:
    return Place(0, case.due_at, None)


def mean(*spans: list[timedelta]) -> timedelta:
    every = [span for some in spans for span in some]
    return sum(every, timedelta(0)) / len(every)


def severe(waits: Waits) -> timedelta:
    return mean(waits[Severity.HIGH], waits[Severity.CRITICAL])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_three_days_of_half_too_much_the_severe_wait_a_fiftieth_and_the_least_at_most_twice_as_long(
    seed: int,
) -> None:
    cases = arrivals(seed, surge=3 * DAY, load=1.5, calm=5 * DAY)
    first_due, ranked = worked(cases, by_deadline), worked(cases, by_harm(DAY))
    in_turn = worked(cases, lambda case, now: Place(0, case.came, None))
    least, least_before = max(ranked[Severity.NONE]), max(first_due[Severity.NONE])
    print(  # noqa: T201 - the figures that the docs name; pytest -s shows them
        f"seed {seed}: severe waits {severe(in_turn) / HOUR:.1f} h in turn, {severe(first_due) / HOUR:.1f} h "
        f"by deadline, {severe(ranked) / HOUR:.2f} h by harm; the worst wait of a question "
        f"{least_before / HOUR:.0f} h by deadline, {least / HOUR:.0f} h by harm"
    )
    assert severe(first_due) > severe(in_turn) / 2, "by deadline alone it hardly matters how severe it is"
    assert severe(ranked) < severe(first_due) / 50
    assert least < 2 * least_before
    assert sum(map(len, ranked.values())) == len(cases)


def test_the_floor_shortens_the_longest_wait() -> None:
    cases = arrivals(4, surge=10 * DAY, load=1.5, calm=10 * DAY)
    floor, none = worked(cases, by_harm(DAY / 2)), worked(cases, by_harm(NEVER))
    longest = {name: max(map(max, waits.values())) for name, waits in (("floor", floor), ("none", none))}
    assert longest["floor"] < longest["none"] * 0.75


def test_one_question_under_an_endless_stream_of_danger_is_answered_once_it_is_at_the_top() -> None:
    minutes = timedelta(minutes=1)
    grave = harm(Stakes(Kind.COMPLAINT, Severity.CRITICAL, frozenset({"safety"}))).points
    asked = harm(Stakes(Kind.QUESTION, Severity.NONE)).points
    stream = [
        Waiting(START + n * 6 * minutes, Severity.CRITICAL, grave, 6 * minutes) for n in range(240 * 20)
    ]
    question = Waiting(START + minutes, Severity.NONE, asked, 6 * minutes)
    cases = sorted([question, *stream], key=lambda case: case.came)
    lift_after = DAY / 2
    waited = worked(cases, by_harm(lift_after))[Severity.NONE][0]
    at_the_top = TARGETS[Severity.NONE] * minutes + (BANDS - 1) * lift_after
    assert at_the_top - lift_after <= waited <= at_the_top + 12 * minutes
    assert worked(cases, by_harm(NEVER))[Severity.NONE][0] > 19 * DAY
