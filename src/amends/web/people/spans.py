"""Spans of opening hours as people write them: `9:00-12:30, 13:30-18:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_TIME = r"(\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)"
_SPAN = re.compile(rf"\s*{_TIME}\s*(?:-|–|—|to)\s*{_TIME}\s*\Z")
_SHORT = len("09:00")


def spelled(spans: Iterable[Mapping[str, str]]) -> str:
    """Spans of a policy's document in one line."""
    return ", ".join(f"{_at(span['opens'])}-{_at(span['closes'])}" for span in spans)


def spans(text: str) -> list[dict[str, str]]:
    """That line as spans; what is not understood is passed on for the policy to refuse."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        times = _SPAN.match(part)
        opens, closes = (_padded(times[1]), _padded(times[2])) if times else (part, part)
        found.append({"opens": opens, "closes": "00:00" if closes == "24:00" else closes})
    return found


def _at(text: str) -> str:
    """Seconds are shown where there are any."""
    return text[:_SHORT] if text[_SHORT:] in ("", ":00") else text


def _padded(text: str) -> str:
    return text if text.index(":") == len("09") else f"0{text}"
