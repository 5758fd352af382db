"""How often the shipped models are wrong: on texts that nothing was learnt from or chosen by."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amends.language.model import Model
from amends.language.reader import INSULTING
from amends.language.reading import Reading, Text
from amends.language.train import corpus
from amends.language.train.corpus import Example
from amends.language.train.measure import Floats, area, calibration_error, macro_f1, precision_at, reliability

RECALL = 0.95
DRAWN = 1000
"""A confidence interval is the middle 95 % of so many draws of the same texts, with repetition."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """A judged text and what the model made of it."""

    example: Example
    reading: Reading

    @property
    def is_complaint(self) -> bool:
        """What the readers say."""
        return self.example.complaint > 0.5


def read(model: Model, examples: Sequence[Example]) -> list[Read]:
    """Each text with its reading."""
    texts = [Text(example.text, None, example.before or None) for example in examples]
    return [Read(*pair) for pair in zip(examples, model.read(texts), strict=True)]


def figures(model: Model, corpora: Path | None) -> Figures:
    """All that is measured of a model; what needs the published texts only where their folder is given."""
    found: Figures = {"model": model.name}
    hard = read(model, corpus.judged("hard-en"))
    found["hard"] = complaint(hard) | {"by_phenomenon": _by(hard, lambda r: r.example.phenomenon)}
    languages = {lang: read(model, corpus.judged(lang)) for lang in ("de", "fr", "es")}
    found["languages"] = {lang: complaint(rows) | kinds(rows) for lang, rows in languages.items()}
    found["urgent"] = urgent(read(model, corpus.judged("urgent")))
    ours = [*hard, *(row for rows in languages.values() for row in rows)]
    found["severity"] = severity(ours)
    found["reliability"] = {"ours": reliability(*_truth(ours))}
    if corpora is not None:
        music = read(model, [e for e in corpus.stream(corpora, "music-2017") if e.complaint in (0, 1)])
        found["music"] = complaint(music) | kinds(music)
        found["reliability"]["music"] = reliability(*_truth(music))
        found["abuse"], found["reliability"]["abuse (OLID)"] = abuse(model, corpora)
    return found


def _truth(rows: Sequence[Read]) -> tuple[Floats, Floats]:
    truth = np.array([float(row.is_complaint) for row in rows])
    return truth, np.array([row.reading.complaint for row in rows])


def complaint(rows: Sequence[Read]) -> Figures:
    """Complaint or not: macro-F1 with interval, area, calibration, precision at 95 % recall; per cent."""
    truth, chance = _truth(rows)
    said = np.array([float(row.reading.is_complaint) for row in rows])
    low, high = _interval(truth, said)
    return {
        "n": len(rows),
        "macro_f1": _percent(macro_f1(truth.tolist(), said.tolist())),
        "low": low,
        "high": high,
        "auc": _percent(area(truth, chance)),
        "ece": _percent(calibration_error(truth, chance)),
        "precision_at_95_recall": _percent(precision_at(truth, chance, RECALL)),
    }


def _interval(truth: Floats, said: Floats) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, len(truth), len(truth)) for _ in range(DRAWN))
    found = [macro_f1(truth[draw].tolist(), said[draw].tolist()) for draw in draws]
    low, high = np.quantile(found, [0.025, 0.975])
    return _percent(low), _percent(high)


def _by(rows: Sequence[Read], name: Callable[[Read], str]) -> dict[str, Figures]:
    found: dict[str, list[Read]] = {}
    for row in rows:
        found.setdefault(name(row), []).append(row)
    return {
        key: {"n": len(part), "macro_f1": complaint(part)["macro_f1"]} for key, part in sorted(found.items())
    }


def kinds(rows: Sequence[Read]) -> Figures:
    """All eight kinds, where the readers agree on one."""
    agreed = [r for r in rows if len({label.kind for label in r.example.labels}) == 1]
    truth = [r.example.labels[0].kind for r in agreed]
    return {"kind_macro_f1": _percent(macro_f1(truth, [r.reading.kind for r in agreed]))}


def severity(rows: Sequence[Read]) -> Figures:
    """How bad, of complaints that were found."""
    pairs = [
        (r.example.labels[0].severity, r.reading.severity)
        for r in rows
        if r.is_complaint and r.reading.is_complaint
    ]
    return {
        "n": len(pairs),
        "exact": _percent(sum(a is b for a, b in pairs) / len(pairs)),
        "within_one": _percent(sum(abs(a.level - b.level) <= 1 for a, b in pairs) / len(pairs)),
        "macro_f1": _percent(macro_f1([a for a, _ in pairs], [b for _, b in pairs])),
    }


def urgent(rows: Sequence[Read]) -> Figures:
    """Whether anything urgent is said, and each signal by itself."""
    truth = np.array([bool(_signals(r)) for r in rows])
    said = np.array([bool(_told(r)) for r in rows])
    found: Figures = {"urgent": int(truth.sum()), "calm": int((~truth).sum()), **_found(truth, said)}
    found["sure"] = _found(truth, np.array([bool(r.reading.urgent) for r in rows]))
    for signal in sorted({signal for r in rows for signal in _signals(r)}):
        held = np.array([signal in _signals(r) for r in rows])
        found[signal] = _found(held, np.array([signal in _told(r) for r in rows])) | {"n": int(held.sum())}
    by_language = {
        lang: [r for r in rows if r.example.lang == lang] for lang in sorted({r.example.lang for r in rows})
    }
    found["languages"] = {
        lang: _found(np.array([bool(_signals(r)) for r in part]), np.array([bool(_told(r)) for r in part]))
        | {"n": sum(bool(_signals(r)) for r in part)}
        for lang, part in by_language.items()
    }
    return found


def _told(row: Read) -> tuple[str, ...]:
    """What is said to be there, or perhaps there: both ask for somebody to look."""
    return *row.reading.urgent, *row.reading.perhaps


def _signals(row: Read) -> frozenset[str]:
    return row.example.labels[0].urgent or frozenset()


def _found(truth: np.ndarray, said: np.ndarray) -> Figures:
    right = (truth & said).sum()
    return {"recall": _percent(right / truth.sum()), "precision": _percent(right / max(1, said.sum()))}


def abuse(model: Model, corpora: Path) -> tuple[Figures, list[tuple[int, float, float]]]:
    """The official test of OLID: offensive or not, and how far the chances of abuse can be believed."""
    rows = list(_offensive(corpora))
    chance = np.array([reading.abuse for reading in model.read([Text(text) for text, _ in rows])])
    truth = np.array([float(offensive) for _, offensive in rows])
    found = {
        "n": len(rows),
        "macro_f1": _percent(macro_f1((truth > 0).tolist(), (chance >= INSULTING).tolist())),
        "ece": _percent(calibration_error(truth, chance)),
    }
    return found, reliability(truth, chance)


def _offensive(corpora: Path) -> Iterator[tuple[str, bool]]:
    folder = corpora / "eval_only" / "tweeteval" / "offensive"
    texts, labels = (
        (folder / f"test_{part}.txt").read_text("utf-8").split("\n") for part in ("text", "labels")
    )
    for text, label in zip(texts, labels, strict=False):
        if label:
            yield html.unescape(text), label == "1"


def _percent(share: float) -> float:
    return round(100 * float(share), 1)


def everything(models: Sequence[Model], corpora: Path | None) -> Figures:
    """The figures of all models, and of what they learnt from."""
    return {"material": material(corpora), "models": [figures(model, corpora) for model in models]}


def material(corpora: Path | None) -> Figures:
    """How many texts of each source there are, and how many are held back."""
    own = corpus.own()
    read = corpus.published(corpora) if corpora else []
    found = Counter(example.source for example in read)
    random_posts = [t for t in corpus.tweets(corpora) if t.domain in corpus.BACKGROUND] if corpora else []
    by_language = Counter(example.lang for example in own).most_common()
    told = ", ".join(f"{number:,} {lang}" for lang, number in by_language)
    return {
        "own": f"{len(own):,}: {told}",
        "care": found["care-2020"],
        "complaints": found["complaints"],
        "fincorp": found["fincorp"],
        "background": len(random_posts),
        "insults": corpus.INSULTS,
        "held": corpus.HELD_ELSE,
        "held_care": corpus.HELD["care-2020"],
        "held_texts": sum(map(corpus.is_held, [*own, *read])),
    }
