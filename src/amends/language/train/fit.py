"""Fit the encoder to labelled texts, or to what a larger one says of texts without labels."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from amends.language import heads
from amends.language.pieces import Pieces
from amends.language.train import net
from amends.language.train.measure import Floats
from amends.language.train.net import Net

AT_ONCE = 32
STEP = 8
"""Texts whose lengths differ by less than this are read together."""
WARM_UP = 0.06
DECAY = 0.01
LARGEST = 1.0
"""A step's slope is shortened to this length."""
COST = torch.tensor([1.0] + [0.0] * 8 + [0.15] * 3 + [1.0] * 6 + [0.3] * 2)
"""How much an error in each column counts; `KIND_COST` that in the kind."""
KIND_COST = 0.5


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text's pieces and what is to be said of it: a chance for each column, and how much each counts."""

    pieces: Pieces
    chance: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Plan:
    """How to fit: passes over the lessons, the highest step size, and the seed of all chance."""

    passes: float
    rate: float = 1e-4
    seed: int = 0


def fit(encoder: Net, lessons: Sequence[Lesson], plan: Plan, say: Callable[[str], None]) -> None:
    """Fit the encoder to the lessons; the same plan and lessons give the same on the same machine."""
    torch.manual_seed(plan.seed)
    device = _device()
    encoder.to(device).train()
    optimiser = torch.optim.AdamW(encoder.parameters(), plan.rate, weight_decay=DECAY, fused=True)
    steps = max(1, round(plan.passes * len(lessons) / AT_ONCE))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda done: _rate(done, steps))
    begun, losses = time.monotonic(), []
    for done, rows in enumerate(_passes([lesson.pieces for lesson in lessons], plan.seed, steps), 1):
        loss = _loss(encoder, [lessons[i] for i in rows], device)
        loss.backward()
        clip_grad_norm_(encoder.parameters(), LARGEST)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(loss.detach())
        if done % 100 == 0:
            mean = float(torch.stack(losses[-100:]).mean())
            say(f"  step {done} of {steps}, loss {mean:.3f}, {time.monotonic() - begun:.0f} s")


def _rate(done: int, steps: int) -> float:
    """The share of the highest step size: up in a line, down in half a wave."""
    warm = max(1, int(steps * WARM_UP))
    return (
        (done + 1) / warm
        if done < warm
        else (1 + math.cos(math.pi * (done - warm) / max(1, steps - warm))) / 2
    )


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _passes(texts: Sequence[Pieces], seed: int, steps: int) -> Iterator[list[int]]:
    """So many batches, pass after pass, each pass in another order."""
    rng = np.random.default_rng(seed)
    endless = (rows for _ in count() for rows in batches(texts, rng))
    return islice(endless, steps)


def batches(texts: Sequence[Pieces], rng: np.random.Generator | None = None) -> list[list[int]]:
    """All texts in batches of about the same length, shuffled where chance is given."""
    order = np.arange(len(texts)) if rng is None else rng.permutation(len(texts))
    by_length: dict[int, list[int]] = {}
    made = []
    for i in order.tolist():
        length = -(-len(texts[i].ids) // STEP)
        batch = by_length.setdefault(length, [])
        batch.append(i)
        if len(batch) == AT_ONCE:
            made.append(by_length.pop(length))
    left = [i for length in sorted(by_length) for i in by_length[length]]
    made += [left[at : at + AT_ONCE] for at in range(0, len(left), AT_ONCE)]
    if rng is not None:
        rng.shuffle(made)
    return made


def _loss(encoder: Net, lessons: Sequence[Lesson], device: torch.device) -> Tensor:
    said = _say(encoder, [lesson.pieces for lesson in lessons], device)
    chance, weight = (
        torch.from_numpy(np.stack(rows)).to(device)
        for rows in ([lesson.chance for lesson in lessons], [lesson.weight for lesson in lessons])
    )
    apart = (
        functional.binary_cross_entropy_with_logits(said, chance, reduction="none") * weight * COST.to(device)
    )
    kinds = (
        -(chance[:, heads.KIND] * said[:, heads.KIND].log_softmax(-1)).sum(-1) * weight[:, heads.KIND.start]
    )
    return (apart.sum() + KIND_COST * kinds.sum()) / AT_ONCE


def _say(encoder: Net, texts: Sequence[Pieces], device: torch.device) -> Tensor:
    length = max(len(text.ids) for text in texts)
    embedded = np.zeros((len(texts), length, net.SIZE), np.float32)
    stands, hidden = (np.full((len(texts), length), value, np.float32) for value in (0, net.HIDDEN))
    for row, text in enumerate(texts):
        embedded[row, : len(text.ids)] = net.embeddings().of(text)
        stands[row, : len(text.ids)] = text.stands
        hidden[row, : len(text.ids)] = 0
    with torch.autocast(device.type, torch.bfloat16):
        told: Tensor = encoder(*(torch.from_numpy(array).to(device) for array in (embedded, stands, hidden)))
    return told


def said(encoder: Net, texts: Sequence[Pieces]) -> Floats:
    """The scores of each text, one row a text in the order given."""
    device = _device()
    encoder.to(device).eval()
    found = np.zeros((len(texts), heads.WIDTH), np.float32)
    with torch.inference_mode():
        for rows in batches(texts):
            found[rows] = _say(encoder, [texts[i] for i in rows], device).cpu().numpy()
    return found
