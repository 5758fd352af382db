"""The whole way in: from an import file to ranked cases, with a stand-in or with the shipped model."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from amends.language import model as shipped
from amends.language.model import Model
from amends.language.stand_in import StandIn
from amends.site.cluster import Cluster
from amends.store.models import Case, Post
from bench import desk, importer, made
from bench.importer import Taken
from bench.progress import say
from bench.result import Result, at_least, missing
from bench.scale import Scale

FEW, HALF = 0.06, 0.5
LEAST = {FEW: 3_000, HALF: 600}
GROWTH = 1.25
"""Time a post over time a post: an index grows with the logarithm, which alone is 1.3 over these sizes."""
PATIENCE = 360.0
"""Seconds after which a curve is not run again; the row says how often it was."""


def few(cluster: Cluster, scale: Scale) -> list[Result]:
    """The curve where one post of sixteen is a complaint."""
    return _curve(cluster, scale, FEW)


def half(cluster: Cluster, scale: Scale) -> list[Result]:
    """The curve where every second post is one."""
    return _curve(cluster, scale, HALF)


def with_the_model(cluster: Cluster, scale: Scale) -> list[Result]:
    """The same way with the shipped model; nothing is promised of it."""
    lines = list(made.lines(scale.shipped))
    model = shipped.load()
    best = min(_import(cluster, [lines], model)[0].clock for _ in range(scale.rounds))
    return [Result("way in, shipped model", scale.shipped / best, "posts/s")]


def streams(cluster: Cluster, scale: Scale) -> list[Result]:
    """Genuine exchanges with the shipped model, where AMENDS_CORPORA names a folder that has some."""
    name, folder = "way in, genuine streams", os.environ.get("AMENDS_CORPORA", "")
    files = sorted((Path(folder) / "streams").glob("*.jsonl")) if folder else []
    if not files:
        return [missing(name, "posts/s", "AMENDS_CORPORA names no folder with streams/*.jsonl")]
    best = max(_stream_rate(cluster, files) for _ in range(scale.rounds))
    return [Result(name, best, "posts/s")]


def _stream_rate(cluster: Cluster, files: list[Path]) -> float:
    with desk.fresh(cluster):
        taken = 0.0
        for path in files:
            with path.open("rb") as file:
                taken += importer.seconds(file, shipped.load())
        return Post.objects.count() / taken


def _curve(cluster: Cluster, scale: Scale, share: float) -> list[Result]:
    """Files one after the other into one desk, so that each point is the time since it was empty."""
    legs = list(parts(scale.curve))
    began, runs = time.monotonic(), 0
    best = [Taken(float("inf"), float("inf"))] * len(legs)
    while runs < scale.rounds and (not runs or time.monotonic() - began < PATIENCE):
        taken = _import(cluster, legs, StandIn(share))
        best = [known | new for known, new in zip(best, taken, strict=True)]
        runs += 1
        rates = (f"{len(leg) / new.clock:,.0f}/s" for leg, new in zip(legs, taken, strict=True))
        say(f"{share:.0%}: {', '.join(rates)}")
    name = f"way in, {share:.0%} complaints"
    return [*points(name, scale.curve, best, LEAST[share], runs), growth(name, scale.curve, best)]


def parts(curve: tuple[int, ...]) -> Iterator[list[bytes]]:
    """The lines of a file of each of these sizes that the file before it did not have."""
    before = 0
    for until in curve:
        yield list(made.lines(until - before, first=before, of=curve[-1]))
        before = until


def _import(cluster: Cluster, legs: list[list[bytes]], model: Model) -> list[Taken]:
    with desk.fresh(cluster):
        taken = [importer.watched(cluster, importer.content(leg), model, "Bench") for leg in legs]
        _check(sum(map(len, legs)))
    return taken


def _check(posts: int) -> None:
    """That a measured import did what it is measured for."""
    kept = Post.objects.count()
    unread = Post.objects.filter(read_at=None).count()
    ranked = Case.objects.filter(band__gte=0, due_at__isnull=False).count()
    if kept != posts or unread or not ranked:
        raise importer.NotWhole(f"{kept} of {posts} posts kept, {unread} not read, {ranked} cases ranked")


def points(
    name: str, curve: tuple[int, ...], legs: list[Taken], least: float | None, runs: int
) -> list[Result]:
    """The rate from the first post to each size, and that of the last leg alone."""
    rows = []
    sizes = [until - before for before, until in zip((0, *curve), curve, strict=False)]
    clocks = accumulate(leg.clock for leg in legs)
    for until, total, size, leg in zip(curve, clocks, sizes, legs, strict=True):
        told = (
            f"the last {size:,} of them at {size / leg.clock:,.0f} posts/s, "
            f"{leg.processors / size * 1e6:,.0f} µs of processor time each; best of {runs}"
        )
        what = f"{name}, {until:,} posts"
        rate = until / total
        rows.append(
            at_least(what, rate, "posts/s", least, told) if least else Result(what, rate, "posts/s", told)
        )
    return rows


def growth(name: str, curve: tuple[int, ...], legs: list[Taken]) -> Result:
    """Time a post at the largest size against that at the smallest."""
    fewest, most = curve[0], curve[-1]
    first, last = legs[0].clock / fewest, sum(leg.clock for leg in legs) / most
    return Result(
        f"{name}, growth",
        last * 1e6,
        "µs/post",
        f"time a post for {most:,} posts, against that for {fewest:,}: {first * 1e6:,.0f} µs",
        last / first,
        f"ratio ≤ {GROWTH}",
        last <= GROWTH * first,
    )
