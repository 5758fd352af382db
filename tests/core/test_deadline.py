"""Deadlines against a slow, obvious oracle that walks minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.core import deadline
from amends.core.policy import EVERY_DAY, OpeningHours

BERLIN = ZoneInfo("Europe/Berlin")
SPLIT = OpeningHours.model_validate(
    {
        day: [{"opens": "08:00", "closes": "12:00"}, {"opens": "13:30", "closes": "18:00"}]
        for day in EVERY_DAY[:5]
    }
    | {"sat": [{"opens": "22:00", "closes": "00:00"}], "sun": [{"opens": "00:00", "closes": "04:00"}]}
)
MINUTE = timedelta(minutes=1)


def open_at(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return any(
        span.opens <= local.time() and (span.closes == time(0) or local.time() < span.closes)
        for span in SPLIT.on(local.weekday())
    )


def oracle(start: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    at, left = start, minutes
    while left:
        left -= open_at(at, zone)
        at += MINUTE
    return at


starts = st.integers(0, 2 * 366 * 24 * 60).map(lambda n: datetime(2027, 6, 1, tzinfo=UTC) + n * MINUTE)


@settings(max_examples=150, deadline=None)
@given(
    starts,
    st.integers(1, 1500),
    st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]),
)
def test_agrees_with_the_oracle(start: datetime, minutes: int, zone: ZoneInfo) -> None:
    assert deadline.after(start, minutes * MINUTE, SPLIT, zone) == oracle(start, minutes, zone)


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 28, 20, 0, tzinfo=UTC), datetime(2026, 10, 24, 19, 0, tzinfo=UTC)]
)
def test_agrees_with_the_oracle_in_the_nights_the_clocks_change(night: datetime) -> None:
    for minutes in range(1, 500, 7):
        assert deadline.after(night, minutes * MINUTE, SPLIT, BERLIN) == oracle(night, minutes, BERLIN)


@given(starts, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
def test_without_hours_every_minute_counts(start: datetime, allowed: timedelta) -> None:
    assert deadline.after(start, allowed, None, BERLIN) == start + allowed


def test_a_target_beyond_two_years_of_opening_is_refused() -> None:
    hours = OpeningHours.model_validate({"mon": [{"opens": "10:00", "closes": "10:01"}]})
    with pytest.raises(ValueError, match="two years"):
        deadline.after(datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1), hours, BERLIN)
