"""Set how an encoder's scores are read, on texts that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from amends.language import heads
from amends.language.judgement import Judgement
from amends.language.train.fit import Lesson
from amends.language.train.measure import Floats, macro_f1

FEWEST = 20
"""A column is set by itself only where so many texts say yes and so many no."""
STEPS = np.round(np.arange(0.02, 0.91, 0.01), 2)
RECALL = 0.9
"""The share of texts with an urgent signal in which one is to be looked for: more would be too many."""


def judge(name: str, scores: Floats, lessons: Sequence[Lesson]) -> Judgement:
    """The judgement that fits these scores best."""
    chance = np.array([lesson.chance for lesson in lessons])
    weight = np.array([lesson.weight for lesson in lessons])
    pairs = [_platt(scores[:, c], chance[:, c], weight[:, c]) for c in range(heads.WIDTH)]
    slope, shift = zip(*pairs, strict=True)
    read = Judgement(name, slope, shift, 0.5, (0.5,) * len(heads.AT_LEAST), (0.5,) * len(heads.URGENT), 0.5)
    chances = read.chances(scores.astype(np.float32))
    told = weight[:, 0] > 0
    return Judgement(
        name,
        slope,
        shift,
        complaint=best(chance[told, 0] > 0.5, chances[told, 0]),
        severity=tuple(_best_of(chance, weight, chances, c) for c in _columns(heads.SEVERITY)),
        urgent=tuple(_best_of(chance, weight, chances, c) for c in _columns(heads.SIGNALS)),
        perhaps=_recalling(chance, weight, chances),
    )


def _columns(part: slice) -> range:
    return range(part.start, part.stop)


def _platt(scores: Floats, chance: Floats, weight: Floats) -> tuple[float, float]:
    told = weight > 0
    if min((chance[told] > 0.5).sum(), (chance[told] <= 0.5).sum()) < FEWEST:
        return 1.0, 0.0
    fitted = LogisticRegression(C=100).fit(scores[told, None], chance[told] > 0.5)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def best(truth: Floats, chances: Floats) -> float:
    """The chance from which saying yes gives the best macro-F1."""
    found = [macro_f1(truth.tolist(), (chances >= step).tolist()) for step in STEPS]
    return float(STEPS[int(np.argmax(found))])


def _best_of(chance: Floats, weight: Floats, chances: Floats, column: int) -> float:
    told = weight[:, column] > 0
    return best(chance[told, column] > 0.5, chances[told, column])


def _recalling(chance: Floats, weight: Floats, chances: Floats) -> float:
    """The highest chance from which enough of the texts are found that hold any signal."""
    held = ((weight[:, heads.SIGNALS] > 0) & (chance[:, heads.SIGNALS] > 0.5)).any(axis=1)
    return round(float(np.quantile(chances[held][:, heads.SIGNALS].max(axis=1), 1 - RECALL)), 4)
