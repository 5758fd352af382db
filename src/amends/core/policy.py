"""The policy: one validated document per brand that says what the desk promises and allows.

Each default names the promise (P1-P16) that it serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from amends.core.assigning import Assignment
from amends.core.escalation import Escalation
from amends.core.holding import Holding
from amends.core.hours import Calendar, OpeningHours
from amends.core.part import ChannelName, Minutes, Part, ZoneName
from amends.core.targets import ResolutionTargets, RuledTargets, TargetRule, Targets
from amends.core.values import Kind, Severity, Standing

MOST_RULES = 100


class CaseRules(Part):
    """What becomes a case and what joins one (P1, P5)."""

    open_for: frozenset[Kind] = frozenset({Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST})
    join_within_hours: Annotated[int, Field(ge=1, le=24 * 90)] = 72
    reopen_within_days: Annotated[int, Field(ge=1, le=365)] = 14


class Ranking(Part):
    """The floor against starving: every such period over its target lifts a case by one severity (P4)."""

    lift_after_minutes: Minutes = 24 * 60


class Retention(Part):
    """How soon the words of a deleted post go, unless the channel's own term is shorter (P13)."""

    erase_deleted_after_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24


class Policy(Part):
    """All rules of one brand. `model_validate` accepts and `model_dump(mode="json")` gives its document."""

    time_zone: ZoneName = "UTC"
    targets: Targets = Targets()
    resolution: ResolutionTargets = ResolutionTargets()
    target_rules: Annotated[tuple[TargetRule, ...], Field(max_length=MOST_RULES)] = ()
    opening_hours: OpeningHours | None = None
    channel_hours: dict[ChannelName, OpeningHours] = {}
    cases: CaseRules = CaseRules()
    ranking: Ranking = Ranking()
    retention: Retention = Retention()
    escalation: Escalation = Escalation()
    holding: Holding = Holding()
    assignment: Assignment = Assignment()

    @model_validator(mode="before")
    @classmethod
    def _as_written_before(cls, document: object) -> object:
        """Documents from before there were rules give a channel targets of its own, all five."""
        if not isinstance(document, Mapping) or not isinstance(document.get("channel_targets"), Mapping):
            return document
        left = {name: value for name, value in document.items() if name != "channel_targets"}
        rules = [
            {
                "channel": channel,
                "first_answer": {**Targets().model_dump(), **given} if isinstance(given, Mapping) else given,
            }
            for channel, given in document["channel_targets"].items()
        ]
        present = document.get("target_rules", ())
        return {**left, "target_rules": [*rules, *present]} if isinstance(present, list | tuple) else document

    @model_validator(mode="after")
    def _can_be_kept(self) -> Policy:
        """No deadline may lie so far off that it cannot be counted (see core.deadline).

        It is asked to lie within one year of the poorest kind where two are searched, so that a year with
        more holidays than those looked at does no harm.
        """
        usual = max((*self.targets.model_dump().values(), *self.resolution.model_dump().values()))
        for channel, hours in [(None, self.opening_hours), *self.channel_hours.items()]:
            longest = max((usual, *(rule.longest for rule in self._rules_near(channel))))
            if hours is not None and longest > hours.minutes_a_year:
                whose = f"of the channel “{channel}”" if channel else "with their holidays and special days"
                raise ValueError(
                    f"the opening hours {whose} are too short to keep the longest target within a year"
                )
        return self

    def _rules_near(self, channel: str | None) -> Iterable[TargetRule]:
        return (rule for rule in self.target_rules if channel is None or rule.channel in (None, channel))

    @property
    def zone(self) -> ZoneInfo:
        """The brand's time zone."""
        return ZoneInfo(self.time_zone)

    def target(
        self, channel: str, severity: Severity, language: str = "", standing: Standing = Standing.ORDINARY
    ) -> timedelta:
        """The time allowed for a first answer."""
        ruled = self._first_answers.minutes(channel, severity, language, standing)
        return self.targets.of(severity) if ruled is None else timedelta(minutes=ruled)

    def resolution_target(
        self, channel: str, severity: Severity, language: str = "", standing: Standing = Standing.ORDINARY
    ) -> timedelta:
        """The time allowed until a case is resolved."""
        ruled = self._resolutions.minutes(channel, severity, language, standing)
        return self.resolution.of(severity) if ruled is None else timedelta(minutes=ruled)

    def calendar(self, channel: str) -> Calendar | None:
        """When people answer on a channel; None where every minute counts. Always the same value again."""
        return self._channel_calendars.get(channel, self._calendar)

    @cached_property
    def _first_answers(self) -> RuledTargets:
        return RuledTargets((rule, rule.first_answer.given()) for rule in self.target_rules)

    @cached_property
    def _resolutions(self) -> RuledTargets:
        return RuledTargets((rule, rule.resolution.given()) for rule in self.target_rules)

    @cached_property
    def _calendar(self) -> Calendar | None:
        return None if self.opening_hours is None else Calendar.of(self.opening_hours, self.zone)

    @cached_property
    def _channel_calendars(self) -> dict[str, Calendar]:
        return {channel: Calendar.of(hours, self.zone) for channel, hours in self.channel_hours.items()}
