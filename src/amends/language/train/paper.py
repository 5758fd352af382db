"""The published complaint set by its own protocol and its own labels: the encoder fitted anew in every fold.

All is fitted inside the fold, from an encoder on that has seen no text of the set, whoever labelled it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline

from amends.language import heads
from amends.language.pieces import cut
from amends.language.train import corpus, net
from amends.language.train.corpus import BACKGROUND, Tweet
from amends.language.train.fit import Lesson, Plan, fit, said
from amends.language.train.measure import Floats, area, macro_f1, precision_at
from amends.language.train.net import Net
from amends.language.train.recipe import ACCURATE, SMALL

FOLDS = 10
PLAN = Plan(passes=3, rate=6e-5)
RECALL = 0.95
LEFT_OUT = "each domain left out, six layers"

Ints = NDArray[np.intp]
Fold = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Scored:
    """The chance of each text of `tested`, by what did not see it: n-grams alone, the encoder, both."""

    tested: Ints
    ngrams: Floats
    encoder: Floats

    @property
    def both(self) -> Floats:
        """The mean of the two in log-odds."""
        odds = (
            np.log(p / (1 - p))
            for p in (np.clip(self.ngrams, 1e-4, 1 - 1e-4), np.clip(self.encoder, 1e-4, 1 - 1e-4))
        )
        return 1 / (1 + np.exp(-sum(odds) / 2))


def ten(tweets: Sequence[Tweet]) -> list[Fold]:
    """Stratified folds over the whole set."""
    truth = [tweet.complaint for tweet in tweets]
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(truth, truth))


def without_a_domain(tweets: Sequence[Tweet]) -> list[Fold]:
    """For each domain: everything else to learn from, its posts to brands to be judged by."""
    domain = np.array([tweet.domain for tweet in tweets])
    named = sorted(set(domain) - BACKGROUND)
    return [(np.flatnonzero(domain != name), np.flatnonzero(domain == name)) for name in named]


def scored(
    tweets: Sequence[Tweet], folds: Sequence[Fold], start: Net, say: Callable[[str], None]
) -> Iterator[Scored]:
    """Each fold in turn."""
    for number, (learnt, tested) in enumerate(folds, 1):
        fold = Scored(tested, _ngrams(tweets, learnt, tested), _encoder(tweets, learnt, tested, start))
        truth = [tweets[i].complaint for i in tested]
        say(f"fold {number} of {len(folds)}: {macro_f1(truth, (fold.both > 0.5).tolist()):.3f}")
        yield fold


def _encoder(tweets: Sequence[Tweet], learnt: Ints, tested: Ints, start: Net) -> Floats:
    encoder = deepcopy(start)
    fit(encoder, [_lesson(tweets[i]) for i in learnt], PLAN, lambda _: None)
    scores = said(encoder, [cut(tweets[i].text) for i in tested])[:, heads.COMPLAINT.start]
    return 1 / (1 + np.exp(-scores))


def _lesson(tweet: Tweet) -> Lesson:
    chance, weight = np.zeros(heads.WIDTH, np.float32), np.zeros(heads.WIDTH, np.float32)
    chance[heads.COMPLAINT], weight[heads.COMPLAINT] = tweet.complaint, 1
    return Lesson(cut(tweet.text), chance, weight)


def _ngrams(tweets: Sequence[Tweet], learnt: Ints, tested: Ints) -> Floats:
    model = Pipeline([("ngrams", ngrams()), ("regression", LogisticRegression(C=8, max_iter=2000))])
    model.fit([tweets[i].text for i in learnt], [tweets[i].complaint for i in learnt])
    chances: Floats = model.predict_proba([tweets[i].text for i in tested])[:, 1]
    return chances


def ngrams() -> FeatureUnion:
    """Words and characters as the yardstick counts them."""
    return FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)),
            (
                "characters",
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True),
            ),
        ]
    )


def figures(tweets: Sequence[Tweet], folds: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Macro-F1 and area, whole and brand only, and precision at 95 % recall on brand posts; per cent."""
    tested = np.concatenate([fold.tested for fold in folds])
    truth = np.array([tweets[i].complaint for i in tested], float)
    brand = np.array([tweets[i].domain not in BACKGROUND for i in tested])
    found = {}
    for name in ("ngrams", "encoder", "both"):
        chance = np.concatenate([getattr(fold, name) for fold in folds])
        found[name] = {
            "macro_f1": 100 * macro_f1(truth.tolist(), (chance > 0.5).astype(float).tolist()),
            "auc": 100 * area(truth, chance),
            "brand_macro_f1": 100
            * macro_f1(truth[brand].tolist(), (chance[brand] > 0.5).astype(float).tolist()),
            "brand_auc": 100 * area(truth[brand], chance[brand]),
            "brand_precision_at_95_recall": 100 * precision_at(truth[brand], chance[brand], RECALL),
        }
    return found


def measured(
    corpora: Path, start: Path, protocols: Sequence[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """The figures of each protocol, beginning from the encoder of six layers kept at `start`."""
    told = corpus.tweets(corpora)
    found: dict[str, Any] = {}
    if "ten" in protocols:
        for layers, name in ((ACCURATE, "six layers"), (SMALL, "three layers")):
            folds = list(scored(told, ten(told), _begun(start, layers), say))
            found[f"ten folds, {name}"] = figures(told, folds)
    if "domains" in protocols:
        folds = list(scored(told, without_a_domain(told), _begun(start, ACCURATE), say))
        found[LEFT_OUT] = figures(told, folds)
        for name, figure in found[LEFT_OUT].items():
            figure["mean_of_domains"] = 100 * float(np.mean([_macro_f1(told, fold, name) for fold in folds]))
    return found


def _begun(start: Path, layers: int) -> Net:
    """The first layers of the encoder that is kept there."""
    state = torch.load(start, weights_only=True)
    encoder = net.Net(layers)
    encoder.load_state_dict({name: state[name] for name in encoder.state_dict()})
    return encoder


def _macro_f1(told: Sequence[Tweet], fold: Scored, name: str) -> float:
    truth = [told[i].complaint for i in fold.tested]
    return macro_f1(truth, (getattr(fold, name) > 0.5).tolist())
