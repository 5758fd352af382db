"""How fast a brand promises to answer and to resolve: minutes by severity, and rules for whom it differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, model_validator

from amends.core.part import ChannelName, Minutes, Part
from amends.core.values import Severity, Standing

_WORKING_DAY = 8 * 60


def _two_letters(given: str) -> str:
    spelled = given.strip().lower()
    if len(spelled) == len("de") and spelled.isascii() and spelled.isalpha():
        return spelled
    raise ValueError("write a language as two letters, like de")


Language = Annotated[str, AfterValidator(_two_letters)]


class Targets(Part):
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
        """The time allowed."""
        return self._allowed[severity]

    @cached_property
    def _allowed(self) -> dict[Severity, timedelta]:
        return {severity: timedelta(minutes=getattr(self, severity.value)) for severity in Severity}


class ResolutionTargets(Targets):
    """Minutes from a case's first post to its resolution, by severity, but for waits on the customer (P3).

    The defaults are one, two, three, five and five working days of eight hours, counted in opening hours. The
    third is where the UK's rules (DISP 1.5) cease to take a complaint for one that was settled at once; five
    is what firms commonly promise in print. A desk that is open day and night may want 1440 a day instead.
    """

    critical: Minutes = 1 * _WORKING_DAY
    high: Minutes = 2 * _WORKING_DAY
    medium: Minutes = 3 * _WORKING_DAY
    low: Minutes = 5 * _WORKING_DAY
    none: Minutes = 5 * _WORKING_DAY


class SomeTargets(Part):
    """Minutes for some severities; for the others whatever else holds."""

    critical: Minutes | None = None
    high: Minutes | None = None
    medium: Minutes | None = None
    low: Minutes | None = None
    none: Minutes | None = None

    def given(self) -> dict[Severity, int]:
        """The minutes that are given."""
        said = ((severity, getattr(self, severity.value)) for severity in Severity)
        return {severity: minutes for severity, minutes in said if minutes is not None}


class TargetRule(Part):
    """Other targets where the channel, the language and the person's standing are those it names (P3)."""

    channel: ChannelName | None = None
    language: Language | None = None
    standing: Standing | None = None
    first_answer: SomeTargets = SomeTargets()
    resolution: SomeTargets = SomeTargets()

    @model_validator(mode="after")
    def _says_something(self) -> TargetRule:
        if not self.names:
            raise ValueError(
                "a rule must name a channel, a language or a standing; for all, change the targets"
            )
        if not self.first_answer.given() and not self.resolution.given():
            raise ValueError("a rule must give minutes for at least one severity")
        return self

    @property
    def names(self) -> int:
        """How much it names; what names more goes before what names less."""
        return sum(named is not None for named in (self.channel, self.language, self.standing))

    @property
    def longest(self) -> int:
        """The longest time that it gives, in minutes."""
        return max((*self.first_answer.given().values(), *self.resolution.given().values()))


_Named = tuple[str | None, str | None, Standing | None, Severity]


class RuledTargets:
    """What the rules say, by what they name: the one that names most goes first, of equal ones the first."""

    def __init__(self, rules: Iterable[tuple[TargetRule, Mapping[Severity, int]]]) -> None:
        self._said: dict[_Named, tuple[int, int, int]] = {}
        for number, (rule, given) in enumerate(rules):
            for severity, minutes in given.items():
                named = (rule.channel, rule.language, rule.standing, severity)
                self._said.setdefault(named, (-rule.names, number, minutes))

    def minutes(self, channel: str, severity: Severity, language: str, standing: Standing) -> int | None:
        """The minutes of the rule that holds, if one does; a language tag counts by its first part."""
        if not self._said:
            return None
        lang = language.partition("-")[0].lower()
        found = (
            self._said.get((named, spoken, stands, severity))
            for named in (channel, None)
            for spoken in (lang, None)
            for stands in (standing, None)
        )
        held = min((said for said in found if said is not None), default=None)
        return None if held is None else held[2]
