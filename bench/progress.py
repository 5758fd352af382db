"""What a run says while it measures."""

from __future__ import annotations

import os
import sys
import time

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """One line about how far the run is, on standard error."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    load = os.getloadavg()[0]
    sys.stderr.write(f"[{minutes:2d}:{seconds:02d} load {load:.1f}] {text}\n")
    sys.stderr.flush()
