"""One run of a kind at a time in this process, and an end to all of them when the worker stops."""

from __future__ import annotations

import threading
from collections.abc import Callable

stopping = threading.Event()
"""Set when the worker is to end: whatever loops looks at it between two steps."""


class Once:
    """Repeats a step until there is nothing more to do; who comes meanwhile makes it look once more.

    So a slow network cannot fill a worker with senders, and no hint is lost between last look and end.
    """

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._again = threading.Event()

    def run(self, step: Callable[[], object]) -> None:
        """Call `step` until it says that it did nothing, or until the worker is to stop."""
        self._again.set()
        while self._again.is_set() and not stopping.is_set() and self._busy.acquire(blocking=False):
            try:
                self._again.clear()
                while not stopping.is_set() and step():
                    pass
            finally:
                self._busy.release()
