"""How much somebody may bring at once and over time: a bucket each, in the memory of this process."""

from __future__ import annotations

import math
import threading
from datetime import datetime


class Pace:
    """Lets `per_minute` things of a name through in any minute on the average, and never more at once.

    Each process has its own: what it protects is the process, and a count shared by all would cost every
    delivery a write of its own.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, count: int, now: datetime) -> int:
        """Take `count` of what is left and return 0; else take nothing and return the seconds to wait."""
        with self._lock:
            left, at = self._left.get(name, (self._most, now))
            passed = max(0.0, (now - at).total_seconds())
            left = min(self._most, left + passed * self._most / 60)
            wanted = min(float(count), self._most)
            enough = left >= wanted
            self._left[name] = (left - wanted if enough else left, now)
            return 0 if enough else max(1, math.ceil((wanted - left) * 60 / self._most))
