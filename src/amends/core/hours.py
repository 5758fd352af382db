"""When people answer: a week of opening hours, public holidays, special days, and the zone they hold in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from amends.core import public_holidays
from amends.core.part import Part, ZoneName

EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_HOLIDAYS, MOST_SPECIAL_DAYS, MOST_SPANS = 20, 200, 24
_MIDNIGHT = time(0)
_A_DAY = timedelta(days=1)
_DAYS_KEPT = 4000
_YEARS_LOOKED_AT = range(2024, 2032)

Stretch = tuple[datetime, datetime]


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("opening hours are in the brand's own time zone; write them like 09:30")
    return at


def _as_date(given: object) -> object:
    if isinstance(given, str) or (isinstance(given, date) and not isinstance(given, datetime)):
        return given
    raise ValueError("write dates like 2026-12-24")


LocalTime = Annotated[time, AfterValidator(_without_zone)]
Date = Annotated[date, BeforeValidator(_as_date)]


class Span(Part):
    """Opening hours from `opens` until `closes` on the same local day; 00:00 as `closes` means midnight."""

    opens: LocalTime
    closes: LocalTime

    @property
    def minutes(self) -> float:
        """How long it is open, in minutes by the clock on the wall."""
        opens, closes = (
            at.hour * 60 + at.minute + at.second / 60 + at.microsecond / 60e6
            for at in (self.opens, self.closes)
        )
        return (closes or 24 * 60) - opens

    @model_validator(mode="after")
    def _ends_later(self) -> Span:
        if self.closes != _MIDNIGHT and self.closes <= self.opens:
            raise ValueError("a span of opening hours must close after it opens, on the same day")
        return self


Spans = Annotated[tuple[Span, ...], Field(max_length=MOST_SPANS)]


class Holidays(Part):
    """Closed on the public holidays of a country, or of one of its states or provinces (P3).

    `country` is its ISO code of two letters, `subdivision` a code that the `holidays` package knows for it.
    """

    country: str
    subdivision: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _spelled(cls, given: object) -> object:
        """Letter case and blanks aside, codes are what they are; an empty subdivision is none."""
        if not isinstance(given, dict):
            return given
        country, part = given.get("country"), given.get("subdivision")
        if not isinstance(country, str) or not isinstance(part, str | None):
            return given
        country, part = country.strip().upper(), (part or "").strip()
        same = (code for code in public_holidays.countries().get(country, ()) if code.lower() == part.lower())
        return {**given, "country": country, "subdivision": next(same, part) or None}

    @model_validator(mode="after")
    def _known(self) -> Holidays:
        parts = public_holidays.countries().get(self.country)
        if parts is None:
            raise ValueError(f"the holidays of “{self.country[:40]}” are not known; write a country like DE")
        if self.subdivision is not None and self.subdivision not in parts:
            known = f"it knows {', '.join(parts)}" if parts else "it knows none; leave it out"
            raise ValueError(f"{self.country} has no subdivision “{self.subdivision[:40]}”: {known}")
        return self

    def in_year(self, year: int) -> frozenset[date]:
        """The dates of a year; cheap when asked again."""
        return public_holidays.in_year(self.country, self.subdivision, year)


class SpecialDay(Part):
    """One date with hours of its own, whatever weekday or holiday it is; without a span it is closed (P3)."""

    date: Date
    spans: Spans = ()
    note: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class OpeningHours(Part):
    """When people answer (P3): the week, closed on `holidays`, and `special_days` before either.

    Several spans a day are allowed; spans that touch or overlap count once. All of it is in `time_zone`, or
    in the brand's where that is left out.
    """

    mon: Spans = ()
    tue: Spans = ()
    wed: Spans = ()
    thu: Spans = ()
    fri: Spans = ()
    sat: Spans = ()
    sun: Spans = ()
    holidays: Annotated[tuple[Holidays, ...], Field(max_length=MOST_HOLIDAYS)] = ()
    special_days: Annotated[tuple[SpecialDay, ...], Field(max_length=MOST_SPECIAL_DAYS)] = ()
    time_zone: ZoneName | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> OpeningHours:
        if not any(self._week):
            raise ValueError("opening hours without one open span would never answer anybody")
        if len(self._special) != len(self.special_days):
            dates = sorted(special.date for special in self.special_days)
            twice = next(day for day, after in pairwise(dates) if day == after)
            raise ValueError(f"the special day {twice} is there twice; give it one line with all its hours")
        return self

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans of a date, earliest first, none touching another."""
        special = self._special.get(day)
        if special is not None:
            return special
        if self.holidays and any(day in closed.in_year(day.year) for closed in self.holidays):
            return ()
        return self._week[day.weekday()]

    @property
    def minutes_a_week(self) -> float:
        """How long it is open in a week without holidays and special days."""
        return sum(_minutes(spans) for spans in self._week)

    @property
    def minutes_a_year(self) -> float:
        """How long it is open in a year at the least, judged by the holidays of some years (P3)."""
        return 52 * self.minutes_a_week - self._holiday_loss() - self._special_loss()

    def _holiday_loss(self) -> float:
        """The most that holidays close in one of the years that are looked at."""
        return max(
            sum(
                _minutes(self._week[day.weekday()])
                for day in set().union(*(closed.in_year(year) for closed in self.holidays))
            )
            for year in _YEARS_LOOKED_AT
        )

    def _special_loss(self) -> float:
        """The most that special days close within any 366 days."""
        losses = sorted(
            (day, max(0.0, _minutes(self._week[day.weekday()]) - _minutes(spans)))
            for day, spans in self._special.items()
        )
        most = lost = 0.0
        first = 0
        for day, loss in losses:
            lost += loss
            while day - losses[first][0] > timedelta(days=366):
                lost -= losses[first][1]
                first += 1
            most = max(most, lost)
        return most

    @cached_property
    def _week(self) -> tuple[tuple[Span, ...], ...]:
        return tuple(_joined(getattr(self, day)) for day in EVERY_DAY)

    @cached_property
    def _special(self) -> dict[date, tuple[Span, ...]]:
        return {special.date: _joined(special.spans) for special in self.special_days}


def _minutes(spans: Iterable[Span]) -> float:
    return sum(span.minutes for span in spans)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in the fewest spans, earliest first."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.opens):
        last = joined[-1] if joined else None
        if last is None or (last.closes != _MIDNIGHT and last.closes < span.opens):
            joined.append(span)
        elif last.closes != _MIDNIGHT and (span.closes == _MIDNIGHT or span.closes > last.closes):
            joined[-1] = Span(opens=last.opens, closes=span.closes)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours in a time zone, as instants; it remembers the days that were asked for."""

    hours: OpeningHours
    zone: ZoneInfo
    _known: dict[date, tuple[Stretch, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, hours: OpeningHours, zone: ZoneInfo) -> Calendar:
        """The calendar of opening hours: in their own zone, or in that of the brand."""
        return cls(hours, zone if hours.time_zone is None else ZoneInfo(hours.time_zone))

    def open_on(self, day: date) -> tuple[Stretch, ...]:
        """When it is open (UTC) within a day of UTC, in order, none touching another.

        It is open whenever the clock on the wall says so: an hour that the clocks repeat is open twice, one
        that they leave out never.
        """
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= _DAYS_KEPT:
                self._known.clear()
            known = self._known[day] = _once(sorted(self._stretches(day)))
        return known

    def _stretches(self, day: date) -> Iterator[Stretch]:
        for begin, end, offset in _offsets(day, self.zone):
            local, until = begin + offset, end + offset
            while local < until:
                midnight = datetime.combine(local.date(), _MIDNIGHT, tzinfo=UTC)
                for span in self.hours.on(local.date()):
                    opens = midnight + _since_midnight(span.opens)
                    closes = midnight + (_since_midnight(span.closes) or _A_DAY)
                    if opens < until and closes > local:
                        yield max(opens, local) - offset, min(closes, until) - offset
                local = midnight + _A_DAY


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _offsets(day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The parts of a day of UTC with one offset each; no zone has changed twice a day in this century."""
    begin = datetime.combine(day, _MIDNIGHT, tzinfo=UTC)
    end = begin + _A_DAY
    before, after = _offset(begin, zone), _offset(end, zone)
    if before == after:
        yield begin, end, before
        return
    same, changed = 0, int(_A_DAY.total_seconds())
    while changed - same > 1:
        middle = (same + changed) // 2
        if _offset(begin + timedelta(seconds=middle), zone) == before:
            same = middle
        else:
            changed = middle
    change = begin + timedelta(seconds=changed)
    yield begin, change, before
    if change < end:
        yield change, end, after


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _once(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same time in the fewest stretches."""
    joined: list[Stretch] = []
    for begin, end in stretches:
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return tuple(joined)
