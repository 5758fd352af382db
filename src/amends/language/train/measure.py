"""How often the model is wrong, on texts that it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def macro_f1(truth: Sequence[object], said: Sequence[object]) -> float:
    """The mean F1 over the labels that occur in the truth."""
    scores = []
    for label in dict.fromkeys(truth):
        right = sum(t == s == label for t, s in zip(truth, said, strict=True))
        either = sum(t == label for t in truth) + sum(s == label for s in said)
        scores.append(2 * right / either if either else 0.0)
    return sum(scores) / len(scores)


def area(truth: Floats, scores: Floats) -> float:
    """The area under the ROC curve: how often a complaint scores above what is none."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = truth > 0.5
    n, m = positive.sum(), (~positive).sum()
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m))


def calibration_error(truth: Floats, chance: Floats, bins: int = 10) -> float:
    """The expected calibration error: how far chances stray from what came true, over ten bins."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    parts = [(place == b) for b in range(bins)]
    return float(
        sum(p.sum() * abs(truth[p].mean() - chance[p].mean()) for p in parts if p.any()) / len(truth)
    )


def reliability(truth: Floats, chance: Floats, bins: int = 10) -> list[tuple[int, float, float]]:
    """For each tenth of the chances: how many texts, what was said on average, how many were; per cent."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    parts = [place == b for b in range(bins)]
    return [
        (int(p.sum()), round(100 * float(chance[p].mean()), 1), round(100 * float(truth[p].mean()), 1))
        for p in parts
        if p.any()
    ]


def precision_at(truth: Floats, chance: Floats, recall: float) -> float:
    """The precision where so many of the complaints are found."""
    order = np.argsort(-chance, kind="stable")
    found = np.cumsum(truth[order])
    reached = int(np.searchsorted(found, recall * truth.sum()))
    return float(found[reached] / (reached + 1))
