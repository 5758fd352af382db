"""Whom to give a case to, and which cases of somebody who went away go back to the team."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from amends.core import deadline
from amends.core.harm import SIGNALS
from amends.core.hours import Calendar
from amends.core.part import ChannelName, Minutes, Part
from amends.core.values import Kind

MOST_SKILL_RULES = 100
LONGEST_SKILL = 40


class How(StrEnum):
    """By what cases are given to people."""

    OFF = "off"
    """People take them."""
    ROUND_ROBIN = "round_robin"
    """To whom none was given for longest."""
    BALANCED = "balanced"
    """To whom the smallest share of their limit is open."""


def skill(given: str) -> str:
    """A skill as it is kept: a short word in lower case, so that a policy and a person mean the same."""
    spelled = " ".join(given.lower().split())
    if not spelled or len(spelled) > LONGEST_SKILL or not spelled.isprintable() or "," in spelled:
        raise ValueError(f"write a skill as a word or two of at most {LONGEST_SKILL} letters, like refunds")
    return spelled


def _known_signal(given: str) -> str:
    if given not in SIGNALS:
        raise ValueError(f"choose one of the urgent signals: {', '.join(SIGNALS)}")
    return given


class SkillRule(Part):
    """A skill that the cases ask for that fit all that it names: a kind, an urgent signal, a channel."""

    skill: Annotated[str, AfterValidator(skill)]
    kind: Kind | None = None
    signal: Annotated[str, AfterValidator(_known_signal)] | None = None
    channel: ChannelName | None = None

    @model_validator(mode="after")
    def _names_some(self) -> SkillRule:
        if self.kind is None and self.signal is None and self.channel is None:
            raise ValueError("name a kind, an urgent signal or a channel whose cases ask for the skill")
        return self

    def fits(self, kind: Kind, channel: str, urgent: Collection[str]) -> bool:
        """Whether a case asks for the skill."""
        return (
            self.kind in (None, kind)
            and self.channel in (None, channel)
            and (self.signal is None or self.signal in urgent)
        )


class Assignment(Part):
    """Who gets a case (P4): only people who are there, and never more than their limit.

    Whoever has no limit of their own has `usual_limit`; without that either, any number, and a share is
    counted of `usual_load`. Where nobody has the language and the skills, somebody who is there gets it all
    the same if `anybody`. The cases of somebody away go back after so much working time. Which cases ask for
    which skill is said in `skills`.
    """

    how: How = How.OFF
    anybody: bool = True
    usual_limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    usual_load: Annotated[int, Field(ge=1, le=10_000)] = 20
    return_after_minutes: Minutes = 60
    skills: Annotated[tuple[SkillRule, ...], Field(max_length=MOST_SKILL_RULES)] = ()


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be given cases.

    `present` is what the desk sees (a window of theirs is open), `away` what they say themselves.
    """

    id: int
    present: bool = True
    away: bool = False
    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    limit: int | None = None
    open_cases: int = 0
    last_given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of whoever gets it; `not_to` are those who are not to get it (again)."""

    lang: str = ""
    skills: frozenset[str] = frozenset()
    not_to: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """A case that somebody has: whether they have touched it, anybody waits in it, they answer it now."""

    case: int
    touched: bool
    waiting: bool
    answering: bool


def needed(
    kind: Kind,
    channel: str,
    lang: str,
    urgent: Collection[str],
    rule: Assignment,
    not_to: frozenset[int] = frozenset(),
) -> Need:
    """What such a case asks of whoever gets it."""
    skills = frozenset(each.skill for each in rule.skills if each.fits(kind, channel, urgent))
    return Need(lang, skills, not_to)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def choose(colleagues: Iterable[Colleague], need: Need, rule: Assignment) -> int | None:
    """Who gets a case now, or None where nobody should.

    First among those who have its language and all its skills; without them, if the policy says so, those
    who have at least the language, then anybody. A tie goes to whom none was given for longest, then to the
    lowest id, whatever order they are named in.
    """
    turn = _TURNS.get(rule.how)
    if turn is None:
        return None
    able = [
        (unfit, *turn(colleague, rule), colleague.id)
        for colleague in colleagues
        if _can_take(colleague, need, rule) and ((unfit := _unfit(colleague, need)) == _FITS or rule.anybody)
    ]
    return min(able)[-1] if able else None


def why(colleague: Colleague, need: Need, rule: Assignment) -> str:
    """In a few words for the record, why it was this colleague."""
    turn = "Most of their limit is free" if rule.how is How.BALANCED else "It is their turn"
    lang, skills = _unfit(colleague, need)
    if lang:
        return f"{turn}; nobody who is here and free knows the language {_plain(need.lang)}."
    if skills:
        return f"{turn}; nobody who is here and free can do {', '.join(sorted(need.skills))}."
    return f"{turn}."


_FITS = (False, False)


def free(colleague: Colleague, rule: Assignment) -> bool:
    """Whether somebody is there, and below their limit."""
    limit = _limit(colleague, rule)
    there = colleague.present and not colleague.away
    return there and (limit is None or colleague.open_cases < limit)


def _can_take(colleague: Colleague, need: Need, rule: Assignment) -> bool:
    return colleague.id not in need.not_to and free(colleague, rule)


def _limit(colleague: Colleague, rule: Assignment) -> int | None:
    return rule.usual_limit if colleague.limit is None else colleague.limit


def _unfit(colleague: Colleague, need: Need) -> tuple[bool, bool]:
    """Whether the language is missing, then whether a skill is; smaller is fitter."""
    lang = _plain(need.lang)
    return bool(lang) and lang not in colleague.languages, not need.skills <= colleague.skills


def _plain(lang: str) -> str:
    return lang.lower().replace("_", "-").split("-")[0]


def _rested(colleague: Colleague, rule: Assignment) -> tuple[Fraction, datetime]:
    del rule
    return Fraction(0), colleague.last_given_at or _LONG_AGO


def _free(colleague: Colleague, rule: Assignment) -> tuple[Fraction, datetime]:
    share = Fraction(colleague.open_cases, _limit(colleague, rule) or rule.usual_load)
    return share, colleague.last_given_at or _LONG_AGO


_TURNS: dict[How, Callable[[Colleague, Assignment], tuple[Fraction, datetime]]] = {
    How.ROUND_ROBIN: _rested,
    How.BALANCED: _free,
}


def returns_at(away_since: datetime, rule: Assignment, calendar: Calendar | None) -> datetime | None:
    """When the cases of somebody away go back to the team; None where no calendar goes so far.

    Working time counts, so that nobody loses their cases overnight.
    """
    try:
        return deadline.after(away_since, timedelta(minutes=rule.return_after_minutes), calendar)
    except ValueError:
        return None


def goes_back(
    held: Iterable[Held], away_since: datetime, rule: Assignment, calendar: Calendar | None, now: datetime
) -> tuple[int, ...]:
    """The cases of somebody away since a time that go back to the team now, in the order given.

    Those that nobody has touched and those in which somebody waits; one that they are answering stays, and
    so does one that they had looked after and in which nobody waits for us.
    """
    due = returns_at(away_since, rule, calendar)
    if due is None or now < due:
        return ()
    return tuple(one.case for one in held if not one.answering and (one.waiting or not one.touched))
