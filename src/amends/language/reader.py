"""The model that the desk ships: an encoder that reads meaning, with word lists beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from amends.core.values import Kind, Severity
from amends.language import embeddings, heads, judgement, signals, tongue
from amends.language.clean import READ, Words, clean
from amends.language.embeddings import Floats
from amends.language.encoder import Encoder, Said
from amends.language.judgement import Judgement
from amends.language.pieces import NOWHERE, Pieces, Span, cut
from amends.language.reading import Reading, Reason, Text
from amends.language.signals import Hit, Signals

ROOM = Path(__file__).parent
MOST_REASONS = 3
MOST_HITS = 10
INSULT = heads.ABUSIVE.start
INSULTING = 0.5
"""From this chance on the words that carried an insult are named."""
ABUSE, URGENT, ABOUT = "abuse", "urgent:", "about:"
_GRAVE, _GRAVEST = frozenset({"urgent:safety", "urgent:health"}), frozenset({"urgent:self-harm"})
_ENOUGH = 0.4
"""Words are named that carry at least this share of what the foremost word carries."""


class Reader:
    """A model of one encoder; the same text gives the same reading in any company."""

    def __init__(self, encoder: Encoder, judged: Judgement, lists: Signals) -> None:
        self.name = judged.name
        self._encoder = encoder
        self._judged = judged
        self._lists = lists
        self._points = judged.points()

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """A reading for each text, in order; none is refused, and each takes bounded time."""
        return [self._read(text) for text in texts]

    def _read(self, text: Text) -> Reading:
        pieces, words = cut(text.text, text.in_reply_to or ""), clean(text.text)
        lang = tongue.language(frozenset(words.words), text.text[:READ], text.lang)
        if pieces.empty:
            return _unread(lang, self.name)
        said = self._encoder.say(pieces)
        chances = self._judged.chances(said.text)
        kind = self._judged.kind(said.text, chances)
        hits = self._lists.find(words.words, frozenset(words.words), lang)
        told = [hit for hit in hits if kind is Kind.COMPLAINT or not hit.label.startswith(ABOUT)]
        read, perhaps = self._judged.signals(chances)
        listed = _named(URGENT, [hit.label for hit in hits])
        carried = [kind.value, *(f"{URGENT}{signal}" for signal in (*read, *perhaps))]
        carried += [ABUSE] if chances[INSULT] >= INSULTING else []
        worth = _worth(said, self._points)
        reasons = [
            r for label in carried for r in _carriers(label, worth[:, _column(label)], text.text, pieces)
        ]
        return Reading(
            complaint=round(float(chances[0]), 4),
            is_complaint=kind is Kind.COMPLAINT,
            kind=kind,
            severity=_severity(self._judged.level(chances), hits)
            if kind is Kind.COMPLAINT
            else Severity.NONE,
            urgent=tuple(dict.fromkeys((*read, *listed))),
            perhaps=tuple(signal for signal in perhaps if signal not in listed),
            abuse=_abuse(float(chances[INSULT]), hits),
            lang=lang,
            reasons=(*reasons, *_listed(told, words)),
            model=self.name,
            about=_named(ABOUT, [hit.label for hit in told]),
        )


def _named(prefix: str, labels: Sequence[str]) -> tuple[str, ...]:
    """What follows the prefix, each once."""
    return tuple(dict.fromkeys(label.removeprefix(prefix) for label in labels if label.startswith(prefix)))


def _severity(read: Severity, hits: Sequence[Hit]) -> Severity:
    """As read, and at least high (critical) where a phrase of safety or health (self-harm) stands there."""
    labels = {hit.label for hit in hits}
    floor = Severity.CRITICAL if labels & _GRAVEST else Severity.HIGH if labels & _GRAVE else read
    return max(read, floor, key=lambda severity: severity.level)


def _abuse(read: float, hits: Sequence[Hit]) -> float:
    """The chance that was read, or that of the listed phrases together where it is higher."""
    calm = 1.0
    for weight in {hit.label: hit.weight for hit in hits}.values():
        calm *= 1.0 - weight
    return round(max(read, 1.0 - calm), 4)


def _listed(hits: Sequence[Hit], words: Words) -> Iterator[Reason]:
    """The phrases of the lists that stand there, the first few."""
    for hit in hits[:MOST_HITS]:
        yield Reason(hit.label, words.spans[hit.first][0], words.spans[hit.last][1])


def _unread(lang: str, name: str) -> Reading:
    """What is said of a text that holds nothing to read."""
    return Reading(0.0, False, Kind.OTHER, Severity.NONE, (), 0.0, lang, (), name)


def _column(label: str) -> int:
    """The column of the scores that a label rests on."""
    if label == ABUSE:
        return INSULT
    if label.startswith(URGENT):
        return heads.SIGNALS.start + heads.URGENT.index(label.removeprefix(URGENT))
    return 0 if label == Kind.COMPLAINT.value else heads.KIND.start + heads.KINDS.index(Kind(label))


def _worth(said: Said, points: Floats) -> Floats:
    """What each piece added to a label beyond the point from which it is said; to a kind, beyond others."""
    worth = said.share * (said.scores - points)
    worth[:, heads.KIND] -= worth[:, heads.KIND].mean(axis=1, keepdims=True)
    return worth


def _carriers(label: str, worth: Floats, text: str, pieces: Pieces) -> Iterator[Reason]:
    """The few words that carried a label most, in the order of the text, neighbours joined."""
    best = sorted(_foremost(worth, text, pieces))
    while best:
        start, end = best.pop(0)
        while best and text[end : best[0][0]].strip() == "":
            end = best.pop(0)[1]
        yield Reason(label, start, end)


def _foremost(worth: Floats, text: str, pieces: Pieces) -> list[Span]:
    """The words that carry most; a word carries what its pieces added."""
    words: dict[Span, float] = {}
    for span, added in zip(pieces.spans, worth.tolist(), strict=True):
        if span != NOWHERE and _says(text[slice(*span)]):
            words[span] = words.get(span, 0.0) + added
    order = sorted(words, key=lambda span: (-words[span], span))[:MOST_REASONS]
    return [span for span in order if words[span] > 0 and words[span] >= _ENOUGH * words[order[0]]]


@lru_cache(maxsize=20_000)
def _says(word: str) -> bool:
    """False for a mark of punctuation alone."""
    return any(c.isalnum() or unicodedata.category(c) == "So" for c in word) or word in "!?"


@cache
def load(name: str) -> Reader:
    """The shipped model of this name (`small`, `accurate`); loaded once and then kept."""
    encoder = Encoder(ROOM / f"{name}.onnx", embeddings.load())
    return Reader(encoder, judgement.read(ROOM / f"{name}.json"), signals.load())
