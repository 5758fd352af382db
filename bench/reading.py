"""How fast the shipped model reads, on one core."""

from __future__ import annotations

import json
import os
import time
from importlib.resources import files
from itertools import cycle, islice

from amends.language import model
from amends.language.reading import Text
from amends.site.cluster import Cluster
from bench.result import Result
from bench.scale import Scale

BATCH = 500


def measure(_cluster: Cluster, scale: Scale) -> list[Result]:
    """Posts a second in batches, of the texts the model learnt from."""
    texts = list(islice(cycle(_texts()), scale.read))
    reader = model.load()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:1])
    try:
        best = min(_seconds(reader, texts) for _ in range(scale.rounds))
    finally:
        os.sched_setaffinity(0, cores)
    return [Result("reading, shipped model, one core", len(texts) / best, "posts/s")]


def _texts() -> list[Text]:
    folder = files("amends.language") / "train" / "texts"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".jsonl")]
    rows = [
        json.loads(line) for entry in sorted(found, key=str) for line in entry.read_text("utf-8").splitlines()
    ]
    return [Text(row["text"]) for row in rows]


def _seconds(reader: model.Model, texts: list[Text]) -> float:
    start = time.perf_counter()
    for at in range(0, len(texts), BATCH):
        reader.read(texts[at : at + BATCH])
    return time.perf_counter() - start
