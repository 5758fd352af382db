"""Deadlines and waits against a slow, obvious oracle, and what must hold of any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core import oracle
from tests.core.calendars import calendars, hard_instants, pauses
from tests.core.oracle import MINUTE, SECOND

from amends.core import deadline
from amends.core.hours import EVERY_DAY, Calendar, OpeningHours

BERLIN = ZoneInfo("Europe/Berlin")
SPLIT = OpeningHours.model_validate(
    {
        day: [{"opens": "08:00", "closes": "12:00"}, {"opens": "13:30", "closes": "18:00"}]
        for day in EVERY_DAY[:5]
    }
    | {"sat": [{"opens": "22:00", "closes": "00:00"}], "sun": [{"opens": "00:00", "closes": "04:00"}]}
)
AT_BERLIN = Calendar.of(SPLIT, BERLIN)
MICROSECOND = timedelta(microseconds=1)


def agrees(
    start: datetime,
    allowed: timedelta,
    calendar: Calendar,
    stands: oracle.Pauses,
    due: datetime | None,
    within: timedelta,
) -> bool:
    """Whether it falls due when the oracle says, or, where that has not found it, later than it looked."""
    try:
        found = deadline.after(start, allowed, calendar, stands)
    except ValueError:
        return due is None and calendar.hours.minutes_a_year * MINUTE < allowed
    return found == due if due is not None else found >= start + within


@settings(max_examples=80, deadline=None)
@given(st.data(), calendars(), st.integers(1, 900))
def test_agrees_with_the_oracle(data: st.DataObject, calendar: Calendar, minutes: int) -> None:
    start = data.draw(hard_instants(calendar.zone))
    stands = data.draw(pauses(calendar.zone))
    due = oracle.after(start, minutes, calendar.hours, calendar.zone, stands, most=6000)
    assert agrees(start, minutes * MINUTE, calendar, stands, due, within=6000 * MINUTE)


@settings(max_examples=50, deadline=None)
@given(st.data(), calendars(SECOND), st.integers(1, 600))
def test_agrees_with_the_oracle_to_the_second(data: st.DataObject, calendar: Calendar, seconds: int) -> None:
    start = data.draw(hard_instants(calendar.zone, SECOND))
    stands = data.draw(pauses(calendar.zone, SECOND))
    # so near a border that the few seconds walked cross it
    day = calendar.open_on(start.date())
    if day:
        start = data.draw(st.sampled_from([at for stretch in day for at in stretch])) - 300 * SECOND
    due = oracle.after(start, seconds, calendar.hours, calendar.zone, stands, step=SECOND, most=3000)
    assert agrees(start, seconds * SECOND, calendar, stands, due, within=3000 * SECOND)


@settings(max_examples=50, deadline=None)
@given(st.data(), calendars(), st.integers(-100, 4000))
def test_a_wait_agrees_with_the_oracle(data: st.DataObject, calendar: Calendar, minutes: int) -> None:
    start = data.draw(hard_instants(calendar.zone))
    stands = data.draw(pauses(calendar.zone))
    end = start + minutes * MINUTE
    waited = oracle.elapsed(start, end, calendar.hours, calendar.zone, stands)
    assert deadline.elapsed(start, end, calendar, stands) == waited


@settings(max_examples=60, deadline=None)
@given(hard_instants(BERLIN), st.integers(1, 900), pauses(BERLIN))
def test_without_hours_every_minute_counts_but_those_of_pauses(
    start: datetime, minutes: int, stands: list[tuple[datetime, datetime]]
) -> None:
    due = oracle.after(start, minutes, None, BERLIN, stands)
    assert deadline.after(start, minutes * MINUTE, None, stands) == due
    assert deadline.after(start, minutes * MINUTE, None) == start + minutes * MINUTE


anything = st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=4))


@settings(max_examples=100, deadline=None)
@given(st.data(), calendars(SECOND), anything, anything)
def test_what_holds_to_the_microsecond(
    data: st.DataObject, calendar: Calendar, allowed: timedelta, more: timedelta
) -> None:
    start = data.draw(hard_instants(calendar.zone, MICROSECOND))
    later = start + data.draw(st.timedeltas(timedelta(0), timedelta(days=9)))
    stands = data.draw(pauses(calendar.zone, MICROSECOND))
    try:
        due = deadline.after(start, allowed, calendar, stands)
        further = deadline.after(start, allowed + more, calendar, stands)
    except ValueError:
        assert calendar.hours.minutes_a_year * MINUTE < allowed + more
        return
    assert deadline.elapsed(start, due, calendar, stands) == allowed
    assert deadline.elapsed(start, due - MICROSECOND, calendar, stands) == allowed - MICROSECOND
    assert start < due < further
    assert deadline.after(due, more, calendar, stands) == further
    assert due.tzinfo is UTC
    middle = deadline.elapsed(start, later, calendar, stands)
    assert middle + deadline.elapsed(later, further, calendar, stands) >= allowed + more
    assert deadline.elapsed(later, start, calendar, stands) == timedelta(0)
    if middle <= allowed:
        assert deadline.after(later, allowed - middle, calendar, stands) <= max(due, later)
        assert due <= deadline.after(later, allowed, calendar, stands)


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 28, 20, 0, tzinfo=UTC), datetime(2026, 10, 24, 19, 0, tzinfo=UTC)]
)
def test_agrees_with_the_oracle_in_the_nights_the_clocks_change(night: datetime) -> None:
    for minutes in range(1, 500, 7):
        due = oracle.after(night, minutes, SPLIT, BERLIN)
        assert deadline.after(night, minutes * MINUTE, AT_BERLIN) == due


def hours(*spans: str, **more: object) -> OpeningHours:
    every = [dict(zip(("opens", "closes"), span.split("-"), strict=True)) for span in spans]
    return OpeningHours.model_validate(dict.fromkeys(EVERY_DAY, every) | more)


def open_on(day: str, zone: str, *spans: str) -> list[str]:
    calendar = Calendar.of(hours(*spans), ZoneInfo(zone))
    days = [datetime.fromisoformat(day).date() + timedelta(days=n) for n in (-1, 0, 1)]
    local = [tuple(at.astimezone(calendar.zone) for at in s) for d in days for s in calendar.open_on(d)]
    return [f"{a:%H:%M%z}-{b:%H:%M%z}" for a, b in local if day in (f"{a:%F}", f"{b:%F}")]


def test_the_clock_on_the_wall_says_when_it_is_open() -> None:
    assert open_on("2026-10-25", "Europe/Berlin", "02:15-02:45") == [
        "02:15+0200-02:45+0200",
        "02:15+0100-02:45+0100",
    ]
    assert open_on("2026-03-29", "Europe/Berlin", "02:15-02:45") == []
    assert open_on("2026-03-29", "Europe/Berlin", "02:15-03:15") == ["03:00+0200-03:15+0200"]
    assert open_on("2026-04-05", "Australia/Lord_Howe", "01:40-01:50") == [
        "01:40+1100-01:50+1100",
        "01:40+1030-01:50+1030",
    ]
    assert open_on("2011-12-30", "Pacific/Apia", "09:00-17:00") == []
    # There a minute after midnight was 23:01 of the day before again.
    assert open_on("2010-11-07", "America/St_Johns", "00:00-00:30") == [
        "00:00-0230-23:01-0330",
        "00:00-0330-00:30-0330",
    ]


def test_what_overlaps_or_touches_counts_once() -> None:
    calendar = Calendar.of(hours("09:00-12:00", "12:00-13:00", "10:00-11:00", "22:00-00:00"), BERLIN)
    start = datetime(2026, 7, 6, 0, tzinfo=BERLIN)
    assert deadline.elapsed(start, start + timedelta(days=1), calendar) == timedelta(hours=6)
    assert calendar.hours.minutes_a_week == 7 * 6 * 60


def test_special_days_go_before_holidays_and_holidays_before_the_week() -> None:
    known = hours(
        "09:00-17:00",
        holidays=[{"country": "de", "subdivision": "by"}],
        special_days=[
            {"date": "2026-12-24", "spans": [], "note": "Christmas Eve"},
            {"date": "2026-12-26", "spans": [{"opens": "10:00", "closes": "11:00"}]},
        ],
    )
    calendar = Calendar.of(known, BERLIN)
    start = datetime(2026, 12, 23, 16, tzinfo=BERLIN)
    assert deadline.after(start, timedelta(hours=2), calendar) == datetime(2026, 12, 26, 11, tzinfo=BERLIN)
    assert deadline.after(start, timedelta(hours=3), calendar) == datetime(2026, 12, 27, 10, tzinfo=BERLIN)
    corpus_christi = datetime(2026, 6, 4, 12, tzinfo=BERLIN)
    assert calendar.hours.on(corpus_christi.date()) == ()


def test_hours_may_have_a_zone_of_their_own() -> None:
    calendar = Calendar.of(hours("09:00-17:00", time_zone="Asia/Kathmandu"), BERLIN)
    due = deadline.after(datetime(2026, 7, 6, 0, tzinfo=UTC), MINUTE, calendar)
    assert due == datetime(2026, 7, 6, 3, 16, tzinfo=UTC)


def test_a_pause_of_years_only_puts_the_deadline_off() -> None:
    start = datetime(2026, 7, 6, 8, tzinfo=BERLIN)
    pause = (start + timedelta(hours=1), datetime(2031, 7, 7, 8, tzinfo=BERLIN))
    due = deadline.after(start, timedelta(hours=2), AT_BERLIN, [pause])
    assert due == datetime(2031, 7, 7, 9, tzinfo=BERLIN)
    endless = (start, datetime.max.replace(tzinfo=UTC))
    for calendar in (AT_BERLIN, None):
        with pytest.raises(ValueError, match="does not fit"):
            deadline.after(start, MINUTE, calendar, [endless])


def test_nothing_allowed_is_due_at_once() -> None:
    closed = datetime(2026, 7, 5, 23, tzinfo=BERLIN)
    assert deadline.after(closed, timedelta(0), AT_BERLIN) == closed


def test_a_target_beyond_two_years_of_opening_is_refused() -> None:
    little = OpeningHours.model_validate({"mon": [{"opens": "10:00", "closes": "10:01"}]})
    with pytest.raises(ValueError, match="two years"):
        deadline.after(datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1), Calendar.of(little, BERLIN))


def test_a_calendar_forgets_rather_than_grows() -> None:
    calendar = Calendar.of(SPLIT, BERLIN)
    start = datetime(2000, 1, 1, tzinfo=UTC)
    once = deadline.elapsed(start, start + timedelta(days=9000), calendar)
    assert len(calendar._known) <= 4000
    assert once == deadline.elapsed(start, start + timedelta(days=9000), calendar)
