"""One worker's sweep in a process of its own, over and over from the word "go" until its input ends."""

from __future__ import annotations

import os
import select
import sys
from datetime import datetime


def main(database: str, now: str) -> None:
    """Sweep the database of this name as of a time; prints `ready` before, and a dot for each round."""
    import django

    django.setup()
    from amends.pipeline.sweep import sweep
    from bench import desk

    desk.point_at(database)
    at = datetime.fromisoformat(now)
    sweep(at.replace(year=at.year - 50))  # nothing is due then; what it needs is loaded
    os.write(1, b"ready\n")
    sys.stdin.readline()
    while not select.select([0], [], [], 0.01)[0]:
        sweep(at)
        os.write(1, b".")


if __name__ == "__main__":
    main(*sys.argv[1:])
