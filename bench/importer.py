"""A file into the desk exactly as `amends import` brings it there, with any model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from amends import clock
from amends.language.model import Model
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.pipeline.importing import Import, Refused, offset, survey
from amends.site import places
from amends.site.cluster import Cluster
from amends.site.cluster_process import postmaster
from bench import processes


class NotWhole(Exception):
    """An import lost or refused something, so that its time means nothing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How long an import took by the clock, and how long processors worked for it, PostgreSQL included."""

    clock: float
    processors: float

    def __or__(self, other: Taken) -> Taken:
        """The better of both in each respect."""
        return Taken(min(self.clock, other.clock), min(self.processors, other.processors))


def watched(cluster: Cluster, file: IO[bytes], model: Model, brand: str = "") -> Taken:
    """As `seconds`, with the processor time beside it: what else runs on a machine changes that far less."""
    before = _worked(cluster)
    taken = seconds(file, model, brand)
    return Taken(taken, _worked(cluster) - before)


def _worked(cluster: Cluster) -> float:
    server = postmaster(cluster.folder / places.CLUSTER)
    return time.process_time() + (processes.cpu_seconds(server.pid) if server else 0.0)


def seconds(file: IO[bytes], model: Model, brand: str = "") -> float:
    """The time from the file to its last ranked case, the survey before it included; nothing is refused."""
    now = clock.now()
    layout, rules = Layout(), Rules(now, brand)
    start = time.perf_counter()
    found = survey(file, layout, rules, lambda _lines: None)
    run = Import(
        layout, rules, offset(now, found.last_post_at), model, clock.now, _refused, lambda _import: None
    )
    run.run(file)
    taken = time.perf_counter() - start
    if run.total.new + run.total.repeated != found.posts:
        raise NotWhole(f"{found.posts} posts were in the file, {run.total.new} came to the desk")
    return taken


def content(lines: list[bytes]) -> IO[bytes]:
    """A file of these lines."""
    return BytesIO(b"".join(lines))


def _refused(refused: Refused) -> None:
    raise NotWhole(f"line {refused.line.number} was refused: {refused.reason}")
