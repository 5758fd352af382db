"""A text as the word pieces of the encoder's vocabulary, each of which remembers where it stood."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray

VOCABULARY = Path(__file__).with_name("vocabulary.txt")
READ = 2000
"""Only so many code points of a text are cut, so that the time is bounded."""
MOST = 128
"""So many pieces of a text are read: of a longer one its beginning and its end."""
END = 32
MOST_BEFORE = 32
"""So many pieces of the text that it answers."""

_CLS, _SEP = "[CLS]", "[SEP]"
_PIECE = regex.compile(
    r"(?P<link>(?:https?://|www\.)\S{1,300})"
    r"|(?P<handle>[@＠][\w.\-]{1,60})"
    r"|(?P<sign>[\p{Han}\p{Hiragana}\p{Katakana}])"
    r"|(?P<word>[\p{L}\p{M}\p{N}]{1,60})"
    r"|(?P<picture>(?!\p{Emoji_Modifier})[\p{Emoji_Presentation}\p{Extended_Pictographic}])"
    r"|(?P<mark>[^\s\p{C}\p{M}\p{Emoji_Modifier}])"
)
_LONGEST_NAME = 4

Span = tuple[int, int]
NOWHERE: Span = (-1, -1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What the encoder is given of one text.

    `spans[i]` is where in the text piece `i` stood, (-1, -1) for marks of ours and for what it answers;
    the first `own` pieces are the text, the rest is what it answers.
    """

    ids: list[int]
    spans: list[Span]
    own: int

    @property
    def stands(self) -> NDArray[np.float32]:
        """1 for each piece that stands in the text, 0 for marks of ours and for what it answers."""
        return np.fromiter((span != NOWHERE for span in self.spans), np.float32, len(self.spans))

    @property
    def empty(self) -> bool:
        """True where the text held nothing that can be read."""
        return self.own == len(_FRAME)


_FRAME = (_CLS, _SEP)


def cut(text: str, before: str = "") -> Pieces:
    """The pieces of any text whatever, and of the text that it answers."""
    vocabulary = _vocabulary()
    ids, spans = _read(text)
    if len(ids) > MOST:
        ids, spans = ids[: MOST - END] + ids[-END:], spans[: MOST - END] + spans[-END:]
    ids = [vocabulary[_CLS], *ids, vocabulary[_SEP]]
    spans = [NOWHERE, *spans, NOWHERE]
    own = len(ids)
    if before:
        answered = _read(before)[0][:MOST_BEFORE]
        ids += [*answered, vocabulary[_SEP]]
        spans += [NOWHERE] * (len(ids) - own)
    return Pieces(ids, spans, own)


def _read(text: str) -> tuple[list[int], list[Span]]:
    ids: list[int] = []
    spans: list[Span] = []
    for piece in _PIECE.finditer(text[:READ]):
        found = _ids(piece.group(), piece.lastgroup or "")
        ids.extend(found)
        spans.extend([piece.span()] * len(found))
    return ids, spans


@lru_cache(maxsize=50_000)
def _ids(raw: str, sort: str) -> tuple[int, ...]:
    """The pieces of one link, handle, word, emoji or mark."""
    return tuple(i for word in _words(raw, sort) for i in _pieces(word))


def _words(raw: str, sort: str) -> Iterator[str]:
    match sort:
        case "link":
            yield "url"
        case "handle":
            yield from ("@", "user")
        case "picture":
            yield from _plain(unicodedata.name(raw, "").replace("-", " ")).split()[:_LONGEST_NAME]
        case _:
            yield _plain(raw)


def _plain(raw: str) -> str:
    """Without case, accents and compatibility forms: the vocabulary knows none."""
    apart = unicodedata.normalize("NFKD", raw.lower().replace("’", "'"))
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")


def _pieces(word: str) -> Iterator[int]:
    """The longest known pieces of a word from its front; one mark for a word that has none."""
    vocabulary = _vocabulary()
    found = []
    start, sign = 0, ""
    while start < len(word):
        end = len(word)
        while end > start and sign + word[start:end] not in vocabulary:
            end -= 1
        if end == start:
            yield vocabulary["[UNK]"]
            return
        found.append(vocabulary[sign + word[start:end]])
        start, sign = end, "##"
    yield from found


@cache
def _vocabulary() -> dict[str, int]:
    return {word: n for n, word in enumerate(VOCABULARY.read_text("utf-8").rstrip("\n").split("\n"))}
