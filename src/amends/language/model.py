"""What reads texts, and how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from amends.language import linear, weights
from amends.language.reading import Reading, Text


class Model(Protocol):
    """Anything that reads texts in batches."""

    name: str

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """A reading for each text, in order; no text raises, and each takes bounded time."""
        ...


@cache
def load() -> Model:
    """The shipped model; loaded once and then kept, safe to use from any thread."""
    return linear.shipped(weights.read())
