"""How commands speak with whoever is at the terminal."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """One line about what goes on, on standard error, so that results can be piped."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def tell(text: str) -> None:
    """One line of the result, on standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
