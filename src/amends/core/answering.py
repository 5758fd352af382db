"""Nobody is answered by two people at once: who is at it stops everybody else, until they insist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amends.core.case import NotPossible


class Way(StrEnum):
    """What somebody does who answers a person."""

    WRITES = "writes"
    """They have begun an answer."""
    SENDS = "sends"
    """Theirs is on its way, or nobody knows yet whether it stands."""


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else who answers the same person, in whichever of their cases, since when."""

    id: int
    name: str
    way: Way
    since: datetime
    case: int


class AnsweredByAnother(NotPossible):
    """Somebody else answers the person at this moment; `others` are to be named to whoever insists."""

    def __init__(self, text: str, others: tuple[Other, ...]) -> None:
        super().__init__(text)
        self.others = others


def check(others: tuple[Other, ...]) -> None:
    """Raise AnsweredByAnother where somebody else answers the person, whom no explicit word set aside."""
    if others:
        said = " ".join(words(other) for other in others)
        raise AnsweredByAnother(f"{said} Nothing was sent; your text was kept.", others)


def words(other: Other) -> str:
    """Who answers, since when, and where, as a sentence."""
    since = f"{other.since:%H:%M} UTC"
    if other.way is Way.WRITES:
        return f"{other.name} is writing an answer to this person, since {since} (case {other.case})."
    return f"An answer by {other.name} to this person is on its way since {since} (case {other.case})."


def set_aside(
    others: Iterable[Other], insisted: bool, told: frozenset[int]
) -> tuple[tuple[Other, ...], tuple[Other, ...]]:
    """Those who still stop an answer, and those despite whom it goes: all if it was `insisted` without
    naming anybody, else those whom its writer was `told` of."""
    found = tuple(others)
    if not insisted:
        return found, ()
    despite = tuple(other for other in found if not told or other.id in told)
    return tuple(other for other in found if other not in despite), despite


def on_record(other: Other) -> Mapping[str, object]:
    """How the record tells of somebody despite whom an answer went."""
    return {"person": other.id, "way": other.way, "since": other.since, "case": other.case}
