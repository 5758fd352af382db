"""How fast the models read on one core, all that `amends triage` does included, beside three yardsticks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from amends.language import model
from amends.language.train import corpus
from amends.language.triage import triage
from amends.site.cluster import Cluster
from bench.result import Result, at_least, at_most
from bench.scale import Scale

LONGEST_MS = 2.5
FEWEST = 400
MOST_MB = 250
LEARNT = 3_000
_LOAD = """
from amends.language import model
from amends.language.reading import Text
model.load().read([Text("hello " * 200)])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def measure(_cluster: Cluster, scale: Scale) -> list[Result]:
    """Posts a second at once and one by one, of our own texts, read by what ships and by the yardsticks."""
    own = corpus.own()
    texts = [example.text for example in own[:: max(1, len(own) // scale.read)]][: scale.read]
    lines = [json.dumps({"id": n, "text": text}).encode() for n, text in enumerate(texts)]
    with _one_core():
        small = _best(lambda: _triaged(lines, accurate=False), scale.rounds) / len(lines)
        alone = _best(lambda: [_triaged([line], accurate=False) for line in lines], scale.rounds) / len(lines)
        accurate = _best(lambda: _triaged(lines, accurate=True), scale.rounds) / len(lines)
        vader = _best(lambda: _vader(texts), scale.rounds) / len(texts)
        ngrams = _best(_ngrams(texts), scale.rounds) / len(texts)
    others = {"VADER": vader, "TF-IDF by scikit-learn": ngrams, "MiniLM-L6 whole": accurate}
    against = ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in others.items())
    return [
        at_least("reading, small-1, many at once", 1 / small, "posts/s", FEWEST, against),
        at_most("reading, small-1, one at a time", alone * 1e3, "ms", LONGEST_MS, against),
        Result("reading, small-1", small * 1e3, "ms", "MiniLM-L6 whole (accurate-1)", small / accurate),
        Result("reading, accurate-1", 1 / accurate, "posts/s"),
        Result("reading, VADER", 1 / vader, "posts/s", "the word list that many desks use"),
        Result("reading, TF-IDF and regression", 1 / ngrams, "posts/s", "scikit-learn, words and characters"),
        at_most(
            "memory of a process that reads", _memory(), "MB", MOST_MB, "Python, the model, nothing else"
        ),
    ]


def _triaged(lines: Sequence[bytes], accurate: bool) -> int:
    return sum(1 for _ in triage(lines, model.load(accurate), lambda *_: None))


def _vader(texts: Sequence[str]) -> None:
    reader = SentimentIntensityAnalyzer()
    for text in texts:
        reader.polarity_scores(text)


def _ngrams(texts: Sequence[str]) -> Callable[[], object]:
    words, characters = (
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)),
    )
    fitted = make_pipeline(make_union(words, characters), LogisticRegression(max_iter=500))
    learnt = corpus.own()[:: max(1, len(corpus.own()) // LEARNT)]
    fitted.fit([example.text for example in learnt], [example.complaint > 0.5 for example in learnt])
    return lambda: fitted.predict_proba(texts)


def _best(work: Callable[[], object], rounds: int) -> float:
    """The least seconds of several rounds; what is loaded once is loaded before."""
    work()
    return min(_seconds(work) for _ in range(rounds))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _memory() -> float:
    """The most that such a process ever holds, as it says itself."""
    done = subprocess.run([sys.executable, "-c", _LOAD], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1000
