"""What each piece of a vocabulary is to the encoders before they look around it; shared by all of them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amends.language.pieces import Pieces

FILE = Path(__file__).with_name("embeddings.npz")
_MOMENT = (1980, 1, 1, 0, 0, 0)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A row for each piece in signed bytes with its scale, one for each place, one for each of two texts."""

    words: NDArray[np.int8]
    scale: NDArray[np.float16]
    place: NDArray[np.float16]
    side: NDArray[np.float16]

    def of(self, text: Pieces) -> Floats:
        """What an encoder is given of a text, a row for each piece."""
        embedded = self.words[text.ids].astype(np.float32)
        embedded *= self.scale[text.ids].astype(np.float32)
        embedded += self.place[: len(text.ids)].astype(np.float32)
        embedded[: text.own] += self.side[0].astype(np.float32)
        embedded[text.own :] += self.side[1].astype(np.float32)
        return embedded


@cache
def load() -> Embeddings:
    """The shipped embeddings; read once and then kept."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return Embeddings(*(arrays[name] for name in ("words", "scale", "place", "side")))


def write(embeddings: Embeddings, path: Path = FILE) -> None:
    """Write the embeddings; the same ones give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in ("words", "scale", "place", "side"):
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _MOMENT), "w") as member:
                np.lib.format.write_array(member, getattr(embeddings, name), allow_pickle=False)
