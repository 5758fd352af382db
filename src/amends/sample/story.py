"""The written story, as values: its people, its past, its situations and the words of those who react."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from amends.channels.record import Record

BRAND = ("larkline", "Larkline Trains")
TROLL = "truthtrack99"
GRAVE = frozenset({"high", "critical"})
SPAMMERS = frozenset({"cheaptix_now", "crypto_marv", "hotel_dealz", "win_a_pass"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented; `closed` ones take no messages from strangers."""

    handle: str
    name: str
    lang: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """An edit or deletion, so many minutes before the start; a deletion has no text."""

    ago: int
    text: str | None


@dataclass(frozen=True, slots=True)
class PastPost:
    """One post of the three days before the start."""

    id: str
    ago: int
    who: str
    lang: str
    kind: str
    text: str
    re: str | None
    private: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """One post of a situation, so many seconds after its first."""

    after: int
    who: str
    lang: str
    kind: str
    text: str
    reply: bool
    unless_answered: bool
    grave: bool
    """Too serious for an afterthought."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A few posts that belong together; `repeatable` ones can happen again to other people."""

    id: str
    beats: tuple[Beat, ...]

    @property
    def repeatable(self) -> bool:
        """Thanks end a story that was told once, so they come once."""
        return all(beat.kind != "thanks" for beat in self.beats)


@dataclass(frozen=True, slots=True)
class Story:
    """All that was written."""

    people: dict[str, Person]
    past: tuple[PastPost, ...]
    situations: tuple[Situation, ...]
    words: dict[tuple[str, str], tuple[str, ...]]
    """What is said on an occasion in a language."""

    @property
    def fixed(self) -> frozenset[str]:
        """Those whom nobody else can play, and who play nobody else: the spammers and the troll."""
        return SPAMMERS | {TROLL}

    def said(self, occasion: str, lang: str) -> tuple[str, ...]:
        """The words for an occasion in a language, in English where none were written."""
        return self.words.get((occasion, lang)) or self.words[occasion, "en"]


@cache
def written() -> Story:
    """The story as it lies in the package."""
    people = (_person(record) for record in _lines("people.jsonl"))
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in _lines("words.jsonl"):
        words[record.text("use"), record.text("lang")].append(record.text("text"))
    return Story(
        people={person.handle: person for person in people},
        past=tuple(_past(record) for record in _lines("past.jsonl")),
        situations=tuple(_situations()),
        words={occasion: tuple(texts) for occasion, texts in words.items()},
    )


def _lines(name: str) -> Iterator[Record]:
    text = resources.files("amends.sample").joinpath("story", name).read_text(encoding="utf-8")
    return (Record(json.loads(line)) for line in text.splitlines())


def _person(record: Record) -> Person:
    return Person(record.key("handle"), record.text("name"), record.text("lang"), record.flag("closed"))


def _past(record: Record) -> PastPost:
    edit, delete = record.maybe_record("edit"), record.maybe_record("delete")
    edits = [Change(edit.number("ago", 0), edit.text("text"))] if edit else []
    deletions = [Change(delete.number("ago", 0), None)] if delete else []
    return PastPost(
        id=record.key("id"),
        ago=record.number("ago", 0),
        who=record.key("who"),
        lang=record.text("lang"),
        kind=record.text("kind"),
        text=record.text("text"),
        re=record.maybe_key("re"),
        private=record.flag("private"),
        changes=(*edits, *deletions),
    )


def _situations() -> Iterator[Situation]:
    beats: dict[str, list[Beat]] = defaultdict(list)
    for record in _lines("live.jsonl"):
        beats[record.key("situation")].append(
            Beat(
                after=record.number("after", 0),
                who=record.key("who"),
                lang=record.text("lang"),
                kind=record.text("kind"),
                text=record.text("text"),
                reply=record.flag("reply"),
                unless_answered=record.flag("unless_answered"),
                grave=record.text("severity", "") in GRAVE,
            )
        )
    return (Situation(name, tuple(lines)) for name, lines in beats.items())
