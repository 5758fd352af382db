"""How much a source may bring: a bucket that fills again, each name its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amends.pipeline.pace import Pace

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_a_minutes_worth_at_once_and_then_as_fast_as_it_fills() -> None:
    pace = Pace(60)
    assert pace.wait("a", 60, NOW) == 0
    assert pace.wait("a", 1, NOW) == 1
    assert pace.wait("a", 30, NOW) == 30
    assert pace.wait("b", 60, NOW) == 0
    assert pace.wait("a", 30, NOW + timedelta(seconds=30)) == 0
    assert pace.wait("a", 1, NOW + timedelta(seconds=30)) == 1


def test_who_is_told_to_wait_so_long_gets_in_then() -> None:
    pace = Pace(1000)
    assert pace.wait("a", 900, NOW) == 0
    wait = pace.wait("a", 500, NOW)
    assert wait > 0
    assert pace.wait("a", 500, NOW + timedelta(seconds=wait)) == 0


def test_more_than_a_minutes_worth_goes_when_all_is_there() -> None:
    pace = Pace(10)
    assert pace.wait("a", 500, NOW) == 0
    assert pace.wait("a", 500, NOW) == 60


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    pace = Pace(60)
    assert pace.wait("a", 60, NOW) == 0
    assert pace.wait("a", 1, NOW - timedelta(hours=1)) == 1


def test_threads_take_no_more_than_there_is() -> None:
    pace = Pace(100)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: pace.wait("a", 1, NOW), range(400)))
    assert waits.count(0) == 100


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), max_size=60))
def test_never_more_than_the_bucket_and_what_filled_it(asked: list[tuple[int, int]]) -> None:
    pace, now, taken = Pace(60), NOW, 0
    for count, seconds in asked:
        now += timedelta(seconds=seconds)
        if pace.wait("a", count, now) == 0:
            taken += count
        assert taken <= 60 + (now - NOW).total_seconds() + 1e-6
