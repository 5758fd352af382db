"""Texts of strangers as a page may show them: every character visible or harmless, markup escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_STAND_IN = "\N{SYMBOL FOR SUBSTITUTE FORM TWO}"
_PICTURES = 0x2400
_DELETE = "\N{SYMBOL FOR DELETE}"


def _table() -> dict[int, str]:
    table = {code: chr(_PICTURES + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
    table |= dict.fromkeys(range(0x80, 0xA0), _STAND_IN)
    table |= dict.fromkeys((*range(0x202A, 0x202F), *range(0xFFF9, 0xFFFC), 0xFEFF), _STAND_IN)
    table |= {0x7F: _DELETE, 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
    return table


_HARMLESS = _table()


def harmless(text: str) -> str:
    """The text with one visible character for each that would hide, erase or turn round what follows.

    Each character stays one character, so that offsets still hold.
    """
    return text.translate(_HARMLESS)


def one_line(text: str) -> str:
    """The text harmless and on one line, for names and excerpts."""
    return " ".join(harmless(text).split())


MOST_MARKS = 40


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    label: str


def marked(text: str, labels: dict[str, Any]) -> SafeString:
    """The text as HTML, the words that carried a label in <mark>, and all of it escaped."""
    safe = harmless(text)
    pieces: list[str] = []
    at = 0
    for span in _spans(labels.get("reasons", ()), len(safe)):
        if span.start < at:
            continue
        words = escape(safe[span.start : span.end])
        pieces.append(f'{escape(safe[at : span.start])}<mark title="{escape(span.label)}">{words}</mark>')
        at = span.end
    pieces.append(escape(safe[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - every piece of text above is escaped


def _spans(reasons: Iterable[Any], length: int) -> Sequence[_Span]:
    """The spans that lie in the text, in order, cut to their number; what is not a span is passed over."""
    spans = []
    for reason in reasons if isinstance(reasons, list) else ():
        match reason:
            case {"start": int(start), "end": int(end), "label": str(label)} if 0 <= start < end <= length:
                spans.append(_Span(start, end, label.replace(":", ": ")))
    return sorted(spans, key=lambda span: (span.start, -span.end))[:MOST_MARKS]


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WEEKS_FROM, _YEARS_FROM = 21 * _DAY, 730 * _DAY


def span(length: timedelta) -> str:
    """A length of time in a word or two, as people say it; desk.js says it the same way."""
    seconds = abs(int(length.total_seconds()))
    if seconds < _MINUTE:
        return "under 1 min"
    if seconds < 100 * _MINUTE:
        return f"{seconds // _MINUTE} min"
    if seconds < 48 * _HOUR:
        return f"{seconds // _HOUR} h"
    if seconds < _WEEKS_FROM:
        return f"{seconds // _DAY} days"
    if seconds < _YEARS_FROM:
        return f"{seconds // (7 * _DAY)} weeks"
    return f"{seconds // (365 * _DAY)} years"


def left(due_at: datetime, now: datetime) -> str:
    """How much time is left until `due_at`, or how long it is over."""
    return f"{span(due_at - now)} {'over' if due_at <= now else 'left'}"
