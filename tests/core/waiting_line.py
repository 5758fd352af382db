"""A small queue of cases and one person who answers them, by an order of the inbox that is to be judged."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from amends.core.harm import Stakes, harm
from amends.core.priority import Place
from amends.core.values import Kind, Severity

START = datetime(2026, 3, 2, tzinfo=UTC)
MIX = {
    Severity.CRITICAL: 3,
    Severity.HIGH: 9,
    Severity.MEDIUM: 28,
    Severity.LOW: 25,
    Severity.NONE: 35,
}
TARGETS = {
    Severity.CRITICAL: 15,
    Severity.HIGH: 30,
    Severity.MEDIUM: 60,
    Severity.LOW: 180,
    Severity.NONE: 480,
}
WORK = timedelta(minutes=6)


@dataclass(frozen=True)
class Waiting:
    """One case that came at a time, and how long an answer to it takes."""

    came: datetime
    severity: Severity
    points: int
    takes: timedelta

    @property
    def due_at(self) -> datetime:
        return self.came + timedelta(minutes=TARGETS[self.severity])


Order = Callable[[Waiting, datetime], Place]


def arrivals(seed: int, surge: timedelta, load: float, calm: timedelta) -> list[Waiting]:
    """`load` times the work that one person can do for as long as `surge`, then half of it."""
    dice, at, came = random.Random(seed), START, []
    while at < START + surge + calm:
        rate = load if at < START + surge else 0.5
        at += WORK * dice.expovariate(rate)
        severity = dice.choices(list(MIX), weights=list(MIX.values()))[0]
        grave = severity is Severity.CRITICAL and dice.random() < 0.5
        stakes = Stakes(
            Kind.COMPLAINT if severity.level else Kind.QUESTION,
            severity,
            frozenset({"safety"}) if grave else frozenset(),
            heat=dice.randrange(100) if severity.level else 0,
            waiting_posts=dice.choice((1, 1, 1, 2, 3)),
            reach=int(10 ** dice.uniform(1, 5)),
            public=True,
        )
        came.append(Waiting(at, severity, harm(stakes).points, WORK * dice.expovariate(1)))
    return came


def worked(cases: list[Waiting], order: Order) -> dict[Severity, list[timedelta]]:
    """How long the cases of each severity waited when the first in `order` was always answered next."""
    waits: dict[Severity, list[timedelta]] = {severity: [] for severity in Severity}
    coming, free = list(reversed(cases)), START
    line: list[tuple[int, datetime, int]] = []
    lifts: list[tuple[datetime, int]] = []
    stands: dict[int, Place] = {}
    known: list[Waiting] = []

    def stand(number: int, now: datetime) -> None:
        found = stands[number] = order(known[number], now)
        heapq.heappush(line, (-found.band, found.sort_at, number))
        if found.lift_at is not None:
            heapq.heappush(lifts, (found.lift_at, number))

    while coming or line:
        if not line:
            free = max(free, coming[-1].came)
        while coming and coming[-1].came <= free:
            known.append(coming.pop())
            stand(len(known) - 1, known[-1].came)
        while lifts and lifts[0][0] <= free:
            at, number = heapq.heappop(lifts)
            if number in stands:
                stand(number, at)
        band, _, number = heapq.heappop(line)
        if number not in stands or stands[number].band != -band:
            continue
        del stands[number]
        case = known[number]
        waits[case.severity].append(free - case.came)
        free += case.takes
    return waits
