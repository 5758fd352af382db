"""Text as people type it, cut into plain words that remember where they stood."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

READ = 5000
"""Only so many code points of a text are read, so that the time is bounded."""
MOST_WORDS = 700
START = "^"
"""The word that opens every text, so that no text is without words."""

_PIECE = regex.compile(
    r"(?P<link>(?:https?://|www\.)\S{1,300})"
    r"|(?P<handle>[@＠][\w.\-]{1,60})"
    r"|(?P<word>\p{L}[\p{L}\p{M}]{0,39}(?:['’]\p{L}{1,10})?)"
    r"|(?P<number>\p{N}{1,20})"
    r"|(?P<face>[:;=]['\-]?[()DPp/|\[\]])"
    r"|(?P<mark>[!?！？]{1,20}|\.{2,20}|…)"
    r"|(?P<sign>[\p{So}\p{Emoji_Presentation}€$£%])"
)
_REPEATED = regex.compile(r"(.)\1{2,}")
_CLEANED = 40
_SHOUTED = 2
_SHORT, _LONG = 6, 60


@dataclass(frozen=True, slots=True)
class Words:
    """The cleaned words of a text; `spans[i]` is where word `i` stood, (-1, -1) for one that was added."""

    words: list[str]
    spans: list[tuple[int, int]]

    @property
    def empty(self) -> bool:
        """True where the text held nothing that can be read."""
        return len(self.words) == self.added

    @property
    def added(self) -> int:
        """How many of the words were added by us and stand nowhere in the text."""
        return self.spans.count((-1, -1))


def clean(text: str) -> Words:
    """The words of any text whatever, in order, with what its length and capitals say added in front."""
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    shouted = 0
    for piece in _PIECE.finditer(text[:READ]):
        raw = piece.group()
        words.append(_plain(raw, piece.lastgroup or ""))
        spans.append(piece.span())
        shouted += len(raw) > 2 and raw.isupper()
    del words[MOST_WORDS:], spans[MOST_WORDS:]
    signs = [START, _length(len(words))]
    if shouted >= _SHOUTED:
        signs.append("xxshouted")
    return Words(signs + words, [(-1, -1)] * len(signs) + spans)


def _length(count: int) -> str:
    if count < _SHORT:
        return "xxshort"
    return "xxlong" if count > _LONG else "xxmiddling"


@lru_cache(maxsize=30_000)
def _plain(raw: str, sort: str) -> str:
    """One piece without what does not matter to its meaning: case, form, length of a cry, who, where."""
    match sort:
        case "link":
            return "xxlink"
        case "handle":
            return "xxuser"
        case "number":
            return "0" * min(len(raw), 5)
        case "face":
            return ":)" if raw[-1] in ")DPp]" else ":("
        case "mark":
            return _mark(unicodedata.normalize("NFKC", raw))
    plain = unicodedata.normalize("NFKC", raw).casefold().replace("’", "'").replace(" ", "")
    return _REPEATED.sub(r"\1\1", plain)[:_CLEANED] or raw


def _mark(raw: str) -> str:
    if raw.startswith("."):
        return "..."
    if "?" in raw:
        return "?" if set(raw) == {"?"} and len(raw) == 1 else ("?!" if "!" in raw else "??")
    return "!" if len(raw) == 1 else "!!"
