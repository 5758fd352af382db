"""How long the rule of the case takes: one event, decided, with every clock and the place that follow."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

from amends.core import events
from amends.core.case import Case, opening
from amends.core.decide import decide
from amends.core.policy import Policy
from amends.core.values import Kind, Severity
from amends.site.cluster import Cluster
from bench.result import Result, at_most
from bench.scale import Scale

CALLS = 20_000
MOST = 50.0
_NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_POSTED = _NOW - timedelta(minutes=10)
_DAY = [{"opens": "09:00", "closes": "12:30"}, {"opens": "13:30", "closes": "18:00"}]
_WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _DAY)
_FACTS = events.Facts(
    kind=Kind.COMPLAINT,
    severity=Severity.HIGH,
    first_post_at=_POSTED - timedelta(days=1),
    last_post_at=_POSTED,
    oldest_waiting=_POSTED,
    first_answer_at=None,
    posts_in=3,
    lead=1,
    lang="de",
    urgent=frozenset({"safety", "legal"}),
    heat=60,
    trend=20,
    waiting_posts=2,
    cases_before=1,
    reach=12_000,
    public=True,
)
_POLICIES = {
    "every minute counts": Policy(),
    "opening hours, holding replies": Policy.model_validate(
        {
            "time_zone": "Europe/Berlin",
            "opening_hours": _WEEK,
            "holding": {"enabled": True, "channels": ["fake"]},
        }
    ),
}


def measure(_cluster: Cluster, scale: Scale) -> list[Result]:
    """Microseconds a call on one core, the best of several rounds: a further post, and time passing."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:1])
    try:
        return [_row(name, policy, scale.rounds) for name, policy in _POLICIES.items()]
    finally:
        os.sched_setaffinity(0, cores)


def _row(name: str, policy: Policy, rounds: int) -> Result:
    first = events.PostsChanged(_FACTS, offset=timedelta(0), joined=(1,), wants=True)
    case = decide(opening(1, "fake", _FACTS, _NOW), first, policy, _NOW).case
    best = min(_seconds(case, policy) for _ in range(max(3, rounds)))
    return at_most(f"decide, {name}", best / CALLS * 1_000_000, "µs", MOST, "a call, one core")


def _seconds(case: Case, policy: Policy) -> float:
    further = events.PostsChanged(_FACTS, offset=timedelta(0), joined=(2,), wants=True)
    passing = events.TimePassed()
    start = time.perf_counter()
    for _ in range(CALLS // 2):
        decide(case, further, policy, _NOW)
        decide(case, passing, policy, _NOW)
    return time.perf_counter() - start
