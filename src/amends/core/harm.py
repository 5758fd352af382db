"""How much harm it does to let a case wait: points from 0 to 1000, with the reasons that add up to them.

| what is at stake | points | why so many |
|---|---|---|
| a complaint, a question or request | 80, 15 | a grievance grows with silence, a question hardly |
| severity low, medium, high, critical | 60, 150, 290, 450 | each step is larger than the one below it |
| signs of self-harm; of danger to safety or health | 400; 350 | more than any two steps of severity |
| a vulnerable person; a legal step; a journalist | 240; 150; 100 | what silence costs them, then us |
| each further sign of these | 30 | signs overlap: one fire is danger to safety and to health |
| anger, and anger that grows | to 50, to 30 | real, but the quietly severe must not lose to the loud |
| wrote again without an answer | to 60 | their silence has lasted through every one of these posts |
| complained before | to 25 | the same person was let down more than once |
| followers, when others can read it | to 30 | by powers of ten: fame is no danger |
| others can read it | 10 | a little: the person is owed the same in private |
| a person whom the firm has marked | 15 | their targets are shorter already |

So what is soft (anger, repeats, fame, standing: 220 at most together) lifts a complaint past the next step
of severity and never past two, fame and standing never past one, and nothing soft outweighs danger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import log10
from operator import itemgetter
from typing import NamedTuple

from amends.core.values import Kind, Severity, Standing

MOST = 1000
_URGENT = "urgent:"
_GRADES = frozenset({"severity", *(kind.value for kind in Kind)})
DANGERS = frozenset({"self-harm", "safety", "health", "vulnerable"})
"""The signals that somebody may come to harm, not only we."""

_KINDS = {Kind.COMPLAINT: 80, Kind.QUESTION: 15, Kind.REQUEST: 15}
_SEVERITIES = {
    Severity.NONE: 0,
    Severity.LOW: 60,
    Severity.MEDIUM: 150,
    Severity.HIGH: 290,
    Severity.CRITICAL: 450,
}
_SIGNALS = {
    "self-harm": 400,
    "safety": 350,
    "health": 350,
    "vulnerable": 240,
    "legal": 150,
    "journalist": 100,
}
SIGNALS = tuple(_SIGNALS)
"""The urgent signals that are known, the worst first."""
_UNWEIGHED, _FURTHER = 100, 30
_HEAT, _TREND, _UNFELT = 50, 30, 3
_AGAIN = (0, 0, 20, 35, 45, 53, 60)
_BEFORE = (0, 12, 20, 25)
_REACH, _A_POWER_OF_TEN, _FEW = 30, 10, 100
_PUBLIC, _STANDING = 10, 15


@dataclass(frozen=True, slots=True)
class Stakes:
    """What waiting puts at stake in one case.

    `heat` (0 to 100) is the anger of the worst post that waits, `trend` (-100 to 100) how much of it came
    since the first post, `waiting_posts` how often the person wrote since our last answer, `cases_before`
    how many complaints of theirs there were in 90 days, `reach` how many follow them, where that is known.
    """

    kind: Kind
    severity: Severity
    urgent: frozenset[str] = frozenset()
    heat: int = 0
    trend: int = 0
    waiting_posts: int = 1
    cases_before: int = 0
    reach: int | None = None
    public: bool = False
    standing: Standing = Standing.ORDINARY


class Reason(NamedTuple):
    """One thing that adds to the harm of waiting: a code, its points and the number it speaks of.

    As JSON it is a list of these three; `Reason(*list)` reads it back.
    """

    code: str
    points: int
    number: int = 0


class Harm(NamedTuple):
    """The harm of waiting: the sum of its reasons, `MOST` at most, and the reasons, the strongest first."""

    points: int
    reasons: tuple[Reason, ...]

    @property
    def urgent(self) -> frozenset[str]:
        """The urgent signals among its reasons."""
        return frozenset([code[len(_URGENT) :] for code, _, _ in self.reasons if code.startswith(_URGENT)])


NO_HARM = Harm(0, ())


def regraded(before: Harm, kind: Kind, severity: Severity) -> Harm:
    """The same harm for another severity: everything else at stake stays what it was."""
    matters = (_MATTERS[kind, severity], *(r for r in before.reasons if r.code not in _GRADES))
    reasons = sorted(matters, key=_weight, reverse=True)
    return Harm(min(MOST, sum(map(_weight, reasons))), tuple(reasons))


def harm(stakes: Stakes) -> Harm:
    """The harm of letting these stakes wait; whatever is worse, more urgent or repeated never lowers it."""
    reasons = [_MATTERS[stakes.kind, stakes.severity]]
    if stakes.urgent:
        reasons += _signals(stakes.urgent)
    if stakes.waiting_posts > 1:
        reasons.append(Reason("waiting_posts", _AGAIN[min(stakes.waiting_posts, 6)], stakes.waiting_posts))
    if stakes.heat > _UNFELT:
        reasons.append(_HEATS[min(stakes.heat, 100)])
    if stakes.trend > _UNFELT:
        reasons.append(_TRENDS[min(stakes.trend, 100)])
    if stakes.cases_before > 0:
        reasons.append(Reason("cases_before", _BEFORE[min(stakes.cases_before, 3)], stakes.cases_before))
    if stakes.standing is Standing.PRIORITY:
        reasons.append(_PRIORITY)
    if stakes.public:
        reasons.append(_IN_PUBLIC)
        if stakes.reach is not None and (points := _followed(stakes.reach)):
            reasons.append(Reason("reach", points, stakes.reach))
    reasons.sort(key=_weight, reverse=True)
    return Harm(min(MOST, sum(map(_weight, reasons))), tuple(reasons))


def _matter(kind: Kind, severity: Severity) -> Reason:
    points = _KINDS.get(kind, 0)
    if severity is Severity.NONE:
        return Reason(kind.value, points)
    return Reason("severity", points + _SEVERITIES[severity], severity.level)


_MATTERS = {(kind, severity): _matter(kind, severity) for kind in Kind for severity in Severity}
_HEATS = tuple(Reason("heat", heat * _HEAT // 100, heat) for heat in range(101))
_TRENDS = tuple(Reason("trend", trend * _TREND // 100, trend) for trend in range(101))
_IN_PUBLIC = Reason("public", _PUBLIC)
_PRIORITY = Reason("standing", _STANDING)
_weight = itemgetter(1)


@lru_cache(maxsize=256)
def _signals(urgent: frozenset[str]) -> tuple[Reason, ...]:
    """The worst signal counts in full, each further one a little."""
    (worst, first), *further = sorted((-_SIGNALS.get(signal, _UNWEIGHED), signal) for signal in urgent)
    return Reason(f"{_URGENT}{first}", -worst), *(Reason(f"{_URGENT}{name}", _FURTHER) for _, name in further)


def _followed(reach: int) -> int:
    """Points for followers: 10 for a thousand, 10 more for every ten times as many, 30 at most."""
    return min(_REACH, int(_A_POWER_OF_TEN * log10(reach / _FEW))) if reach > _FEW else 0


def words(reason: Reason) -> str:
    """The reason in one line of plain English."""
    say = _WORDS.get(reason.code)
    if say is not None:
        return say(reason.number)
    signal = reason.code.removeprefix(_URGENT)
    return _SIGNS.get(signal, f"Marked as urgent: {signal}")


_SIGNS = {
    "self-harm": "Signs of self-harm",
    "safety": "Safety is at stake",
    "health": "Health is at stake",
    "vulnerable": "A vulnerable person is concerned",
    "legal": "Speaks of a legal step",
    "journalist": "Writes as a journalist",
}


def _said(text: str) -> Callable[[int], str]:
    return lambda _: text


def _heated(heat: int) -> str:
    return "Very angry" if heat >= 70 else "Angry" if heat >= 40 else "Annoyed"


def _complained(times: int) -> str:
    return f"{times} earlier complaint{'' if times == 1 else 's'} in 90 days"


_WORDS: dict[str, Callable[[int], str]] = {
    "severity": lambda level: f"Severity {Severity.of_level(level)}",
    "complaint": _said("A complaint"),
    "question": _said("A question"),
    "request": _said("A request"),
    "waiting_posts": lambda times: f"Wrote {times} times without an answer",
    "heat": _heated,
    "trend": _said("Getting angrier"),
    "cases_before": _complained,
    "reach": lambda people: f"{people:,} people follow them",
    "public": _said("Others can read it"),
    "standing": _said("Marked by the firm as a priority"),
} | {kind.value: _said("Neither complaint, question nor request") for kind in Kind if kind not in _KINDS}
