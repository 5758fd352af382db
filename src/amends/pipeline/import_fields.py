"""From the named values of one line to a post: which are needed, what they may look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from amends.core.values import Direction, Visibility
from amends.pipeline.import_times import NotATime, instant
from amends.pipeline.receive import Item, NotAPost, checked
from amends.store.brands import BadName, clean_name

FIELDS = (
    "id",
    "channel",
    "author_id",
    "author_handle",
    "author_name",
    "text",
    "created_at",
    "in_reply_to",
    "conversation_id",
    "direction",
    "visibility",
    "url",
    "lang",
    "brand",
)
REQUIRED = ("id", "text", "created_at", "author_id")
DEFAULT_CHANNEL = "import"


@dataclass(frozen=True, slots=True)
class Rules:
    """How the lines of an import are read: the brand and channel that hold, and the time it is now."""

    now: datetime
    brand: str = ""
    channel: str = DEFAULT_CHANNEL


class Literal(str):
    """A number with a fraction or an exponent, as it was spelled."""

    __slots__ = ()


def post(values: Mapping[str, object], rules: Rules) -> tuple[str, Item]:
    """The brand and the post of one line; raises NotAPost with a reason a person can act on."""
    for name in REQUIRED:
        if values.get(name) is None:
            raise NotAPost(f"{name} is missing")
    item = Item(
        channel=_word(values, "channel").strip() or rules.channel,
        remote_id=_word(values, "id"),
        author_id=_word(values, "author_id"),
        text=_text(values),
        posted_at=_time(values["created_at"]),
        author_handle=_word(values, "author_handle"),
        author_name=_word(values, "author_name"),
        in_reply_to=_word(values, "in_reply_to"),
        conversation_id=_word(values, "conversation_id"),
        direction=_DIRECTIONS[_choice(values, "direction", _DIRECTIONS)],
        visibility=_VISIBILITIES[_choice(values, "visibility", _VISIBILITIES)],
        url=_word(values, "url"),
        lang=_word(values, "lang"),
    )
    return _brand(values, rules), checked(item, rules.now)


_DIRECTIONS = {"": Direction.IN, **{str(d): d for d in Direction}}
_VISIBILITIES = {"": Visibility.PUBLIC, **{str(v): v for v in Visibility}}


def _word(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, Literal):
        raise NotAPost(f"{name} is the number {value[:40]}, which may have lost digits; give it as a text")
    raise NotAPost(f"{name} is neither a text nor a whole number")


def _text(values: Mapping[str, object]) -> str:
    text = values["text"]
    if type(text) is not str:
        raise NotAPost("text is not a text")
    return text


def _time(value: object) -> datetime:
    if not isinstance(value, str) and type(value) is not int:
        raise NotAPost("created_at is neither a text nor a number")
    try:
        return instant(str(value))
    except NotATime as error:
        raise NotAPost(f"created_at: {error}") from error


def _choice(values: Mapping[str, object], name: str, allowed: Mapping[str, object]) -> str:
    chosen = _word(values, name).strip().lower()
    if chosen not in allowed:
        raise NotAPost(f"{name} is “{chosen[:40]}”; it can be {' or '.join(filter(None, allowed))}")
    return chosen


def brand_named(values: Mapping[str, object], rules: Rules) -> str:
    """The brand that a line belongs to though it is no post; "" where it does not say."""
    try:
        return _brand(values, rules)
    except NotAPost:
        return ""


def _brand(values: Mapping[str, object], rules: Rules) -> str:
    if rules.brand:
        return rules.brand
    named = _word(values, "brand")
    if not named.strip():
        raise NotAPost("it names no brand; add one to the line or give --brand NAME")
    try:
        return clean_name(named)
    except BadName as error:
        raise NotAPost(f"brand: {error}") from error
