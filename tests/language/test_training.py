"""The trainer, its texts, and the file that it left."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from amends.core.values import Kind, Severity
from amends.language import weights
from amends.language.clean import clean
from amends.language.features import extract
from amends.language.train import corpus
from amends.language.train.heads import learn, prepare
from amends.language.train.logistic import descend, platt, rarity, rows, values
from amends.language.train.measure import area, calibration_error, macro_f1

CARD = Path(__file__).parents[2] / "docs" / "model-card.md"


def test_the_card_names_the_weights_that_ship() -> None:
    kept = weights.FILE.read_bytes()
    card = CARD.read_text("utf-8")
    assert hashlib.sha256(kept).hexdigest() in card
    assert re.search(rf"\b{len(kept):,}\b bytes", card)
    assert len(kept) < 3_000_000


def test_our_own_texts_are_many_and_each_is_there_once() -> None:
    own = corpus.own()
    assert len(own) >= 1600
    assert max(Counter(example.text.casefold() for example in own).values()) == 1
    assert {e.kind for e in own} == set(Kind)
    assert {e.severity for e in own} == set(Severity)
    assert {"en", "de", "fr", "es", "it", "nl", "pt"} <= {e.lang for e in own}
    assert len({e.domain for e in own}) >= 14


def test_a_text_whose_labels_contradict_each_other_is_refused(tmp_path: Path) -> None:
    line = '{"text":"x","lang":"en","kind":"praise","severity":"low","industry":"bank"}\n'
    (tmp_path / "bad.jsonl").write_text(line, "utf-8")
    with pytest.raises(ValueError, match="does not go with"):
        corpus.own(tmp_path)


def test_the_same_texts_give_the_same_file(tmp_path: Path) -> None:
    few = corpus.own()[::20]
    for name in ("a.npz", "b.npz"):
        made = learn(prepare(few, range(len(few))), np.arange(len(few)), "small")
        weights.write(made, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert weights.read(tmp_path / "a.npz").name == "small"


def test_a_table_of_another_shape_is_refused(tmp_path: Path) -> None:
    ones = np.ones(3, np.float32)
    wrong = weights.Weights("wrong", np.ones((4, 4), np.float32), ones, ones, ones)
    with pytest.raises(ValueError, match="does not fit"):
        weights.write(wrong, tmp_path / "w.npz")


def test_n_grams_of_a_text_do_not_depend_on_its_company() -> None:
    texts = [clean("no refund yet"), clean(""), clean("a b cde")]
    together = extract(texts)
    for place, text in enumerate(texts):
        alone = extract([text])
        for one, many in zip(alone.blocks, together.blocks, strict=True):
            assert one.ids.tolist() == many.ids[many.text == place].tolist()


def test_descent_finds_the_lowest_point() -> None:
    goal = np.array([3.0, -2.0, 0.5])
    scale = np.array([1.0, 10.0, 100.0])
    found = descend(lambda w: (float(scale @ (w - goal) ** 2), 2 * scale * (w - goal)), np.zeros(3))
    assert found == pytest.approx(goal, abs=1e-3)


def test_rows_are_scaled_to_one_by_words_and_characters() -> None:
    data = rows(["no refund yet", "no refund at all", "no"])
    value = values(data, rarity(data))
    for at in range(3):
        span = slice(int(data.begin[at]), int(data.begin[at + 1]))
        for of_words in (True, False):
            assert (value[span][data.words[span] == of_words] ** 2).sum() == pytest.approx(1.0)


def test_probabilities_fit_what_came_true() -> None:
    scores = np.linspace(-4, 4, 200)
    answer = (np.sin(scores * 40) + scores / 2 > 0).astype(float)
    slope, shift = platt(scores, answer, np.ones(200))
    chance = 1 / (1 + np.exp(-(slope * scores + shift)))
    assert chance.mean() == pytest.approx(answer.mean(), abs=0.02)
    assert slope > 0


def test_measures() -> None:
    assert macro_f1([1, 1, 0, 0], [1, 0, 0, 0]) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert area(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.9, 0.5, 0.5])) == pytest.approx(0.875)
    assert calibration_error(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(0.0)


def test_folds_spread_each_kind_evenly() -> None:
    own = corpus.own()
    placed = corpus.folds(own, 5)
    asked = Counter(f for f, e in zip(placed, own, strict=True) if e.kind is Kind.QUESTION and e.lang == "en")
    assert max(asked.values()) - min(asked.values()) <= 8
