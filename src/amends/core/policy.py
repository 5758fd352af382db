"""The policy: one validated document per brand that says what the desk promises and allows.

Each default names the promise (P1-P16) that it serves.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from amends.core.values import Kind, Severity


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"“{name}” is not a known time zone; write it like Europe/Berlin")
    return name


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("opening hours are in the brand's own time zone; write them like 09:30")
    return at


LocalTime = Annotated[time, AfterValidator(_without_zone)]
ChannelName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 60)]

_MOST_WEEKS = 52
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Targets(_Part):
    """Minutes from the person's post to the first human answer, by severity (P3).

    `none` holds for questions and requests. The defaults follow what people say they expect of public
    channels: an answer within one to three hours, a third of them within 30 minutes.
    """

    critical: Minutes = 15
    high: Minutes = 30
    medium: Minutes = 60
    low: Minutes = 180
    none: Minutes = 480

    def of(self, severity: Severity) -> timedelta:
        """The time allowed for a first answer."""
        minutes: int = getattr(self, severity.value)
        return timedelta(minutes=minutes)


class Span(_Part):
    """Opening hours from `opens` until `closes` on the same local day; 00:00 as `closes` means midnight."""

    opens: LocalTime
    closes: LocalTime

    @property
    def minutes(self) -> float:
        """How long it is open, in minutes by the clock on the wall."""
        opens, closes = (at.hour * 60 + at.minute + at.second / 60 for at in (self.opens, self.closes))
        return (closes or 24 * 60) - opens

    @model_validator(mode="after")
    def _ends_later(self) -> Span:
        if self.closes != time(0) and self.closes <= self.opens:
            raise ValueError("a span of opening hours must close after it opens, on the same day")
        return self


class OpeningHours(_Part):
    """When people answer, day by day in the brand's time zone; several spans a day are allowed (P3)."""

    mon: tuple[Span, ...] = ()
    tue: tuple[Span, ...] = ()
    wed: tuple[Span, ...] = ()
    thu: tuple[Span, ...] = ()
    fri: tuple[Span, ...] = ()
    sat: tuple[Span, ...] = ()
    sun: tuple[Span, ...] = ()

    @model_validator(mode="after")
    def _open_at_all(self) -> OpeningHours:
        if not any(getattr(self, day) for day in EVERY_DAY):
            raise ValueError("opening hours without one open span would never answer anybody")
        return self

    @property
    def minutes_a_week(self) -> float:
        """How long it is open in a week; what overlaps counts once for each span."""
        return sum(span.minutes for weekday in range(len(EVERY_DAY)) for span in self.on(weekday))

    def on(self, weekday: int) -> tuple[Span, ...]:
        """The spans of a weekday, Monday being 0, earliest first."""
        spans: tuple[Span, ...] = getattr(self, EVERY_DAY[weekday])
        return tuple(sorted(spans, key=lambda span: span.opens))


class CaseRules(_Part):
    """What becomes a case and what joins one (P1, P5)."""

    open_for: frozenset[Kind] = frozenset({Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST})
    join_within_hours: Annotated[int, Field(ge=1, le=24 * 90)] = 72
    reopen_within_days: Annotated[int, Field(ge=1, le=365)] = 14


class Ranking(_Part):
    """The floor against starving: every such period over its target lifts a case by one severity (P4)."""

    lift_after_minutes: Minutes = 24 * 60


class Retention(_Part):
    """How soon the words of a deleted post go, unless the channel's own term is shorter (P13)."""

    erase_deleted_after_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24


class Policy(_Part):
    """All rules of one brand. `model_validate` accepts and `model_dump(mode="json")` gives its document."""

    time_zone: ZoneName = "UTC"
    targets: Targets = Targets()
    channel_targets: dict[ChannelName, Targets] = {}
    opening_hours: OpeningHours | None = None
    cases: CaseRules = CaseRules()
    ranking: Ranking = Ranking()
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _can_be_kept(self) -> Policy:
        """No deadline may lie so far off that it cannot be counted (see core.deadline)."""
        if self.opening_hours is not None:
            longest = max(
                max(t.model_dump().values()) for t in (self.targets, *self.channel_targets.values())
            )
            if longest > self.opening_hours.minutes_a_week * _MOST_WEEKS:
                raise ValueError("these opening hours are too short to keep the longest target within a year")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The brand's time zone."""
        return ZoneInfo(self.time_zone)

    def target(self, channel: str, severity: Severity) -> timedelta:
        """The time allowed for a first answer on a channel."""
        return self.channel_targets.get(channel, self.targets).of(severity)
