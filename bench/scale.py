"""How much is measured: a real run, or a smoke run of seconds that only shows that every measure works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes of a run; `rounds` is how often each absolute figure is taken, the best one counting."""

    rounds: int
    received: int
    curve: tuple[int, ...]
    million: tuple[int, ...]
    shipped: int
    small_desk: int
    large_desk: int
    page_rounds: int
    history_seconds: float
    read: int
    settle_seconds: float
    clocks: int
    due: int
    killings: int
    deliveries: int
    promised: int
    streams: int
    arrivals: int
    page_seconds: float


FULL = Scale(
    rounds=3,
    received=40_000,
    curve=(10_000, 20_000, 50_000, 100_000, 200_000),
    million=(10_000, 100_000, 200_000, 500_000, 1_000_000),
    shipped=20_000,
    small_desk=1_000,
    large_desk=50_000,
    page_rounds=60,
    history_seconds=4.0,
    read=5_000,
    settle_seconds=10.0,
    clocks=50_000,
    due=500,
    killings=10,
    deliveries=3_000,
    promised=2_000,
    streams=200,
    arrivals=10,
    page_seconds=4.0,
)
QUICK = Scale(
    rounds=1,
    received=500,
    curve=(200, 400),
    million=(200, 400),
    shipped=100,
    small_desk=100,
    large_desk=300,
    page_rounds=2,
    history_seconds=0.2,
    read=100,
    settle_seconds=0.1,
    clocks=200,
    due=40,
    killings=1,
    deliveries=80,
    promised=50,
    streams=12,
    arrivals=1,
    page_seconds=0.3,
)
