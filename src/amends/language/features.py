"""Hashed word and character n-grams of many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.language.clean import Words

BITS = 17
"""There are two to the power of this many buckets."""
CHARACTERS = 300
"""Character n-grams are taken from so many characters of the cleaned words of a text."""
WORD_GRAMS = (1, 2)
CHARACTER_GRAMS = (3, 4, 5)

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C55
_UNBASE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_FOLD = np.uint64(31)
_DROP = np.uint64(64 - BITS)


@dataclass(frozen=True, slots=True)
class Block:
    """One length of n-gram over a batch, in the order of the texts.

    `first` and `last` are the first and last word that an n-gram touches, counted over the batch.
    """

    of_words: bool
    ids: Ints
    text: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """The n-grams of a batch; `offsets[i]` is the number of words before text `i`."""

    blocks: tuple[Block, ...]
    offsets: Ints
    texts: int


def extract(texts: Sequence[Words]) -> Batch:
    """All n-grams of these texts; the same text gives the same n-grams in any company."""
    counts = np.fromiter((len(t.words) for t in texts), np.int64, len(texts))
    flat = [word for t in texts for word in t.words]
    lengths = np.fromiter(map(len, flat), np.int64, len(flat))
    ends = np.cumsum(lengths + 1)
    starts = ends - lengths
    doc = np.repeat(np.arange(len(texts)), counts)
    joined = f" {' '.join(flat)} ".encode("utf-32-le", "surrogatepass")
    hashing = _Hashing(np.frombuffer(joined, np.uint32).astype(np.uint64))
    blocks = [_word_block(hashing, n, starts, ends, doc) for n in WORD_GRAMS]
    blocks += _character_blocks(hashing, starts, ends, doc, counts)
    return Batch(tuple(blocks), np.cumsum(counts) - counts, len(texts))


class _Hashing:
    """Hashes of any slices of one long text from its prefix sums, all at once."""

    def __init__(self, codes: Hashes) -> None:
        powers = np.full(len(codes), _BASE, np.uint64)
        inverse = np.full(len(codes) + 1, _UNBASE, np.uint64)
        powers[0] = inverse[0] = 1
        self.inverse: Hashes = np.cumprod(inverse, dtype=np.uint64)
        self.sums: Hashes = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(codes * np.cumprod(powers, dtype=np.uint64), out=self.sums[1:])
        self.blank: Ints = np.concatenate([[0], np.cumsum(codes == ord(" "))])

    def buckets(self, start: Ints, end: Ints, salt: int) -> Ints:
        """The bucket of each slice; the same slice under another salt falls elsewhere."""
        mixed = ((self.sums[end] - self.sums[start]) * self.inverse[start] + np.uint64(salt)) * _MIX
        mixed ^= mixed >> _FOLD
        mixed *= _MIX
        return (mixed >> _DROP).astype(np.int64)


def _word_block(hashing: _Hashing, n: int, starts: Ints, ends: Ints, doc: Ints) -> Block:
    first = np.arange(max(0, len(doc) - n + 1))
    first = first[doc[first] == doc[first + n - 1]]
    last = first + n - 1
    return Block(True, hashing.buckets(starts[first], ends[last], n), doc[first], first, last)


def _character_blocks(hashing: _Hashing, starts: Ints, ends: Ints, doc: Ints, counts: Ints) -> list[Block]:
    """N-grams inside one word and its two blanks, from the first characters of each text."""
    region = ends - starts + 1
    word = np.repeat(np.arange(len(doc)), region)
    before = starts - 1
    opening = np.repeat(before[np.cumsum(counts) - counts], counts) if len(doc) else before
    position = np.arange(len(word))
    kept = position - opening[word] < CHARACTERS
    position, word = position[kept], word[kept]
    blocks = []
    for n in CHARACTER_GRAMS:
        inside = hashing.blank[np.minimum(position + n - 1, len(hashing.blank) - 1)]
        whole = (inside == hashing.blank[position + 1]) & (position + n < len(hashing.blank))
        at, of = position[whole], word[whole]
        blocks.append(Block(False, hashing.buckets(at, at + n, 64 + n), doc[of], of, of))
    return blocks
