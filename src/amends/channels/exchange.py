"""What goes over the wire, as values: requests and responses, and the flows that yield and are sent them."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from amends.channels.errors import Unreadable

T = TypeVar("T")
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

NOTHING: Mapping[str, str] = MappingProxyType({})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a network; its `repr` shows neither headers nor query nor body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, repr=False)
    json: Json = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 20.0
    repeatable: bool = False
    """A write that the network itself knows how to do once only."""

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves open if something was changed on the network."""
        return self.method not in READING_METHODS and not self.repeatable

    @property
    def content(self) -> bytes:
        """The bytes of the body, whichever way it was given."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else json.dumps(self.json).encode()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer of a network; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def json(self) -> Json:
        """The body as JSON; raises `Unreadable` whatever is wrong with it."""
        return read_json(self.body, f"The network answered {self.status} with a body that is not JSON.")

    def retry_at(self) -> datetime | None:
        """When the network asks us to come back, at most a day ahead; None when it does not say."""
        asked = self.headers.get("retry-after", "").strip()
        if not asked:
            return self.reset_at()
        if asked.isascii() and asked.isdigit():
            wait = min(int(asked[:9]), int(LONGEST_WAIT.total_seconds()))
            return self.received_at + timedelta(seconds=wait)
        try:
            at = parsedate_to_datetime(asked)
        except (ValueError, OverflowError):
            return None
        return self._soon(at)

    def reset_at(self) -> datetime | None:
        """When the network lets us have a new number of requests (`X-RateLimit-Reset`), if it says so.

        Some write a time in ISO 8601, some the seconds since 1970.
        """
        said = self.headers.get("x-ratelimit-reset", "").strip()
        try:
            if said.isascii() and said.isdigit():
                return self._soon(datetime.fromtimestamp(int(said[:12]), UTC))
            return self._soon(datetime.fromisoformat(said)) if said else None
        except (ValueError, OverflowError, OSError):
            return None

    def _soon(self, at: datetime) -> datetime:
        """A time between now and a day ahead."""
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(self.received_at, min(at.astimezone(UTC), self.received_at + LONGEST_WAIT))


def read_json(body: bytes | str, otherwise: str) -> Json:
    """Any JSON; raises `Unreadable`, saying `otherwise`, whatever is wrong with it."""
    try:
        value: Json = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(otherwise) from error
    return value


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


Flow: TypeAlias = Generator[Request, Response, T]
