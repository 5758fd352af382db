"""Understand: what the model reads in incoming posts, and what follows for who waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict

from amends.core.policy import Policy
from amends.language.heat import heat
from amends.language.model import Model
from amends.language.reading import Reading, Text
from amends.pipeline.arrival import Arrival, Change

_log = logging.getLogger(__name__)


AT_ONCE = 64
LONGEST = 2.0
"""After so many seconds of reading, what is left of a batch stays unread; the next round goes on with it."""


def understand(arrivals: Sequence[Arrival], model: Model | None, policy: Policy) -> None:
    """Have incoming posts read; what a model fails on or has no time for stays "not yet read" for a while.

    At least the first few are read each time, so that even the slowest model gets through.
    """
    unread = [a for a in arrivals if a.incoming and a.change is not Change.DELETED and not a.item.deleted]
    if model is None:
        return
    begun = time.monotonic()
    for at in range(0, len(unread), AT_ONCE):
        if at and time.monotonic() - begun > LONGEST:
            _log.info("%d posts are left for later, as not yet read.", len(unread) - at)
            return
        _read(unread[at : at + AT_ONCE], model, policy)


def _read(unread: Sequence[Arrival], model: Model, policy: Policy) -> None:
    texts = [Text(a.item.text, a.item.lang or None, a.parent_text) for a in unread]
    try:
        readings = model.read(texts)
    except Exception:  # noqa: BLE001 - whatever a model does wrong must not stop posts from being kept
        _log.exception("The model failed on %d posts; they are kept as not yet read.", len(unread))
        return
    for arrival, reading in zip(unread, readings, strict=True):
        arrival.reading = reading
        arrival.wants = reading.kind in policy.cases.open_for


def labels(reading: Reading, text: str) -> dict[str, object]:
    """What is kept of a reading of a text beside its columns."""
    return {
        "abuse": reading.abuse,
        "heat": heat(text, reading.abuse),
        "urgent": list(reading.urgent),
        "perhaps": list(reading.perhaps),
        "about": list(reading.about),
        "reasons": [asdict(reason) for reason in reading.reasons],
    }
