"""Two hundred open inboxes in one process: each hears by a stream and draws its list anew when told to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 30.0


@dataclass(slots=True)
class Inbox:
    """One open inbox: when it was last told how many wait, and when its list had each case."""

    port: int
    cookie: str
    path: str
    changes: asyncio.Queue[tuple[list[int], str]] = field(default_factory=asyncio.Queue)
    shown: dict[int, float] = field(default_factory=dict)
    badge: float = 0.0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Until it is cancelled or the desk stops."""
        lines, wire = await asyncio.open_connection("127.0.0.1", self.port)
        wire.write(_get("/live/", self.port, self.cookie, "HX-Request: true"))
        name = ""
        drawing = asyncio.create_task(self._draw())
        try:
            while line := await lines.readline():
                if line.startswith(b"event: "):
                    name = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    self._hear(name, json.loads(line[6:]))
        finally:
            drawing.cancel()
            wire.close()

    def _hear(self, name: str, data: dict[str, Any]) -> None:
        if name == "hello":
            self.ready.set()
        elif name == "waiting":
            self.badge = time.perf_counter()
        elif name == "changed" and data["cases"]:
            self.changes.put_nowait((data["cases"], data["mark"]))

    async def _draw(self) -> None:
        """Draw the list anew after each change, over a connection of its own."""
        answers, asks = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        try:
            while True:
                cases, mark = await self.changes.get()
                asks.write(_get(self.path, self.port, self.cookie, f"Redraw: {mark}"))
                html = await _answer(answers)
                for case in cases:
                    if b'id="case-%d"' % case in html:
                        self.shown.setdefault(case, time.perf_counter())
        finally:
            asks.close()


@asynccontextmanager
async def opened(port: int, cookies: Sequence[str], path: str, count: int) -> AsyncIterator[list[Inbox]]:
    """So many open inboxes, all of them told hello."""
    inboxes = [Inbox(port, cookies[number % len(cookies)], path) for number in range(count)]
    tasks = [asyncio.create_task(inbox.live()) for inbox in inboxes]
    try:
        async with asyncio.timeout(PATIENCE):
            for inbox in inboxes:
                await inbox.ready.wait()
        yield inboxes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pages(port: int, cookie: str, path: str, seconds: float, at_once: int) -> float:
    """Pages a second, over so many connections."""
    until, counts = time.perf_counter() + seconds, [0] * at_once

    async def read(which: int) -> None:
        answers, asks = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        while time.perf_counter() < until:
            asks.write(_get(path, port, cookie))
            await _answer(answers)
            counts[which] += 1
        asks.close()

    began = time.perf_counter()
    await asyncio.gather(*(read(which) for which in range(at_once)))
    return sum(counts) / (time.perf_counter() - began)


def _get(path: str, port: int, cookie: str, *more: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: sessionid={cookie}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


async def _answer(answers: asyncio.StreamReader) -> bytes:
    head = (await answers.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(f"the desk answered {head[:40]!r}")
    return await answers.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))


async def until_shown(inboxes: Sequence[Inbox], case: int) -> None:
    """Wait until every list has the case; RuntimeError when one never does."""
    await _until(inboxes, lambda inbox: case in inbox.shown, "list")


async def until_counted(inboxes: Sequence[Inbox], since: float) -> None:
    """Wait until every inbox was told how many wait, since that moment; RuntimeError when one never is."""
    await _until(inboxes, lambda inbox: inbox.badge > since, "number of those who wait")


async def _until(inboxes: Sequence[Inbox], so: Callable[[Inbox], bool], what: str) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not all(map(so, inboxes)):
                await asyncio.sleep(0.05)
            return
    late = sum(not so(inbox) for inbox in inboxes)
    raise RuntimeError(f"after {PATIENCE:.0f} s, {late} of {len(inboxes)} inboxes have no new {what}")
