"""All open streams of this process: a bounded queue each, found by brand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import uuid4

from amends.site.live import messages
from amends.store.live import Listener

Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]

MOST = 500
"""Streams of a process; a page needs a connection, too."""
MOST_EACH = 12
"""Streams of one person or token; the oldest one ends for a newer one."""
QUEUED = 64
PATIENCE = 20.0
"""Seconds that a client may take for one message."""


class Full(Exception):
    """There is no room for another stream."""


@dataclass(slots=True, eq=False)
class Stream:
    """One open stream. What it cannot take in time becomes one `reload`."""

    listener: Listener
    name: str = field(default_factory=lambda: uuid4().hex)
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    ends: bool = False

    def put(self, message: bytes) -> None:
        """Have it sent; where too much waits already, all of it gives way to a `reload`."""
        if self.ends:
            return
        if self.queue.full():
            self._empty()
            message = messages.RELOAD
        self.queue.put_nowait(message)

    def end(self, why: str) -> None:
        """Say why and close; what waits is not sent any more."""
        if not self.ends:
            self._empty()
            self.put(messages.end(why))
            self.ends = True

    def _empty(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()

    async def flow(self, receive: Receive, send: Send) -> None:
        """Send what comes until it ends, the client leaves or takes nothing any more."""
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.ends = True
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        while not (self.ends and self.queue.empty()):
            message = await self.queue.get()
            async with asyncio.timeout(PATIENCE):
                await send({"type": "http.response.body", "body": message, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


class Hub:
    """The streams by brand and by whose they are."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self._of_brand: dict[int, set[Stream]] = defaultdict(set)
        self._of_one: dict[tuple[int, int], list[Stream]] = defaultdict(list)

    def open(self, listener: Listener) -> Stream:
        """A new stream; raises Full."""
        if len(self.streams) >= MOST:
            raise Full
        stream = Stream(listener)
        own = self._of_one[_whose(listener)]
        if len(own) >= MOST_EACH:
            own[0].end("too many")
            self.close(own[0])
        self._of_one[_whose(listener)].append(stream)
        self.streams.add(stream)
        for brand_id in listener.brand_ids:
            self._of_brand[brand_id].add(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream; twice is once."""
        if stream not in self.streams:
            return
        self.streams.discard(stream)
        whose = _whose(stream.listener)
        self._of_one[whose].remove(stream)
        if not self._of_one[whose]:
            del self._of_one[whose]
        for brand_id in stream.listener.brand_ids:
            self._of_brand[brand_id].discard(stream)
            if not self._of_brand[brand_id]:
                del self._of_brand[brand_id]

    @property
    def brands(self) -> Collection[int]:
        """The brands that anybody listens to."""
        return self._of_brand.keys()

    def tell(self, brand_id: int, message: bytes) -> None:
        """Send it to everybody who listens to the brand."""
        for stream in self._of_brand.get(brand_id, ()):
            stream.put(message)

    def tell_all(self, message: bytes) -> None:
        """Send it to everybody."""
        for stream in self.streams:
            stream.put(message)

    def of(self, user_id: int) -> list[Stream]:
        """The streams of a person, by sessions and tokens."""
        return [stream for stream in self.streams if stream.listener.user_id == user_id]

    def end(self, streams: Iterable[Stream], why: str) -> None:
        """End these."""
        for stream in list(streams):
            stream.end(why)


def _whose(listener: Listener) -> tuple[int, int]:
    return listener.user_id, listener.token_id
