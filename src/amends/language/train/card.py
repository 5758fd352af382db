"""The model card, from the words in `card.md` and the figures that were measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from amends.language import pieces
from amends.language.reader import ROOM

TEMPLATE = Path(__file__).with_name("card.md")
FIGURES = Path(__file__).with_name("figures.json")
SIGNALS = ("safety", "health", "legal", "vulnerable", "self-harm", "journalist")
MISSING = "not measured"

Figures = Mapping[str, Any]


def card(figures: Figures) -> str:
    """The whole page."""
    models: Sequence[Figures] = figures["models"]
    return TEMPLATE.read_text("utf-8").format_map(
        {
            **figures["material"],
            "most": pieces.MOST,
            "before": pieces.MOST_BEFORE,
            "files": "\n".join(_files()),
            "complaint": _complaint(models),
            "triage": "; ".join(_triage(model) for model in models),
            "phenomena": _phenomena(models),
            "paper": _paper(figures.get("paper", {})),
            "others": _others(models),
            "urgent": _urgent(models),
            "reliability": _reliability(models),
        }
    )


def load(path: Path = FIGURES) -> Figures:
    """The figures that were kept."""
    found: Figures = json.loads(path.read_text("utf-8"))
    return found


def _files() -> Iterable[str]:
    for model, name in (
        ("small-1", "small.onnx"),
        ("accurate-1", "accurate.onnx"),
        ("both", "embeddings.npz"),
    ):
        content = (ROOM / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        yield f"| `{model}` | `language/{name}` | {len(content):,} | `{digest}` |"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _set(found: Figures | None) -> list[object]:
    if not found:
        return [MISSING] * 4
    return [found["n"], f"{found['macro_f1']} [{found['low']}, {found['high']}]", found["auc"], found["ece"]]


def _complaint(models: Sequence[Figures]) -> str:
    rows = []
    for model in models:
        sets = {
            "real posts to a music service, 2017 (two readers agree)": (model.get("music"), "≥ 88"),
            "hard posts, English": (model["hard"], "≥ 85"),
            "German": (model["languages"]["de"], ""),
            "French": (model["languages"]["fr"], ""),
            "Spanish": (model["languages"]["es"], ""),
        }
        rows += [
            [f"`{model['model']}`", name, *_set(found), target] for name, (found, target) in sets.items()
        ]
    return _table(["model", "texts", "n", "macro-F1", "AUC", "ECE", "wanted"], rows)


def _triage(model: Figures) -> str:
    sets = {"real posts": model.get("music"), "hard posts": model["hard"]}
    said = (f"{name} {found['precision_at_95_recall'] if found else MISSING}" for name, found in sets.items())
    return f"`{model['model']}` {', '.join(said)}"


def _phenomena(models: Sequence[Figures]) -> str:
    names = sorted(models[0]["hard"]["by_phenomenon"])
    rows = [
        [name, *(model["hard"]["by_phenomenon"][name]["macro_f1"] for model in models), "≥ 75"]
        for name in names
    ]
    return _table(["phenomenon", *(f"`{model['model']}`" for model in models), "wanted"], rows)


def _paper(paper: Figures) -> str:
    rows = [
        [
            name,
            told[way]["macro_f1"],
            told[way]["auc"],
            told[way]["brand_macro_f1"],
            told[way]["brand_auc"],
            told[way]["brand_precision_at_95_recall"],
            told[way].get("mean_of_domains", ""),
        ]
        for name, told in paper.items()
        for way in ("ngrams", "encoder", "both")
        if way in told
        for name in [f"{name}: {_WAYS[way]}"]
    ]
    head = [
        "protocol",
        "macro-F1",
        "AUC",
        "brand macro-F1",
        "brand AUC",
        "precision at 95 % recall, brand",
        "mean of domains",
    ]
    return _table(head, rows) if rows else f"{MISSING.capitalize()}."


_WAYS = {"ngrams": "TF-IDF alone", "encoder": "encoder fitted in the fold", "both": "the mean of both"}


def _others(models: Sequence[Figures]) -> str:
    rows = []
    for model in models:
        name, severity = f"`{model['model']}`", model["severity"]
        if music := model.get("music"):
            rows.append(
                [name, "kind, eight of them, real posts", music["n"], f"macro-F1 {music['kind_macro_f1']}"]
            )
        said = (
            f"exact {severity['exact']} %, within one step {severity['within_one']} %, "
            f"macro-F1 {severity['macro_f1']}"
        )
        rows.append([name, "severity of complaints found, our judged posts", severity["n"], said])
        if abuse := model.get("abuse"):
            said = (
                f"macro-F1 {abuse['macro_f1']} (published: FastText 73.4, RoBERTa 79.5), ECE {abuse['ece']}"
            )
            rows.append([name, "abuse, official OLID test (nothing of it learnt)", abuse["n"], said])
    return _table(["model", "head", "n", "figure"], rows)


def _urgent(models: Sequence[Figures]) -> str:
    rows = []
    for model in models:
        found = model["urgent"]
        rows.append(
            [
                f"`{model['model']}`",
                "any",
                found["urgent"],
                found["recall"],
                found["precision"],
                "recall ≥ 95",
            ]
        )
        sure = found["sure"]
        rows.append(
            [f"`{model['model']}`", "any, sure", found["urgent"], sure["recall"], sure["precision"], ""]
        )
        rows += [
            [f"`{model['model']}`", f"any, {lang}", told["n"], told["recall"], told["precision"], ""]
            for lang, told in found["languages"].items()
        ]
        rows += [
            [
                f"`{model['model']}`",
                name,
                found[name]["n"],
                found[name]["recall"],
                found[name]["precision"],
                "",
            ]
            for name in SIGNALS
            if name in found
        ]
    return _table(["model", "signal", "n", "recall", "precision", "wanted"], rows)


def _reliability(models: Sequence[Figures]) -> str:
    rows = [
        [f"`{model['model']}`", name, n, said, were]
        for model in models
        for name, tenths in model["reliability"].items()
        for n, said, were in tenths
    ]
    return _table(["model", "texts", "n", "said, %", "were, %"], rows)
