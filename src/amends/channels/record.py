"""The edge where a network's JSON becomes typed values: whatever is wrong there is `Unreadable`."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import TypeAlias

from amends.channels.errors import Unreadable
from amends.channels.protocol import Json

LONGEST_TEXT = 100_000
LONGEST_ID = 512
UNSAFE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
"""What no database can keep: NUL and lone surrogates."""

Items: TypeAlias = "list[Json]"


MOST_COUNTED = 2**31 - 1


class Record:
    """A JSON object whose fields are read by type; the wrong type raises `Unreadable`."""

    def __init__(self, value: Json) -> None:
        if not isinstance(value, dict):
            raise Unreadable("The network sent something else where an object was promised.")
        self._fields = value

    @property
    def fields(self) -> dict[str, Json]:
        """The object itself, to be read some other way."""
        return self._fields

    @property
    def raw(self) -> bytes:
        """The object as it came, in bytes that hold every oddity of it."""
        return raw_of(self._fields)

    def text(self, name: str, default: str | None = None) -> str:
        """A text, made safe to keep; missing or null gives `default`, or `Unreadable` without one."""
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise Unreadable(f"The network's field {name!r} is no readable text.")
        return value.translate(UNSAFE)

    def key(self, name: str) -> str:
        """An identifier: a text of 1 to 512 characters."""
        value = self.text(name)
        if not 0 < len(value) <= LONGEST_ID:
            raise Unreadable(f"The network's field {name!r} is no usable identifier.")
        return value

    def maybe_key(self, name: str) -> str | None:
        """An identifier, or None where the network gives none."""
        return None if self._fields.get(name) is None else self.key(name)

    def flag(self, name: str) -> bool:
        """A boolean; missing is false."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise Unreadable(f"The network's field {name!r} is neither true nor false.")
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number; missing or null gives `default`."""
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unreadable(f"The network's field {name!r} is no whole number.")
        return value

    def maybe_count(self, name: str) -> int | None:
        """How many there are of something; None where the network gives no number that could be one."""
        value = self._fields.get(name)
        is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTED
        return value if is_count else None  # type: ignore[return-value]

    def time(self, name: str) -> datetime:
        """A time in ISO 8601 with its zone, as aware UTC."""
        value = self.text(name)
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise ValueError("no zone")
            return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Unreadable(f"The network's field {name!r} is no time.") from error

    def maybe_time(self, name: str) -> datetime | None:
        """A time, or None where the network gives none."""
        return None if self._fields.get(name) is None else self.time(name)

    def record(self, name: str) -> Record:
        """An object inside this one."""
        return Record(self._fields.get(name))

    def maybe_record(self, name: str) -> Record | None:
        """An object inside this one, or None where there is none."""
        return None if self._fields.get(name) is None else self.record(name)

    def items(self, name: str) -> Items:
        """A list; its members are not looked at yet."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            raise Unreadable(f"The network's field {name!r} is no list.")
        return value


def raw_of(value: Json) -> bytes:
    """Any JSON value in bytes that hold every oddity of it; empty where it is nested beyond reason."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b""


def same_text(one: str, other: str) -> bool:
    """Whether two texts say the same once a network has trimmed, composed and re-spaced them."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
