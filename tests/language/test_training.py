"""What the models are made from, how they are measured, and the files that ship."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from amends.core.values import Kind, Severity
from amends.language import embeddings, judgement
from amends.language.reader import ROOM
from amends.language.train import card, corpus, evaluate
from amends.language.train.measure import area, calibration_error, macro_f1, precision_at, reliability

PAGE = Path(__file__).parents[2] / "docs" / "model-card.md"
SHIPPED = ("small.onnx", "accurate.onnx", "embeddings.npz")


def test_the_page_is_the_card_of_the_figures_that_ship() -> None:
    assert PAGE.read_text("utf-8") == card.card(card.load())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_names_the_files_that_ship(name: str) -> None:
    content = (ROOM / name).read_bytes()
    page = PAGE.read_text("utf-8")
    assert hashlib.sha256(content).hexdigest() in page
    assert re.search(rf"\b{len(content):,}\b", page)


def test_the_models_are_small_enough_to_ship() -> None:
    assert sum((ROOM / name).stat().st_size for name in SHIPPED) < 45e6


def test_our_own_texts_are_many_and_each_is_there_once() -> None:
    own = corpus.own()
    assert len(own) >= 8000
    assert max(Counter((e.text.casefold(), e.before) for e in own).values()) == 1
    assert {e.labels[0].kind for e in own} == set(Kind)
    assert {e.labels[0].severity for e in own} == set(Severity)
    assert {"en", "de", "fr", "es", "it", "nl", "pt"} <= {e.lang for e in own}


def test_a_text_whose_labels_contradict_each_other_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text":"x","lang":"en","kind":"praise","severity":"low","industry":"bank"}\n', "utf-8")
    with pytest.raises(ValueError, match="does not go with"):
        list(corpus.written(path))


def test_whole_groups_are_held_back() -> None:
    held: dict[str, set[bool]] = {}
    for example in corpus.own():
        held.setdefault(example.group, set()).add(corpus.is_held(example))
    assert all(len(found) == 1 for found in held.values())
    share = sum(map(corpus.is_held, corpus.own())) / len(corpus.own())
    assert share == pytest.approx(1 / corpus.HELD_ELSE, abs=0.02)


def test_published_texts_are_read_by_the_ids_of_their_labels(tmp_path: Path) -> None:
    told = corpus.labels("care-2020")
    (tmp_path / "streams").mkdir()
    rows = [f'{{"id":"{key}","text":"post {key}","in_reply_to":null}}' for key in told]
    (tmp_path / "streams" / "care-2020.jsonl").write_text("\n".join(rows), "utf-8")
    found = corpus.stream(tmp_path, "care-2020")
    assert len(found) == len(told)
    assert all(len(example.labels) == 2 for example in found)
    assert {example.complaint for example in found} == {0.0, 0.5, 1.0}


def test_measures() -> None:
    assert macro_f1([1, 1, 0, 0], [1, 0, 0, 0]) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert area(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.9, 0.5, 0.5])) == pytest.approx(0.875)
    assert calibration_error(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(0.0)
    assert precision_at(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.1]), 0.5) == 1.0
    assert precision_at(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.1]), 1.0) == pytest.approx(
        2 / 3
    )
    assert reliability(np.array([1.0, 0.0]), np.array([0.05, 0.05])) == [(2, 5.0, 50.0)]


def test_a_judgement_is_read_as_it_was_written(tmp_path: Path) -> None:
    shipped = judgement.read(ROOM / "small.json")
    judgement.write(shipped, tmp_path / "j.json")
    assert judgement.read(tmp_path / "j.json") == shipped
    assert (tmp_path / "j.json").read_bytes() == (ROOM / "small.json").read_bytes()


def test_embeddings_are_read_as_they_were_written(tmp_path: Path) -> None:
    embeddings.write(embeddings.load(), tmp_path / "e.npz")
    assert (tmp_path / "e.npz").read_bytes() == embeddings.FILE.read_bytes()


def test_the_kept_figures_are_those_of_the_models_that_ship() -> None:
    """Measured anew on one set, so that the card cannot be that of other files."""
    from amends.language.model import load

    kept = {model["model"]: model for model in card.load()["models"]}
    found = evaluate.complaint(evaluate.read(load(), corpus.judged("de")))
    said = kept[load().name]["languages"]["de"]
    assert found["macro_f1"] == pytest.approx(said["macro_f1"], abs=1.0)
