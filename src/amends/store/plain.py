"""Text as PostgreSQL can keep it: any other text is given a visible stand-in for what it cannot hold."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    """The text with NUL characters and lone surrogates replaced by U+FFFD; everything else as it is."""
    if text.isascii() and "\x00" not in text:  # nearly every text: known without looking at each character
        return text
    return _UNSTORABLE.sub(_REPLACEMENT, text)
