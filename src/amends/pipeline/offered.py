"""One post as another system offers it, by API or webhook: the fields of an import, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic_core import to_json

from amends.pipeline.import_fields import Rules
from amends.pipeline.import_fields import post as post_of
from amends.pipeline.import_times import NotATime, instant
from amends.pipeline.receive import Item, NotAPost
from amends.store.plain import plain

LONGEST_ID = 500
LONGEST_REASON = 300


class Became(StrEnum):
    """What became of an offered post: kept now, kept already in this very form, or refused."""

    KEPT = "kept"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered of one offered post; `id` is the one it was sent with, as far as it can be told."""

    id: str
    became: Became
    reason: str = ""


def read(offer: object, rules: Rules) -> tuple[Item, bytes]:
    """The post and its bytes, unknown fields and all; raises NotAPost with a reason a person can act on."""
    if not isinstance(offer, dict):
        raise NotAPost("it is no object with fields")
    deleted = offer.get("deleted", False)
    if not isinstance(deleted, bool):
        raise NotAPost("deleted is neither true nor false")
    payload = payload_of(offer)
    edited_at = _edited(offer.get("edited_at"))
    _, item = post_of(offer | {"text": ""} if deleted else offer, rules)
    if deleted or edited_at:
        item = replace(item, deleted=deleted, edited_at=edited_at)
    return item, payload


def payload_of(offer: object) -> bytes:
    """What was offered, as JSON; raises NotAPost where it is nested too deeply for that."""
    try:
        return to_json(offer)
    except ValueError:  # it holds half of a surrogate pair, or is nested too deeply
        return _escaped(offer)


def _escaped(offer: object) -> bytes:
    try:
        return json.dumps(offer, separators=(",", ":")).encode()
    except RecursionError:
        raise NotAPost("it is nested too deeply") from None


def read_all(
    offers: Sequence[object], read_one: Callable[[object], tuple[Item, bytes]]
) -> tuple[list[tuple[Item, bytes]], dict[int, str]]:
    """The posts that can be kept, and for each place of another the reason: one bad one refuses no other."""
    posts: list[tuple[Item, bytes]] = []
    why: dict[int, str] = {}
    for place, offer in enumerate(offers):
        try:
            posts.append(read_one(offer))
        except NotAPost as error:
            why[place] = plain(str(error))[:LONGEST_REASON]
    return posts, why


def tell(offers: Sequence[object], why: Mapping[int, str], fresh: Iterable[bool]) -> list[Told]:
    """What is answered of each, in order; `fresh` says of those that could be kept whether they were new."""
    new = iter(fresh)
    return [
        Told(id_of(offer), Became.REFUSED, why[place])
        if place in why
        else Told(id_of(offer), Became.KEPT if next(new) else Became.REPEATED)
        for place, offer in enumerate(offers)
    ]


def id_of(offer: object) -> str:
    """The id it was sent with, as far as it can be told."""
    named = offer.get("id") if isinstance(offer, dict) else None
    return plain(str(named))[:LONGEST_ID] if type(named) in (str, int) else ""


def _edited(value: object) -> datetime | None:
    if value is None:
        return None
    if type(value) not in (str, int):
        raise NotAPost("edited_at is neither a text nor a number")
    try:
        return instant(str(value))
    except NotATime as error:
        raise NotAPost(f"edited_at: {error}") from error
