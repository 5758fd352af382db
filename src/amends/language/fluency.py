"""How well the shipped model reads a language; the figures are in the model card."""

from __future__ import annotations

from enum import StrEnum


class Fluency(StrEnum):
    """What may be expected of a reading."""

    WELL = "well"
    FAIRLY = "fairly"
    HARDLY = "hardly"


_KNOWN = {"en": Fluency.WELL, "de": Fluency.FAIRLY, "fr": Fluency.FAIRLY, "es": Fluency.FAIRLY}


def fluency(lang: str) -> Fluency:
    """How well texts of this language are read; `lang` is two letters, perhaps with a region (`pt-BR`)."""
    return _KNOWN.get(lang.lower().replace("_", "-").partition("-")[0], Fluency.HARDLY)
