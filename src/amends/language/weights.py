"""The weights of the first model as they lie in `weights.npz`."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amends.core.values import Kind
from amends.language.features import BITS

FILE = Path(__file__).with_name("weights.npz")
OTHER_KINDS = tuple(kind for kind in Kind if kind is not Kind.COMPLAINT)
AT_LEAST = ("medium", "high", "critical")
HEADS = ("complaint", *OTHER_KINDS, *AT_LEAST)
"""The columns of `table`, in order."""
SEVERITY = slice(1 + len(OTHER_KINDS), len(HEADS))
KINDS = slice(1, 1 + len(OTHER_KINDS))

Floats = NDArray[np.float32]
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Weights:
    """A row for each bucket: what its n-gram adds to each head, and last the square of its rarity.

    A score is `slope * (words / |words| + characters / |characters| + bias) + shift`, where the two sums are
    divided by the root of the summed squares of rarity.
    """

    name: str
    table: Floats
    bias: Floats
    slope: Floats
    shift: Floats


def read(path: Path = FILE) -> Weights:
    """The weights in this file."""
    with np.load(path, allow_pickle=False) as kept:
        table = kept["table"].astype(np.float32)
        table *= kept["scale"].astype(np.float32)
        return Weights(str(kept["name"]), table, kept["bias"], kept["slope"], kept["shift"])


def squeeze(weights: Weights) -> tuple[NDArray[np.int8], Floats]:
    """The table in steps of one byte, and the size of a step in each column."""
    scale = np.maximum(np.abs(weights.table).max(axis=0), 1e-9).astype(np.float32) / np.float32(127)
    return np.rint(weights.table / scale).astype(np.int8), scale


def write(weights: Weights, path: Path = FILE) -> None:
    """Write the weights; the same weights give the same bytes."""
    if weights.table.shape != (1 << BITS, len(HEADS) + 1):
        raise ValueError(f"a table of {weights.table.shape} does not fit the heads {HEADS}")
    table, scale = squeeze(weights)
    arrays = {
        "name": np.array(weights.name),
        "table": table,
        "scale": scale,
        "bias": weights.bias.astype(np.float32),
        "slope": weights.slope.astype(np.float32),
        "shift": weights.shift.astype(np.float32),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _MOMENT), "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
