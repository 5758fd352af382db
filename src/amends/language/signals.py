"""Word lists that a person can read: signs that a text cannot wait, abuse, and what a complaint is about."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from amends.language.clean import clean

EVERYWHERE = "en"
"""English phrases are looked for in every text, since they are used in all languages."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of a list found at words `first` to `last` (included); `weight` is how abusive it is."""

    label: str
    weight: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a list as cleaned words."""

    words: tuple[str, ...]
    label: str
    weight: float


class Signals:
    """The lists of all languages, ready to be looked up."""

    def __init__(self, phrases: dict[str, list[Phrase]]) -> None:
        self._heads = {lang: _by_head(listed) for lang, listed in phrases.items()}
        self._all = _by_head([p for listed in phrases.values() for p in listed])

    def find(self, words: Sequence[str], held: frozenset[str], lang: str) -> tuple[Hit, ...]:
        """Every listed phrase in these words, in the text's own language and in English."""
        if lang == "und":
            tables = [self._all]
        else:
            tables = [self._heads[k] for k in dict.fromkeys((lang, EVERYWHERE)) if k in self._heads]
        return tuple(hit for table in tables for hit in _find(table, words, held))


def _by_head(phrases: Sequence[Phrase]) -> dict[str, list[Phrase]]:
    heads: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        heads.setdefault(phrase.words[0], []).append(phrase)
    return heads


def _find(table: dict[str, list[Phrase]], words: Sequence[str], held: frozenset[str]) -> Iterator[Hit]:
    if not (table.keys() & held):
        return
    for first, word in enumerate(words):
        for phrase in table.get(word, ()):
            last = first + len(phrase.words)
            if tuple(words[first:last]) == phrase.words:
                yield Hit(phrase.label, phrase.weight, first, last - 1)


@cache
def load() -> Signals:
    """The shipped lists of `signals.toml`."""
    lists = tomllib.loads(Path(__file__).with_name("signals.toml").read_text("utf-8"))
    phrases: dict[str, list[Phrase]] = {}
    for group, named in lists.items():
        for name, entry in named.items():
            label, weight = f"{group}:{name}", float(entry.get("weight", 0))
            for lang, listed in entry["phrases"].items():
                phrases.setdefault(lang, []).extend(Phrase(_words(text), label, weight) for text in listed)
    return Signals(phrases)


def _words(text: str) -> tuple[str, ...]:
    cleaned = clean(text)
    return tuple(cleaned.words[cleaned.added :])
