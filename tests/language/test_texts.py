"""The texts to learn from and to judge by: whole, each there once, and as their pages say."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from amends.core.values import Kind, Severity
from amends.language.train import corpus

ROOM = Path(corpus.__file__).parent
WRITERS = sorted((ROOM / "texts" / "writers").glob("*.jsonl"))
JUDGED = sorted((ROOM / "judged").glob("*.jsonl"))
URGENT = {"safety", "health", "legal", "vulnerable", "self-harm", "journalist"}
FIELDS = {"text", "lang", "kind", "severity", "urgent", "abuse", "industry", "phenomenon", "pair", "before"}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


@pytest.mark.parametrize("path", [*WRITERS, *JUDGED], ids=lambda path: path.stem)
def test_every_line_is_whole(path: Path) -> None:
    for line in lines(path):
        assert line.keys() <= FIELDS
        assert line["text"] == line["text"].strip() != ""
        assert (Kind(line["kind"]) is Kind.COMPLAINT) == (Severity(line["severity"]) is not Severity.NONE)
        assert set(line["urgent"]) <= URGENT
        assert line["abuse"] in (0, 1, 2)
        assert re.fullmatch("[a-z]{2}", line["lang"])
        assert line.get("before", "-") != ""


def test_most_fragments_have_what_they_answer() -> None:
    fragments = [line for path in WRITERS for line in lines(path) if line["phenomenon"] == "fragment"]
    assert sum("before" in line for line in fragments) > 0.9 * len(fragments)


def test_nothing_is_there_twice_and_nothing_judged_was_learnt() -> None:
    told = [line for path in [*WRITERS, *JUDGED] for line in lines(path)]
    assert max(Counter((line["text"].casefold(), line.get("before")) for line in told).values()) == 1
    learnt = {example.text.casefold() for example in corpus.own()}
    judged = [line for path in JUDGED for line in lines(path) if "before" not in line]
    assert not [line for line in judged if line["text"].casefold() in learnt]


def test_there_is_enough_of_everything() -> None:
    written = [line for path in WRITERS for line in lines(path)]
    assert len(corpus.own()) >= 16_000
    assert len({line["industry"] for line in written}) >= 14
    by_phenomenon = Counter(line["phenomenon"] for line in written)
    assert len(by_phenomenon) == 21
    assert min(by_phenomenon.values()) >= 100
    assert {line["kind"] for line in written} == {*Kind}
    assert min(Counter(u for line in written for u in line["urgent"]).values()) >= 30
    assert Counter(line["lang"] for line in written).keys() >= {"en", "de", "fr", "es"}


def test_most_complaints_have_a_twin_that_is_none() -> None:
    pairs: dict[tuple[str, int], set[bool]] = defaultdict(set)
    for path in WRITERS:
        for line in lines(path):
            if "pair" in line:
                pairs[path.stem, line["pair"]].add(line["kind"] == "complaint")
    assert sum(kinds == {True, False} for kinds in pairs.values()) >= 5_000


@pytest.mark.parametrize(("name", "posts"), [("complaints", 1671), ("fincorp", 3000)])
def test_each_post_is_labelled_once(name: str, posts: int) -> None:
    assert len(corpus.labels(name)) == posts
    rows = (ROOM / "labels" / f"{name}.tsv").read_text("utf-8").rstrip("\n").split("\n")
    assert len(rows) == posts + 1


@pytest.mark.parametrize(("name", "kappa"), [("care-2020", "0.954"), ("music-2017", "0.944")])
def test_two_readers_agree_as_the_page_says(name: str, kappa: str) -> None:
    with (ROOM / "labels" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        for reader in "12":
            kind, severity = Kind(row[f"kind_{reader}"]), Severity(row[f"severity_{reader}"])
            assert (kind is Kind.COMPLAINT) == (severity is not Severity.NONE)
    one, two = ([row[f"kind_{reader}"] == "complaint" for row in rows] for reader in "12")
    agreed = sum(a == b for a, b in zip(one, two, strict=True)) / len(rows)
    first, second = sum(one) / len(rows), sum(two) / len(rows)
    chance = first * second + (1 - first) * (1 - second)
    assert f"{(agreed - chance) / (1 - chance):.3f}" == kappa
    assert kappa in (ROOM / "labels" / "README.md").read_text("utf-8")
