"""The record: how fast cases change, each with its line in a chain, and how fast all of it is checked."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connections

from amends import clock
from amends.core import events
from amends.pipeline import decide
from amends.site.cluster import Cluster
from amends.store import checkpoints, verification
from amends.store.models import Case
from bench import desk
from bench.result import Result
from bench.scale import Scale
from bench.seeded import Seeded, seed

_fork = multiprocessing.get_context("fork")


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """Appends a second from one and from two processes, and the rate of verify-history over all of them."""
    with desk.fresh(cluster) as name:
        seeded = seed(cluster, name, scale.small_desk)
        cases = list(Case.objects.order_by("pk").values_list("pk", flat=True))
        rows = []
        for processes in (1, 2):
            shares = [cases[start::processes] for start in range(processes)]
            rates = [_together(shares, seeded, scale.history_seconds) for _ in range(scale.rounds)]
            plural = "process" if processes == 1 else "processes"
            rows.append(Result(f"history, from {processes} {plural}", max(rates), "changes/s"))
        return [*rows, Result("history, verified", _verified(scale), "entries/s")]


def _together(shares: list[list[int]], seeded: Seeded, seconds: float) -> float:
    connections.close_all()  # what a fork must not share
    barrier, counted = _fork.Barrier(len(shares)), _fork.SimpleQueue()
    appenders = [
        _fork.Process(target=_append, args=(share, seeded.reader.pk, seconds, barrier.wait, counted.put))
        for share in shares
    ]
    for appender in appenders:
        appender.start()
    total = sum(counted.get() for _ in appenders)
    for appender in appenders:
        appender.join()
    return float(total)


def _append(
    cases: list[int], person: int, seconds: float, ready: Callable[[], object], tell: Callable[[float], None]
) -> None:
    """Note something in one case after the other; tells how many a second."""
    actor, done = decide.person(person), 0
    decide.happen(cases[0], events.Noted("A connection is open now."), actor, clock.now())
    ready()
    start = time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        case_id = cases[done % len(cases)]
        decide.happen(case_id, events.Noted("The customer was called back."), actor, clock.now())
        done += 1
    connections.close_all()
    tell(done / taken)


def _verified(scale: Scale) -> float:
    key, kept = settings.HISTORY_KEY(), settings.CHECKPOINTS
    kept.unlink(missing_ok=True)
    checkpoints.advance(kept, key, clock.now())
    best = 0.0
    for _ in range(scale.rounds):
        start = time.perf_counter()
        verdict = verification.verify(kept, key.public_key())
        best = max(best, verdict.entries / (time.perf_counter() - start))
        if not verdict.whole or not verdict.checkpoints:
            raise RuntimeError(f"The record is not whole: {verdict.faults[:3]}")
    kept.unlink()
    return best
