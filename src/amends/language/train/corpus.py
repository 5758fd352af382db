"""The texts to learn from: our own in the tree, and published ones where a folder holds them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amends.core.values import Kind, Severity

OWN = Path(__file__).with_name("texts")
BACKGROUND = frozenset({"random_tweet", "random_reply"})
"""Domains of the published set that are no posts to a brand."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text; `kind` and `severity` are None where the source does not say."""

    text: str
    complaint: bool
    source: str
    lang: str = "en"
    kind: Kind | None = None
    severity: Severity | None = None
    domain: str = ""


def own(folder: Path = OWN) -> list[Example]:
    """Every text of the tree, in the order of file names and lines."""
    return [_own(json.loads(line)) for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line]


def _own(row: dict[str, str]) -> Example:
    kind, severity = Kind(row["kind"]), Severity(row["severity"])
    if (kind is Kind.COMPLAINT) != (severity is not Severity.NONE):
        raise ValueError(f"kind {kind} does not go with severity {severity}: {row['text']}")
    complaint = kind is Kind.COMPLAINT
    return Example(row["text"], complaint, "own", row["lang"], kind, severity, row["industry"])


def tweets(corpora: Path) -> list[Example]:
    """The published complaint tweets (`complaints.csv`)."""
    with (corpora / "train" / "complaints.csv").open(encoding="utf-8", newline="") as file:
        return [
            Example(row["text"], row["complaint"] == "1", "tweets", domain=row["domain"])
            for row in csv.DictReader(file)
        ]


def folds(examples: Sequence[Example], count: int) -> list[int]:
    """A fold for each example, every source, kind, answer and language spread evenly over the folds."""
    seen: dict[tuple[object, ...], int] = {}
    placed = []
    for example in examples:
        topic = "" if example.source == "own" else example.domain
        key = (example.source, example.complaint, example.kind, example.lang, topic)
        place = seen[key] = seen.get(key, _spread(key)) + 1
        placed.append(place * 7 % count)
    return placed


def _spread(key: tuple[object, ...]) -> int:
    return sum(map(ord, repr(key)))
