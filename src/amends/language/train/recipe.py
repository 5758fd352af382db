"""How the shipped models are made: what each learns from, and in which order."""

from __future__ import annotations

import csv
import html
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amends.language import heads
from amends.language.judgement import Judgement
from amends.language.train import corpus, lessons, net
from amends.language.train.fit import Lesson, Plan, fit, said
from amends.language.train.judge import judge
from amends.language.train.measure import Floats
from amends.language.train.net import Net

ACCURATE, SMALL = 6, 3
"""Layers of the two models."""
FIRST = Plan(passes=3, rate=1e-4)
"""The larger encoder, on all but the published complaint set, so that its protocol can begin from here."""
SECOND = Plan(passes=1, rate=4e-5, seed=1)
"""It goes on, with that set."""
DISTILLED = Plan(passes=3, rate=1.5e-4, seed=2)
"""The small encoder, on the labels and on what the larger one says, in equal parts."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from; `held` is for setting chances, and the models do not learn from it."""

    first: list[Lesson]
    tweets: list[Lesson]
    held: list[Lesson]
    unlabelled: list[Lesson]


def material(corpora: Path) -> Material:
    """Our own texts and the published ones, cut into pieces."""
    examples = [*corpus.own(), *corpus.published(corpora)]
    kept = [e for e in examples if not corpus.is_held(e)]
    random_posts = [tweet for tweet in corpus.tweets(corpora) if tweet.domain in corpus.BACKGROUND]
    return Material(
        first=[lessons.lesson(e) for e in kept if e.source != "complaints"],
        tweets=[
            *(lessons.lesson(e) for e in kept if e.source == "complaints"),
            *lessons.background(random_posts),
            *(lessons.insult(text, hateful, offensive) for text, hateful, offensive in _insults(corpora)),
        ],
        held=[lessons.lesson(e) for e in examples if corpus.is_held(e)],
        unlabelled=[lessons.untold(text) for text in _unlabelled(corpora)],
    )


def _unlabelled(corpora: Path) -> list[str]:
    labelled = {int(key) for key in corpus.labels("fincorp")}
    rows = _rows(corpora, "fincorp")
    return [html.unescape(row["Complaint/ Opinion"]) for n, row in enumerate(rows) if n not in labelled]


def _insults(corpora: Path) -> list[tuple[str, float, float]]:
    """Texts with the share of their readers who found them hateful, and hateful or offensive."""
    rows = random.Random(1).sample(_rows(corpora, "davidson"), corpus.INSULTS)  # noqa: S311
    found = []
    for row in rows:
        hateful, offensive, readers = (int(row[n]) for n in ("hate_speech", "offensive_language", "count"))
        found.append((html.unescape(row["tweet"]), hateful / readers, (hateful + offensive) / readers))
    return found


def _rows(corpora: Path, name: str) -> list[dict[str, str]]:
    with (corpora / "train" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first(given: Material, say: Say) -> Net:
    """The larger encoder before it has seen the published complaint set."""
    encoder = net.begin(ACCURATE, FIRST.seed)
    fit(encoder, given.first, FIRST, say)
    return encoder


def accurate(given: Material, start: Net, say: Say) -> Net:
    """The larger model."""
    encoder = deepcopy(start)
    fit(encoder, [*given.first, *given.tweets], SECOND, say)
    return encoder


def small(given: Material, teacher: Net, say: Say) -> Net:
    """The default model."""
    told = [*given.first, *given.tweets]
    chances = _chances(said(teacher, [lesson.pieces for lesson in [*told, *given.unlabelled]]))
    both = [lessons.taught(lesson, chance) for lesson, chance in zip(told, chances, strict=False)]
    alone = [
        Lesson(u.pieces, c, u.weight) for u, c in zip(given.unlabelled, chances[len(told) :], strict=True)
    ]
    encoder = net.begin(SMALL, DISTILLED.seed)
    fit(encoder, [*both, *alone], DISTILLED, say)
    return encoder


def judged(name: str, encoder: Net, held: Sequence[Lesson]) -> Judgement:
    """How the scores of an encoder are read."""
    return judge(name, said(encoder, [lesson.pieces for lesson in held]), held)


def _chances(scores: Floats) -> Floats:
    chances = 1 / (1 + np.exp(-scores))
    kinds = np.exp(scores[:, heads.KIND] - scores[:, heads.KIND].max(1, keepdims=True))
    chances[:, heads.KIND] = kinds / kinds.sum(1, keepdims=True)
    return chances
