"""How fast this machine is right now, so that absolute figures of two runs can be compared."""

from __future__ import annotations

import hashlib
import time

ROUNDS = 200_000


def seconds() -> float:
    """The time of a fixed loop of hashing and arithmetic on one core, best of three."""
    return min(_once() for _ in range(3))


def _once() -> float:
    start = time.perf_counter()
    digest, total = b"", 0
    for number in range(ROUNDS):
        digest = hashlib.sha256(digest).digest()
        total += number % 7
    return time.perf_counter() - start
