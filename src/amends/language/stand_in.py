"""A model that knows nothing and costs next to nothing: for measuring what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from amends.core.values import Kind, Severity
from amends.language.reading import Reading, Text

_SEVERITIES = (Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
_LOOKED_AT = 400


class StandIn:
    """Calls a fixed share of texts complaints, by a hash of their words, the same text always alike."""

    def __init__(self, share: float) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"A share lies between 0 and 1, not at {share}.")
        self.name = f"stand-in-{share:g}"
        self._below = share * 2**32

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """A reading for each text, in order."""
        return [self._reading(text) for text in texts]

    def _reading(self, text: Text) -> Reading:
        begun = text.text[:_LOOKED_AT].encode("utf-8", "surrogatepass")
        hashed = int.from_bytes(blake2b(begun, digest_size=4).digest())
        is_complaint = hashed < self._below
        return Reading(
            complaint=0.9 if is_complaint else 0.1,
            is_complaint=is_complaint,
            kind=Kind.COMPLAINT if is_complaint else Kind.CHATTER,
            severity=_SEVERITIES[hashed % len(_SEVERITIES)] if is_complaint else Severity.NONE,
            urgent=(),
            abuse=0.0,
            lang=text.lang or "en",
            reasons=(),
            model=self.name,
        )
