"""Django's WSGI handler behind an ASGI server, in a fixed pool of threads.

A thread is taken when the whole request is here and given back before a page is sent, so that no slow
client holds one. What streams goes out piece by piece while it is made; then its thread waits for the client,
but not for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeAlias

from amends.pipeline.listening import Admitted
from amends.site import bodies
from amends.site.bodies import Receive
from amends.site.environ import Scope, environ

Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PIECE = 256 * 1024
PATIENCE = 30.0
"""Seconds that a client may take for one piece of something that streams."""
MOST_WAITING = 512
"""Requests that may wait for a thread; whoever comes then is asked to come again."""


class ClientLeft(Exception):
    """Nobody is there any more to take what is made."""


class Bridge:
    """Answers HTTP requests with a WSGI application."""

    def __init__(self, application: Application, threads: int) -> None:
        self._application = application
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Admitted | None:
        """Answer one request; who asked for a stream and may have it is returned, with nothing sent yet."""
        if self._inside >= self._threads + MOST_WAITING:
            await plain(send, 503, "The desk is busy. Try again in a few seconds.", retry_after=5)
            return None
        try:
            body = await bodies.read(scope, receive)
        except bodies.NotRead as why:
            await plain(send, why.status, why.words, retry_after=why.retry_after)
            return None
        exchange = Exchange(asyncio.get_running_loop(), receive, send, scope["method"] == "HEAD")
        with body, suppress(ClientLeft):
            rest = await self._in_a_thread(exchange, environ(scope, body))
            if exchange.admitted is None:
                await exchange.finish(rest)
                if isinstance(body, bodies.TooBig) and body.comes:
                    await bodies.drain(receive)
        return exchange.admitted

    async def _in_a_thread(self, exchange: Exchange, given: dict[str, Any]) -> bytes:
        """What is left to send; raises ClientLeft, also where nobody waits any more for a thread."""
        queued = self._inside >= self._threads
        self._inside += 1
        try:
            running = self._pool.submit(exchange.run, self._application, given)
            made = asyncio.wrap_future(running)
            if queued and await exchange.left_before(made) and running.cancel():
                raise ClientLeft
            return await made
        finally:
            self._inside -= 1
            exchange.over()

    def close(self) -> None:
        """Take no more; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class Exchange:
    """One request on its way through: `run` in a thread, everything else on the loop."""

    loop: asyncio.AbstractEventLoop
    receive: Receive
    send: Send
    is_head: bool
    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    begun: bool = False
    admitted: Admitted | None = None
    gone: Event = field(default_factory=Event)
    watch: asyncio.Task[None] | None = None

    def run(self, application: Application, given: dict[str, Any]) -> bytes:
        """Have the answer made; what of it is not sent yet is returned. Raises ClientLeft."""
        result = application(given, self._start)
        try:
            if isinstance(result, Admitted):
                self.admitted = result
                return b""
            return self._made(result)
        finally:
            if close := getattr(result, "close", None):
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
        ]

    def _made(self, result: Iterable[bytes]) -> bytes:
        streams = getattr(result, "streaming", False) and not self.is_head
        held: list[bytes] = []
        size = 0
        for piece in result:
            held.append(piece)
            size += len(piece)
            if streams and size >= PIECE:
                self._push(b"".join(held))
                held, size = [], 0
        return b"".join(held)

    def _push(self, piece: bytes) -> None:
        """Send a piece from the thread and wait until the client has room for the next."""
        if self.gone.is_set():
            raise ClientLeft
        asyncio.run_coroutine_threadsafe(self._deliver(piece), self.loop).result()

    async def _deliver(self, piece: bytes) -> None:
        if self.watch is None:
            self.watch = asyncio.create_task(self._watch())
        sending = asyncio.ensure_future(self._piece(piece, more=True))
        await asyncio.wait({sending, self.watch}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done() or self.gone.is_set():
            sending.cancel()
            self.gone.set()
            raise ClientLeft
        await sending

    async def left_before(self, made: asyncio.Future[bytes]) -> bool:
        """Wait until it is made; True when the client does not."""
        self.watch = asyncio.create_task(self._watch())
        both: set[asyncio.Future[Any]] = {made, self.watch}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return not made.done()

    async def _watch(self) -> None:
        """Return when the client has left."""
        while (await self.receive())["type"] != "http.disconnect":
            continue
        self.gone.set()

    async def finish(self, rest: bytes) -> None:
        """Send what is left, and that it is all."""
        await self._piece(rest, more=False)

    async def _piece(self, body: bytes, *, more: bool) -> None:
        if not self.begun:
            self.begun = True
            await self.send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await self.send(
            {"type": "http.response.body", "body": b"" if self.is_head else body, "more_body": more}
        )

    def over(self) -> None:
        """The thread is done with it."""
        if self.watch is not None:
            self.watch.cancel()


async def plain(send: Send, status: int, words: str, *, retry_after: int = 0) -> None:
    """An answer in words, where Django is not asked."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{words}\n".encode(), "more_body": False})
