"""How often the model is wrong, on texts that it did not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from amends.language import linear
from amends.language.reading import Reading, Text
from amends.language.train.corpus import BACKGROUND, Example, folds
from amends.language.train.heads import heads, learn, prepare, unseen_scores
from amends.language.train.logistic import Floats

HELD = 5
"""One in so many of our own texts is held out."""


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


def published(examples: Sequence[Example], alone: bool) -> Iterator[str]:
    """Ten-fold figures on the published tweets, whole and without the random ones.

    `alone` fits on the tweets only, as the published figures do; else our own texts stand in every fit.
    """
    used = [e for e in examples if e.source == "tweets" or not alone]
    prepared = prepare(used, range(len(used)))
    head = heads(used, np.arange(len(used)))[0]
    scores = unseen_scores(prepared, head, 10)
    tweet = np.array([e.source == "tweets" for e in used])
    brand = tweet & np.array([e.domain not in BACKGROUND for e in used])
    for name, part in (("whole", tweet), ("brand only", brand)):
        truth, score = head.answer[part], scores[part]
        f1 = macro_f1(truth.tolist(), (score > 0).astype(float).tolist())
        fit_on = "tweets alone" if alone else "tweets and own texts"
        figures = f"n {part.sum()}, macro-F1 {f1:.3f}, AUC {area(truth, score):.3f}"
        yield f"complaints.csv, 10-fold, {name}, fitted on {fit_on}: {figures}"


def held_out(examples: Sequence[Example]) -> Iterator[str]:
    """Figures on a fifth of our own texts, by language and kind, of a model fitted without them."""
    fold = folds(examples, HELD)
    kept = [i for i, e in enumerate(examples) if fold[i] != 0 or e.source != "own"]
    test = [e for i, e in enumerate(examples) if fold[i] == 0 and e.source == "own"]
    prepared = prepare(examples, kept)
    model = linear.shipped(learn(prepared, np.array(kept), "held-out"))
    readings = model.read([Text(e.text) for e in test])
    told = sum(e.lang == r.lang for e, r in zip(test, readings, strict=True)) / len(test)
    truth = np.array([float(e.complaint) for e in test])
    chance = np.array([r.complaint for r in readings])
    figures = f"AUC {area(truth, chance):.3f}, ECE {calibration_error(truth, chance):.3f}"
    yield f"own texts, held-out fifth: n {len(test)}, {figures}, language told {told:.2f}"
    yield from _split(test, readings)


def _split(test: Sequence[Example], readings: Sequence[Reading]) -> Iterator[str]:
    pairs = list(zip(test, readings, strict=True))
    for lang in ["all", *sorted({e.lang for e in test})]:
        part = [(e, r) for e, r in pairs if lang in ("all", e.lang)]
        f1 = macro_f1([e.complaint for e, _ in part], [r.is_complaint for _, r in part])
        kinds = macro_f1([e.kind for e, _ in part], [r.kind for _, r in part])
        yield f"  {lang}: n {len(part)}, complaint macro-F1 {f1:.3f}, kind macro-F1 {kinds:.3f}"
    for kind in sorted({e.kind for e in test if e.kind}):
        said = [r for e, r in pairs if e.kind is kind]
        right = sum(r.kind is kind for r in said)
        called = sum(r.is_complaint for r in said)
        shares = f"read as such {right / len(said):.2f}, as complaint {called / len(said):.2f}"
        yield f"  {kind}: n {len(said)}, {shares}"
    graded = [(e.severity, r.severity) for e, r in pairs if e.complaint and r.is_complaint]
    exact = sum(a is b for a, b in graded) / len(graded)
    near = sum(abs(a.level - b.level) <= 1 for a, b in graded if a) / len(graded)
    f1 = macro_f1([a for a, _ in graded], [b for _, b in graded])
    shares = f"exact {exact:.2f}, within one {near:.2f}, macro-F1 {f1:.3f}"
    yield f"  severity of found complaints: n {len(graded)}, {shares}"
