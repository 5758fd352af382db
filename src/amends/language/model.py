"""What reads texts, and how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from amends.language import reader
from amends.language.reading import Reading, Text


class Model(Protocol):
    """Anything that reads texts in batches."""

    name: str

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """A reading for each text, in order; no text raises, and each takes bounded time."""
        ...


def load(accurate: bool = False) -> Model:
    """The shipped model, or the larger one, slower and less often wrong; safe to use from any thread."""
    return reader.load("accurate" if accurate else "small")
