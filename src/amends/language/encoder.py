"""A fitted encoder, run by onnxruntime on one core: what it says of each text and of each piece in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from amends.language.embeddings import Embeddings, Floats
from amends.language.pieces import Pieces


@dataclass(frozen=True, slots=True)
class Said:
    """The scores of a text, one for each column of `heads`: a mean of its pieces' scores by their shares.

    `scores` and `share` have a row for each piece; the shares of a column are 1 together.
    """

    text: Floats
    scores: Floats
    share: Floats


class Encoder:
    """The graph of one file; safe to use from any thread."""

    def __init__(self, file: Path, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._session = onnxruntime.InferenceSession(
            str(file),
            _options(),
            providers=["CPUExecutionProvider"],
            enable_fallback=False,
            disabled_optimizers=["SkipLayerNormFusion"],  # joined, the two steps take three times as long
        )

    def say(self, text: Pieces) -> Said:
        """What is said of one text that is not empty.

        Each is read alone: numbers are rounded by the largest among them, so in company they would differ.
        """
        (told,) = self._session.run(None, {"embedded": self._embeddings.of(text)[None]})
        scores, heeded = np.split(told[0], 2, axis=1)
        heeded = np.where(text.stands[:, None] > 0, heeded, -np.inf)
        share = np.exp(heeded - heeded.max(axis=0))
        share /= share.sum(axis=0)
        return Said((scores * share).sum(axis=0), scores, share)


def _options() -> onnxruntime.SessionOptions:
    """One thread, since the desk runs a process a core; and no memory kept for the longest text ever."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return options
