"""Reading what every user of a machine can read of its processes."""

from __future__ import annotations

import threading
from pathlib import Path


class Watch(threading.Thread):
    """Reads every command line of the machine, over and over, as anybody on it could."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue
