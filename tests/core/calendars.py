"""Opening hours, instants and pauses for property tests, thickest where counting time is hard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from tests.core.oracle import MINUTE, WEEKDAYS

from amends.core.hours import Calendar, Holidays, OpeningHours, Span, SpecialDay

HARD: dict[str, Sequence[str]] = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25", "2026-12-24", "2026-10-03"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2026-07-03"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Pacific/Apia": ["2011-12-30", "2012-04-01", "2020-09-27"],
    "Asia/Kathmandu": ["2028-02-29", "2027-01-01"],
    "America/Sao_Paulo": ["2018-11-04", "2019-02-17"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "America/St_Johns": ["2010-03-14", "2010-11-07"],
    "UTC": ["2028-02-29", "2100-03-01", "2027-01-01"],
}
CLOSED = [("DE", None), ("DE", "BY"), ("US", None), ("NP", None), ("BR", "SP")]

zones = st.sampled_from(sorted(HARD)).map(ZoneInfo)


def hard_instants(zone: ZoneInfo, unit: timedelta = MINUTE) -> st.SearchStrategy[datetime]:
    """Instants within about two days of a hard date of the zone, in whole units."""
    days = st.sampled_from(HARD[zone.key]).map(lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC))
    reach = timedelta(hours=50) // unit
    return st.builds(lambda day, away: day + away * unit, days, st.integers(-reach, reach))


@st.composite
def spans(draw: st.DrawFn, unit: timedelta = MINUTE) -> Span:
    """A span of the wall clock, in whole units, often at night or until midnight."""
    a_day = timedelta(days=1) // unit
    early = st.integers(0, a_day // 6)
    opens = draw(st.one_of(early, st.integers(0, a_day - 1)))
    closes = draw(st.one_of(st.just(a_day), st.integers(opens + 1, a_day)))
    return Span(opens=_clock(opens * unit), closes=_clock(closes * unit))


def _clock(since_midnight: timedelta) -> time:
    return (datetime(2000, 1, 1) + since_midnight).time()  # noqa: DTZ001 (a clock on a wall)


@st.composite
def openings(draw: st.DrawFn, zone: ZoneInfo, unit: timedelta = MINUTE) -> OpeningHours:
    """Opening hours with any number of spans that may touch or overlap, holidays, and special days near."""
    some = st.lists(spans(unit), max_size=3)
    week: dict[str, object] = {day: draw(some) for day in WEEKDAYS}
    if not any(week.values()):
        week["tue"] = [draw(spans(unit))]
    near = hard_instants(zone).map(lambda at: at.date())
    special = st.builds(SpecialDay, date=near, spans=some.map(tuple))
    closed = st.sampled_from(CLOSED).map(lambda c: Holidays(country=c[0], subdivision=c[1]))
    return OpeningHours.model_validate(
        week
        | {
            "holidays": draw(st.lists(closed, max_size=2)),
            "special_days": draw(st.lists(special, max_size=3, unique_by=lambda s: s.date)),
        }
    )


@st.composite
def pauses(draw: st.DrawFn, zone: ZoneInfo, unit: timedelta = MINUTE) -> list[tuple[datetime, datetime]]:
    """Pauses in any order, which may overlap, touch, or end before they begin."""
    reach = timedelta(hours=30) // unit
    begun = st.lists(
        st.tuples(hard_instants(zone, unit), st.integers(-reach // 30, reach)),
        max_size=3,
    )
    return [(begin, begin + length * unit) for begin, length in draw(begun)]


@st.composite
def calendars(draw: st.DrawFn, unit: timedelta = MINUTE) -> Calendar:
    """A calendar in one of the hard zones."""
    zone = draw(zones)
    return Calendar.of(draw(openings(zone, unit)), zone)
