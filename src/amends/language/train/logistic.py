"""Logistic regression with a squared penalty on hashed n-grams, in numpy alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.language.clean import clean
from amends.language.features import BITS, extract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Loss = Callable[[Floats], tuple[float, Floats]]

MEMORY = 8
STEPS = 80
_CLOSE = 1e-4


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as sparse rows: row `i` is `ids` and `words` (1 for a word n-gram) from `begin[i]` on."""

    ids: Ints
    words: NDArray[np.bool_]
    begin: Ints

    def __len__(self) -> int:
        return len(self.begin) - 1

    def of(self, chosen: Sequence[int] | Ints) -> Rows:
        """Only the chosen rows, in that order."""
        spans = [np.arange(self.begin[i], self.begin[i + 1]) for i in chosen]
        at = np.concatenate(spans)
        begin = np.concatenate([[0], np.cumsum([len(span) for span in spans])])
        return Rows(self.ids[at], self.words[at], begin)


def rows(texts: Sequence[str]) -> Rows:
    """The n-grams of these texts."""
    batch = extract([clean(text) for text in texts])
    text = np.concatenate([block.text for block in batch.blocks])
    order = np.argsort(text, kind="stable")
    ids = np.concatenate([block.ids for block in batch.blocks])[order]
    words = np.concatenate([np.full(len(b.ids), b.of_words) for b in batch.blocks])[order]
    return Rows(ids, words, np.searchsorted(text[order], np.arange(len(texts) + 1)))


def rarity(data: Rows, fewest: int = 2) -> Floats:
    """How rare each bucket is among the rows; 0 where it is in fewer than `fewest`, and so is not used."""
    row = np.repeat(np.arange(len(data)), np.diff(data.begin))
    pairs = np.unique(data.ids * len(data) + row)
    held = np.bincount(pairs // len(data), minlength=1 << BITS)
    return np.where(held >= fewest, np.log((1 + len(data)) / (1 + held)) + 1, 0.0)


def values(data: Rows, rare: Floats) -> Floats:
    """The value of each n-gram in its row: its rarity over the length of the row's words or characters."""
    value = rare[data.ids]
    for of_words in (False, True):
        chosen = data.words == of_words
        square = np.add.reduceat(np.where(chosen, value**2, 0.0), data.begin[:-1])
        norm = np.sqrt(np.maximum(square, 1e-6))
        value = np.where(chosen, value / np.repeat(norm, np.diff(data.begin)), value)
    return value


def fit(data: Rows, value: Floats, answer: Floats, weight: Floats, strength: float) -> tuple[Floats, float]:
    """The weights and bias that fit the answers (0 or 1); a greater `strength` trusts the rows more."""
    row = np.repeat(np.arange(len(data)), np.diff(data.begin))
    used, place = np.unique(data.ids, return_inverse=True)

    def loss(w: Floats) -> tuple[float, Floats]:
        z = np.add.reduceat(value * w[place], data.begin[:-1]) + w[-1]
        signed = np.where(answer > 0.5, z, -z)
        cost = strength * float(weight @ np.logaddexp(0, -signed)) + 0.5 * float(w[:-1] @ w[:-1])
        push = strength * weight * (1 / (1 + np.exp(-z)) - answer)
        slope = np.bincount(place, value * push[row], len(used)) + w[:-1]
        return cost, np.append(slope, push.sum())

    w = descend(loss, np.zeros(len(used) + 1))
    full = np.zeros(1 << BITS)
    full[used] = w[:-1]
    return full, float(w[-1])


def descend(loss: Loss, w: Floats) -> Floats:
    """Where the loss is least, by L-BFGS with a halving line search."""
    past: deque[tuple[Floats, Floats]] = deque(maxlen=MEMORY)
    cost, slope = loss(w)
    first = float(np.linalg.norm(slope))
    for _ in range(STEPS):
        way = _direction(slope, past)
        length, gain = 1.0 if past else 1.0 / max(first, 1.0), float(slope @ way)
        while (found := loss(w + length * way))[0] > cost + 1e-4 * length * gain and length > 1e-8:
            length /= 2
        step, turn = length * way, found[1] - slope
        if float(step @ turn) > 1e-12:
            past.append((step, turn))
        w, (cost, slope) = w + step, found
        if float(np.linalg.norm(slope)) < _CLOSE * first:
            break
    return w


def _direction(slope: Floats, past: deque[tuple[Floats, Floats]]) -> Floats:
    way, kept = -slope, []
    for step, turn in reversed(past):
        share = float(step @ way) / float(step @ turn)
        way = way - share * turn
        kept.append(share)
    if past:
        step, turn = past[-1]
        way = way * (float(step @ turn) / float(turn @ turn))
    for (step, turn), share in zip(past, reversed(kept), strict=True):
        way = way + (share - float(turn @ way) / float(step @ turn)) * step
    return way


def predict(data: Rows, value: Floats, w: Floats, bias: float) -> Floats:
    """The score of each row."""
    scores: Floats = np.add.reduceat(value * w[data.ids], data.begin[:-1]) + bias
    return scores


def platt(scores: Floats, answer: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and shift that turn scores into probabilities."""

    def loss(w: Floats) -> tuple[float, Floats]:
        z = w[0] * scores + w[1]
        cost = float(weight @ np.logaddexp(0, np.where(answer > 0.5, -z, z))) + 0.05 * (w[0] - 1) ** 2
        push = weight * (1 / (1 + np.exp(-z)) - answer)
        return cost, np.array([float(push @ scores) + 0.1 * (w[0] - 1), float(push.sum())])

    slope, shift = descend(loss, np.array([1.0, 0.0]))
    return float(slope), float(shift)
