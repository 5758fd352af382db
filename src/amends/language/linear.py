"""The first model: linear weights over hashed n-grams, with word lists beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.core.values import Kind, Severity
from amends.language import signals, tongue
from amends.language.clean import READ, Words, clean
from amends.language.features import Batch, extract
from amends.language.reading import Reading, Reason, Text
from amends.language.signals import Hit, Signals
from amends.language.weights import KINDS, OTHER_KINDS, SEVERITY, Floats, Weights

AT_ONCE = 128
"""Texts are scored so many at a time, which bounds the memory."""
MOST_REASONS = 3
_ENOUGH = 0.3
_REACHED = np.array([0.7, 0.4, 0.3])
"""The chance from which medium, high and critical are said: rarer and worse ones earlier."""
_GRAVE = frozenset({"urgent:safety", "urgent:health"})
_GRAVEST = frozenset({"urgent:self-harm"})


@dataclass(frozen=True, slots=True)
class Scores:
    """What the weights say of a batch: a probability for each head, and each n-gram's part in it."""

    heads: Floats
    parts: tuple[Floats, ...]


class Linear:
    """A model of linear weights; the same text gives the same reading in any company."""

    def __init__(self, weights: Weights, lists: Signals) -> None:
        self.name = weights.name
        self._weights = weights
        self._lists = lists

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """A reading for each text, in order; none is refused."""
        return [r for at in range(0, len(texts), AT_ONCE) for r in self._read(texts[at : at + AT_ONCE])]

    def _read(self, texts: Sequence[Text]) -> Iterator[Reading]:
        cleaned = [clean(text.text) for text in texts]
        batch = extract(cleaned)
        scores = score(self._weights, batch)
        chosen = [_kind(row, words) for row, words in zip(scores.heads, cleaned, strict=True)]
        columns = np.array([0 if k is Kind.COMPLAINT else 1 + OTHER_KINDS.index(k) for k in chosen])
        parts = word_parts(batch, scores, columns)
        ends = np.append(batch.offsets[1:], len(parts)).tolist()
        rows = zip(texts, cleaned, chosen, scores.heads, batch.offsets.tolist(), ends, strict=True)
        for text, words, kind, heads, first, end in rows:
            yield self._reading(text, words, kind, heads, parts[first:end])

    def _reading(self, text: Text, words: Words, kind: Kind, heads: Floats, parts: Floats) -> Reading:
        held = frozenset(words.words)
        lang = tongue.language(held, text.text[:READ], text.lang)
        hits = self._lists.find(words.words, held, lang)
        urgent = tuple(dict.fromkeys(h.label.partition(":")[2] for h in hits if h.label.startswith("urgent")))
        return Reading(
            complaint=0.0 if words.empty else round(float(heads[0]), 4),
            is_complaint=kind is Kind.COMPLAINT,
            kind=kind,
            severity=_severity(kind, heads, hits),
            urgent=urgent,
            abuse=_abuse(hits),
            lang=lang,
            reasons=(*_carriers(kind, words, parts), *_listed(hits, words)),
            model=self.name,
        )


def score(weights: Weights, batch: Batch) -> Scores:
    """The probability of each head for each text of the batch."""
    gathered = [weights.table[block.ids] for block in batch.blocks]
    sums = np.zeros((2, batch.texts, weights.table.shape[1]), np.float32)
    for block, part in zip(batch.blocks, gathered, strict=True):
        if len(block.text):
            begins = np.flatnonzero(np.r_[True, block.text[1:] != block.text[:-1]])
            sums[int(block.of_words), block.text[begins]] += np.add.reduceat(part, begins, axis=0)
    norms = np.sqrt(np.maximum(sums[:, :, -1:], 1e-6))
    logits = (sums[:, :, :-1] / norms).sum(axis=0) + weights.bias
    heads = 1 / (1 + np.exp(-np.clip(weights.slope * logits + weights.shift, -30, 30)))
    for block, part in zip(batch.blocks, gathered, strict=True):
        part /= norms[int(block.of_words), block.text]
    return Scores(heads.astype(np.float32), tuple(gathered))


def word_parts(batch: Batch, scores: Scores, columns: NDArray[np.int64]) -> Floats:
    """What each word of the batch added to the chosen head of its text, with its share of its n-grams."""
    total = int(max((int(b.last.max(initial=-1)) for b in batch.blocks), default=-1)) + 1
    parts = np.zeros(total, np.float64)
    for block, part in zip(batch.blocks, scores.parts, strict=True):
        worth = part[np.arange(len(part)), columns[block.text]]
        if block.of_words and not np.array_equal(block.first, block.last):
            parts += np.bincount(block.first, worth / 2, total) + np.bincount(block.last, worth / 2, total)
        else:
            parts += np.bincount(block.first, worth, total)
    return parts.astype(np.float32)


def _kind(heads: Floats, words: Words) -> Kind:
    if words.empty:
        return Kind.OTHER
    if heads[0] >= 0.5:
        return Kind.COMPLAINT
    return OTHER_KINDS[int(heads[KINDS].argmax())]


def _severity(kind: Kind, heads: Floats, hits: Sequence[Hit]) -> Severity:
    """As the weights say, and at least high (critical) where a grave signal stands in a complaint.

    The weights alone say critical too lightly on real posts, so without any urgent signal high is the most;
    what they call high is critical where it is about somebody's safety or health.
    """
    if kind is not Kind.COMPLAINT:
        return Severity.NONE
    labels = {hit.label for hit in hits}
    floor = 4 if labels & _GRAVEST else 3 if labels & _GRAVE else 1
    most = 4 if any(label.startswith("urgent") for label in labels) else 3
    reached = np.flatnonzero(heads[SEVERITY] >= _REACHED)
    read = min(most, 2 + int(reached[-1])) if len(reached) else 1
    raised = 4 if labels & _GRAVE and read >= Severity.HIGH.level else read
    return Severity.of_level(max(floor, raised))


def _abuse(hits: Sequence[Hit]) -> float:
    calm = 1.0
    for weight in {hit.label: hit.weight for hit in hits}.values():
        calm *= 1.0 - weight
    return round(1.0 - calm, 4)


def _carriers(kind: Kind, words: Words, parts: Floats) -> Iterator[Reason]:
    """The few words that carried the kind most, in the order of the text, neighbours joined."""
    order = np.argsort(-parts, kind="stable")[: MOST_REASONS + 3].tolist()
    real = [i for i in order if words.spans[i][0] >= 0 and parts[i] > 0][:MOST_REASONS]
    best = sorted(i for i in real if parts[i] >= _ENOUGH * parts[real[0]])
    at = 0
    while at < len(best):
        last = at
        while last + 1 < len(best) and best[last + 1] == best[last] + 1:
            last += 1
        yield Reason(kind.value, words.spans[best[at]][0], words.spans[best[last]][1])
        at = last + 1


def _listed(hits: Sequence[Hit], words: Words) -> Iterator[Reason]:
    for hit in hits[:10]:
        yield Reason(hit.label, words.spans[hit.first][0], words.spans[hit.last][1])


def shipped(weights: Weights) -> Linear:
    """The linear model of these weights with the shipped word lists."""
    return Linear(weights, signals.load())
