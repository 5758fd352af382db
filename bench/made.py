"""Made-up traffic of any size, the same at every run: words, lengths and threads as public talk has them.

Words follow Zipf's law over a large vocabulary, so that searches and indexes meet what they meet in life.
One author in three writes again, one post in three answers another, one in eight is the firm's.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, chain, islice, product

from amends.core.values import Direction
from amends.pipeline.receive import Item

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
EVERY = timedelta(seconds=3)
CHANNELS = ("network",) * 8 + ("forum",) * 2
VOCABULARY = 40_000
_REACH = 200
"""How many posts of the same channel back an answer may reach."""
COMMON, USUAL, RARE = "still", "refund", "orderless"
"""Words in about one post of four, of eighty, and of four thousand: what people search for."""
_PLACES = {COMMON: 6, USUAL: 140, RARE: 7_000}


@cache
def words() -> tuple[list[str], list[float]]:
    """The vocabulary from the most common word on, and how often each is used up to there."""
    parts = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu")
    lengths = (product(parts, repeat=syllables) for syllables in (1, 2, 3, 4))
    made = ["".join(word) for word in islice(chain.from_iterable(lengths), VOCABULARY)]
    for word, place in _PLACES.items():
        made[place] = word
    return made, list(accumulate(1 / (rank + 4) for rank in range(1, VOCABULARY + 1)))


def posts(count: int, *, first: int = 0, of: int | None = None) -> Iterator[dict[str, object]]:
    """The posts from number `first` on, by import field, of talk that has `of` posts in all."""
    authors = max(1, (of or first + count) * 2 // 3)
    vocabulary, weights = words()
    for number in range(first, first + count):
        chance = random.Random(number)
        author = chance.randrange(authors)
        post: dict[str, object] = {
            "id": f"p{number}",
            "channel": CHANNELS[number % len(CHANNELS)],
            "author_id": f"a{author}",
            "author_handle": f"person{author}",
            "text": " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randrange(4, 34))),
            "created_at": (START + number * EVERY).isoformat(),
        }
        earlier = min(number // len(CHANNELS), _REACH)
        if earlier and chance.random() < 0.33:
            post["in_reply_to"] = f"p{number - chance.randint(1, earlier) * len(CHANNELS)}"
            if chance.random() < 0.36:
                post |= {"direction": "out", "author_id": "brand", "author_handle": "brand"}
        yield post


def lines(count: int, *, first: int = 0, of: int | None = None) -> Iterator[bytes]:
    """The same as lines of an import file."""
    return (json.dumps(post).encode() + b"\n" for post in posts(count, first=first, of=of))


def items(count: int) -> list[tuple[Item, bytes]]:
    """The same as their source would have read them, with their bytes."""
    return [(_item(post), json.dumps(post).encode()) for post in posts(count)]


def _item(post: dict[str, object]) -> Item:
    return Item(
        channel=str(post["channel"]),
        remote_id=str(post["id"]),
        author_id=str(post["author_id"]),
        author_handle=str(post["author_handle"]),
        text=str(post["text"]),
        posted_at=datetime.fromisoformat(str(post["created_at"])),
        in_reply_to=str(post.get("in_reply_to", "")),
        direction=Direction(str(post.get("direction", "in"))),
    )
