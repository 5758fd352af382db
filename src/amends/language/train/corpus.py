"""The texts to learn from and to judge by: our own in the tree, and published ones where a folder holds them.

Of published texts the tree holds ids and labels; the texts lie in the folder that `AMENDS_CORPORA` names.
"""

from __future__ import annotations

import csv
import hashlib
import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amends.core.values import Kind, Severity

ROOM = Path(__file__).parent
BACKGROUND = frozenset({"random_tweet", "random_reply"})
"""Domains of the published set that are no posts to a brand."""

HELD = {"care-2020": 6}
HELD_ELSE = 14
"""One group in so many is held back from fitting, by source."""
INSULTS = 3000
"""So many texts of the published insult set are learnt from, which say something of abuse alone."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one reader says of a text; `urgent` is None where it was not asked."""

    kind: Kind
    severity: Severity
    abuse: int = 0
    urgent: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if (self.kind is Kind.COMPLAINT) != (self.severity is not Severity.NONE):
            raise ValueError(f"kind {self.kind} does not go with severity {self.severity}")


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what it answers, and what one reader or two say of it.

    `group` names the situation or the talk that it belongs to: texts are held back by whole groups.
    """

    text: str
    labels: tuple[Label, ...]
    source: str
    group: str
    lang: str = "en"
    before: str = ""
    phenomenon: str = ""

    @property
    def complaint(self) -> float:
        """The share of the readers who call it a complaint."""
        return sum(label.kind is Kind.COMPLAINT for label in self.labels) / len(self.labels)


@dataclass(frozen=True, slots=True)
class Tweet:
    """A text of the published complaint set, with its own label."""

    id: str
    text: str
    complaint: bool
    domain: str


def own() -> list[Example]:
    """Every text of ours, in the order of file names and lines."""
    return [e for path in sorted((ROOM / "texts").rglob("*.jsonl")) for e in written(path)]


def judged(name: str) -> list[Example]:
    """A set that nothing is learnt from or chosen by."""
    return list(written(ROOM / "judged" / f"{name}.jsonl"))


def written(path: Path) -> Iterator[Example]:
    """The texts of one file of ours."""
    for number, line in enumerate(_lines(path)):
        row = json.loads(line)
        urgent = frozenset(row["urgent"]) if "urgent" in row else None
        label = Label(Kind(row["kind"]), Severity(row["severity"]), row.get("abuse", 0), urgent)
        yield Example(
            text=row["text"],
            labels=(label,),
            source=path.stem,
            group=f"{path.stem}:{row.get('pair', f'line {number}')}",
            lang=row["lang"],
            before=row.get("before", ""),
            phenomenon=row.get("phenomenon", ""),
        )


def published(corpora: Path) -> list[Example]:
    """The published posts that our readers labelled and that may be learnt from."""
    return [*stream(corpora, "care-2020"), *_brands(corpora), *_banks(corpora)]


def stream(corpora: Path, name: str) -> list[Example]:
    """The labelled posts of a stream, each with the post that it answers."""
    posts = {row["id"]: row for row in map(json.loads, _lines(corpora / "streams" / f"{name}.jsonl"))}
    return [
        Example(
            text=posts[key]["text"],
            labels=told,
            source=name,
            group=f"{name}:{posts[key].get('conversation_id') or key}",
            before=posts.get(posts[key].get("in_reply_to"), {}).get("text", ""),
        )
        for key, told in labels(name).items()
    ]


def _brands(corpora: Path) -> Iterator[Example]:
    texts = {tweet.id: tweet for tweet in tweets(corpora)}
    for key, told in labels("complaints").items():
        yield Example(texts[key].text, told, "complaints", f"complaints:{key}")


def _banks(corpora: Path) -> Iterator[Example]:
    with (corpora / "train" / "fincorp.csv").open(encoding="utf-8", newline="") as file:
        texts = [html.unescape(row["Complaint/ Opinion"]) for row in csv.DictReader(file)]
    for key, told in labels("fincorp").items():
        yield Example(texts[int(key)], told, "fincorp", f"fincorp:{key}")


def tweets(corpora: Path) -> list[Tweet]:
    """The published complaint tweets (`complaints.csv`), with the labels that were published."""
    with (corpora / "train" / "complaints.csv").open(encoding="utf-8", newline="") as file:
        return [
            Tweet(row["id"], html.unescape(row["text"]), row["complaint"] == "1", row["domain"])
            for row in csv.DictReader(file)
        ]


def is_held(example: Example) -> bool:
    """Whether a text is held back from fitting, to set chances and thresholds: always by whole groups."""
    place = int(hashlib.md5(example.group.encode(), usedforsecurity=False).hexdigest(), 16)
    return place % HELD.get(example.source, HELD_ELSE) == 0


def labels(name: str) -> dict[str, tuple[Label, ...]]:
    """What the readers of a published set say, by the id of the post."""
    with (ROOM / "labels" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        readers = [n for n in (1, 2) if f"kind_{n}" in (rows.fieldnames or ())]
        return {row["id"]: tuple(_label(_of(row, n)) for n in readers) for row in rows}


def _of(row: Mapping[str, str], reader: int) -> Callable[[str], str | None]:
    return lambda column: row.get(f"{column}_{reader}")


def _label(told: Callable[[str], Any]) -> Label:
    urgent = told("urgent")
    signals = None if urgent is None else frozenset(urgent.split(",")) - {"-"}
    return Label(Kind(told("kind")), Severity(told("severity")), int(told("abuse")), signals)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line]
