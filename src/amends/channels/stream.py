"""The driver for server-sent events: opens what a channel asks for, and reads events by the rules of HTML.

The same guard, limits and errors as `drive.Http`, but the answer has no end: it is given up when even the
lines that keep it alive stop coming.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from amends.channels.answers import trouble
from amends.channels.drive import Http, redacted
from amends.channels.errors import Refused, Transient, Unreadable
from amends.channels.guard import Resolve, system_resolve
from amends.channels.protocol import Event, Request, Response

SILENCE = 45.0
"""Seconds without a byte after which a stream is dead; Mastodon shows life every fifteen."""
LONGEST_EVENT = 512 * 1024
LONGEST_WORD = 64 * 1024
LONGEST_RETRY = 600.0
EVENTS = "text/event-stream"
_END_OF_LINE = re.compile(r"\r\n|\n|\r")


class NoStream(Refused):
    """There is no stream at this address."""


@dataclass(slots=True)
class Parser:
    """Bytes in, whole events out; what is cut off at the end is no event."""

    retry: float | None = None
    """Seconds that the server asks us to wait before we open the stream again."""
    _decode: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    )
    _rest: list[str] = field(default_factory=list)
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _waiting: int = 0
    _heard: int = 0

    def feed(self, part: bytes) -> list[Event]:
        """The events that end within `part`; raises `Unreadable` when one has no end."""
        text = self._decode.decode(part)
        self._rest.append(text)
        self._waiting += len(text)
        events = []
        if "\n" in text or "\r" in text or self._rest[0].endswith("\r"):
            events = [event for line in self._lines() if (event := self._read(line))]
        if self._waiting + self._heard > LONGEST_EVENT:
            raise Unreadable(f"The stream sent an event of more than {LONGEST_EVENT} characters.")
        return events

    def _lines(self) -> Iterator[str]:
        """Whole lines; a carriage return at the very end may be half of a line's end."""
        text, at = "".join(self._rest), 0
        for end in _END_OF_LINE.finditer(text):
            if end[0] == "\r" and end.end() == len(text):
                break
            yield text[at : end.start()]
            at = end.end()
        self._rest, self._waiting = [text[at:]], len(text) - at

    def _read(self, line: str) -> Event | None:
        if not line:
            return self._whole()
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._heard += len(value)
        elif name == "event":
            self._name = value
        elif name == "retry" and colon and value.isascii() and value.isdigit():
            self.retry = min(LONGEST_RETRY, int(value[:9]) / 1000)
        return None

    def _whole(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data, self._heard = "", [], 0
        return Event(name or "message", "\n".join(data)) if data else None


class Stream:
    """One stream; `listen` in one thread, `close` from any."""

    def __init__(
        self,
        *,
        allow_hosts: frozenset[str],
        now: Callable[[], datetime],
        resolve: Resolve = system_resolve,
        silence: float = SILENCE,
    ) -> None:
        self._http = Http(allow_hosts=allow_hosts, now=now, resolve=resolve)
        self._now = now
        self._silence = silence
        self._parser = Parser()

    @property
    def retry(self) -> float | None:
        """Seconds that the server asks us to wait before the next try, if it has said so."""
        return self._parser.retry

    def close(self) -> None:
        """End the stream at once, whoever listens."""
        self._http.abort()

    def listen(self, request: Request) -> Iterator[list[Event]]:
        """Nothing once the stream is open, then what comes, as it comes; always ends in a `ChannelError`."""
        try:
            with self._http.opened(request) as answer:
                if answer.status_code != 200 or EVENTS not in answer.headers.get("content-type", ""):
                    raise self._refusal(request, answer.status_code, dict(answer.headers), answer.iter_raw())
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise Unreadable("The stream is packed, though we asked for it plain.")
                yield []
                self._http.patient_for(self._silence)
                for part in answer.iter_raw():
                    yield self._parser.feed(part)
                    self._http.patient_for(self._silence)
            raise Transient("The stream has ended.")
        finally:
            self._http.close()

    def _refusal(
        self, request: Request, status: int, headers: dict[str, str], body: Iterator[bytes]
    ) -> Exception:
        if status in (200, 204, 404, 405, 410, 501):
            return NoStream(f"The server has no stream there; it answered {status}.")
        said = redacted(request, status, next(body, b"")[:LONGEST_WORD])
        return trouble(request, Response(status, headers, said, self._now()))
