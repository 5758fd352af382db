"""From labelled texts to the weights of all heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amends.core.values import Kind, Severity
from amends.language.features import BITS
from amends.language.train.corpus import Example, folds
from amends.language.train.logistic import Floats, Ints, Rows, fit, platt, predict, rarity, rows, values
from amends.language.weights import AT_LEAST, HEADS, OTHER_KINDS, Weights

STRENGTH = {"complaint": 8.0, "kind": 20.0, "severity": 6.0}
TRUST = {"own": 1.0, "tweets": 0.4}
"""How much a text of each source counts in the fit; probabilities are set by our own texts alone."""
INSIDE = 5


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples with their n-grams and what each n-gram is worth."""

    examples: Sequence[Example]
    data: Rows
    rare: Floats
    value: Floats

    def part(self, chosen: Ints) -> tuple[Rows, Floats]:
        """The rows of the chosen examples and their values."""
        spans = [np.arange(self.data.begin[i], self.data.begin[i + 1]) for i in chosen]
        return self.data.of(chosen), self.value[np.concatenate(spans)]


@dataclass(frozen=True, slots=True)
class Head:
    """One yes-or-no question: whom it may be asked of, and the answer."""

    name: str
    strength: float
    asked: Ints
    answer: Floats
    weight: Floats


def prepare(examples: Sequence[Example], fitted: Sequence[int]) -> Prepared:
    """Examples ready to be learnt from, with rarity taken from the fitted ones only."""
    data = rows([example.text for example in examples])
    rare = rarity(data.of(list(fitted)))
    return Prepared(examples, data, rare, values(data, rare))


def heads(examples: Sequence[Example], among: Ints) -> list[Head]:
    """The questions of all heads over the examples at `among`."""
    made = [_head("complaint", "complaint", examples, among, [e.complaint for e in examples])]
    other = among[[examples[i].kind not in {None, Kind.COMPLAINT} for i in among]]
    made += [_head(k, "kind", examples, other, [e.kind is k for e in examples]) for k in OTHER_KINDS]
    graded = among[[examples[i].kind is Kind.COMPLAINT for i in among]]
    for level in AT_LEAST:
        least = Severity(level).level
        answers = [e.severity is not None and e.severity.level >= least for e in examples]
        made.append(_head(level, "severity", examples, graded, answers))
    return made


def _head(name: str, group: str, examples: Sequence[Example], asked: Ints, answers: list[bool]) -> Head:
    weight = np.array([TRUST[examples[i].source] for i in asked])
    return Head(name, STRENGTH[group], asked, np.array(answers, float)[asked], weight)


def learn(prepared: Prepared, among: Ints, name: str) -> Weights:
    """Weights for every head from the examples at `among`, each score turned into a probability."""
    table = np.zeros((1 << BITS, len(HEADS) + 1), np.float32)
    bias, slope, shift = (np.zeros(len(HEADS), np.float32) for _ in range(3))
    table[:, -1] = prepared.rare**2
    for column, head in enumerate(heads(prepared.examples, among)):
        data, value = prepared.part(head.asked)
        w, bias[column] = fit(data, value, head.answer, head.weight, head.strength)
        table[:, column] = w * prepared.rare
        slope[column], shift[column] = _calibrated(prepared, head)
    return Weights(name, table, bias, slope, shift)


def unseen_scores(prepared: Prepared, head: Head, count: int) -> Floats:
    """A score for each example of a head, by weights that did not see it."""
    fold = np.array(folds([prepared.examples[i] for i in head.asked], count))
    scores = np.zeros(len(head.asked))
    for held in range(count):
        kept = np.flatnonzero(fold != held)
        data, value = prepared.part(head.asked[kept])
        w, bias = fit(data, value, head.answer[kept], head.weight[kept], head.strength)
        out = np.flatnonzero(fold == held)
        scores[out] = predict(*prepared.part(head.asked[out]), w, bias)
    return scores


def _calibrated(prepared: Prepared, head: Head) -> tuple[float, float]:
    """Slope and shift from scores of our own texts that the fit did not see."""
    scores = unseen_scores(prepared, head, INSIDE)
    ours = np.array([float(prepared.examples[i].source == "own") for i in head.asked])
    return platt(scores, head.answer, ours if ours.any() else np.ones(len(scores)))
