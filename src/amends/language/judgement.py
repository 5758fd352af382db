"""From an encoder's scores to what the desk says: chances, and from which chance on each label is said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from amends.core.values import Kind, Severity
from amends.language import heads
from amends.language.embeddings import Floats


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one encoder's scores are read; set on texts that it did not learn from.

    `slope` and `shift`, one a column, turn scores into log-odds that are right as often as they say (Platt).
    A complaint is said from a chance of `complaint` on, each step of severity
    and each urgent signal from its own; from `perhaps` on somebody should look whether there is one.
    """

    name: str
    slope: tuple[float, ...]
    shift: tuple[float, ...]
    complaint: float
    severity: tuple[float, ...]
    urgent: tuple[float, ...]
    perhaps: float

    def chances(self, scores: Floats) -> Floats:
        """The chance in each column, of one text or of a row of them."""
        odds = np.asarray(self.slope, np.float32) * scores + np.asarray(self.shift, np.float32)
        chances: Floats = (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).astype(np.float32)
        return chances

    def points(self) -> Floats:
        """The score in each column from which its label is said; nothing for kinds, which are compared."""
        least = np.full(heads.WIDTH, 0.5, np.float32)
        least[heads.COMPLAINT], least[heads.SEVERITY], least[heads.SIGNALS] = (
            self.complaint,
            self.severity,
            self.perhaps,
        )
        odds = np.log(least / (1 - least))
        found: Floats = (odds - np.asarray(self.shift, np.float32)) / np.asarray(self.slope, np.float32)
        found[heads.KIND] = 0
        return found

    def kind(self, scores: Floats, chances: Floats) -> Kind:
        """A complaint where its chance is high enough, else the likeliest of the other kinds."""
        if chances[0] >= self.complaint:
            return Kind.COMPLAINT
        others = [kind for kind in heads.KINDS if kind is not Kind.COMPLAINT]
        return max(others, key=lambda kind: float(scores[heads.KIND.start + heads.KINDS.index(kind)]))

    def level(self, chances: Floats) -> Severity:
        """How bad a complaint is: as many steps as are likely enough, one after the other."""
        steps = chances[heads.SEVERITY] >= np.asarray(self.severity)
        return Severity.of_level(1 + int(np.argmin([*steps, False])))

    def signals(self, chances: Floats) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The urgent signals that are likely enough to go by, and those that somebody should look for."""
        told = list(zip(heads.URGENT, chances[heads.SIGNALS].tolist(), self.urgent, strict=True))
        found = tuple(signal for signal, chance, least in told if chance >= least)
        return found, tuple(s for s, chance, _ in told if chance >= self.perhaps and s not in found)


def read(path: Path) -> Judgement:
    """The judgement kept in a file."""
    return TypeAdapter(Judgement).validate_json(path.read_bytes())


def write(judgement: Judgement, path: Path) -> None:
    """Keep a judgement; the same one gives the same bytes."""
    path.write_text(json.dumps(asdict(judgement), indent=1) + "\n", "utf-8")
