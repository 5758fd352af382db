"""The streams of a process and what they are told: who comes in, what they hear, and when it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError

from amends import clock
from amends.pipeline.listening import RETRY, Admitted
from amends.site.live import messages
from amends.site.live.ear import Ear
from amends.site.live.hub import Full, Hub, Receive, Send, Stream
from amends.site.live.thread import Thread
from amends.store import at_work, live, presence
from amends.store.live import Notice
from amends.store.presence import Cases

GAP = 0.25
"""Seconds between two tellings about one brand; what happens meanwhile is told as one."""
MOST_NAMED = 1_000
"""More changed cases than this are told as "many"."""
CHECK = 5.0
TIDY = timedelta(minutes=5)
BEAT = 15.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pending:
    """What happened in a brand and is yet to be told; `cases` is None when they are too many to name."""

    cases: set[int] | None = field(default_factory=set)
    conversations: set[int] = field(default_factory=set)
    present: bool = False

    def add(self, notice: Notice) -> None:
        """What was just heard, too."""
        if notice.present:
            self.present = True
            return
        if notice.cases is None or self.cases is None:
            self.cases = None
            return
        self.cases.update(notice.cases)
        self.conversations.update(notice.conversations)
        if len(self.cases) + len(self.conversations) > MOST_NAMED:
            self.cases = None

    @property
    def is_change(self) -> bool:
        """Whether anything is other than who is where."""
        return self.cases is None or bool(self.cases or self.conversations)

    def message(self, brand_id: int) -> bytes:
        """It as an event."""
        if self.cases is None:
            return messages.changed(brand_id, None, None)
        return messages.changed(brand_id, sorted(self.cases), sorted(self.conversations))


class LiveDesk:
    """Serves streams from its start to its stop; all on one event loop."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.hub = Hub()
        self._thread = Thread()
        self._ear = Ear(parameters, self, self._say, self._mark)
        self._pending: dict[int, Pending] = {}
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._waiting: dict[int, int] = {}
        self._present: Cases = {}
        self._ended: set[str] = set()
        self._someone_left = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._hears = self._stops = False

    def start(self) -> None:
        """Begin to listen."""
        lives = (self._ear.listen, self._look_after, self._see_off, self._tidy)
        self._tasks = [asyncio.create_task(_kept_alive(life)) for life in lives]

    def end_streams(self) -> None:
        """End all streams, and let no new one in: the process is to stop."""
        self._stops = True
        self.hub.end(self.hub.streams, "stopping")

    async def stop(self) -> None:
        """Stop listening."""
        tasks = [*self._tasks, *self._telling.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._ended and self._hears:
            await self._take_away()
        self._thread.close()

    async def serve(self, admitted: Admitted, receive: Receive, send: Send) -> bool:
        """Send a stream until it ends; False, with nothing sent, when there is no room for it."""
        if self._stops:
            return False
        try:
            stream = self.hub.open(admitted.listener)
        except Full:
            return False
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _headers(admitted)})
            greeting = RETRY + await self._greeting(stream)
            await send({"type": "http.response.body", "body": greeting, "more_body": True})
            await stream.flow(receive, send)
        finally:
            self.hub.close(stream)
            self._forget(stream)
        return True

    def _forget(self, stream: Stream) -> None:
        """Whoever was at a case by this stream has left; of brands that nobody hears keep nothing."""
        if stream.listener.session:
            self._ended.add(stream.name)
            self._someone_left.set()
        for brand_id in stream.listener.brand_ids - set(self.hub.brands):
            self._waiting.pop(brand_id, None)
            self._present = {case: who for case, who in self._present.items() if case[0] != brand_id}

    async def _see_off(self) -> None:
        """Take those away whose streams have ended, many at once; where that fails they lapse."""
        while True:
            await self._someone_left.wait()
            self._someone_left.clear()
            await self._take_away()

    async def _take_away(self) -> None:
        ended, self._ended = self._ended, set()
        with suppress(DatabaseError):
            await self._thread.do(presence.streams_ended, ended)

    async def _greeting(self, stream: Stream) -> bytes:
        brands = stream.listener.brand_ids
        unknown = brands - self._waiting.keys()
        if unknown and self._hears:
            await self._count(unknown)
            await self._tell_present(unknown)
        told = [{"id": brand, "waiting": self._waiting.get(brand)} for brand in sorted(brands)]
        hello = messages.event("hello", stream=stream.name, person=stream.listener.user_id, brands=told)
        there = [messages.present(*case, who) for case, who in self._present.items() if case[0] in brands]
        return b"".join([hello, *there, b"" if self._hears else messages.AWAY])

    # What is heard ---------------------------------------------------------------------------------

    async def notice(self, notice: Notice) -> None:
        """Have it told to whom it concerns; what cannot be told now is told with what comes next."""
        if notice.person:
            await self._check(self.hub.of(notice.person))
        brand_id = notice.brand_id
        if brand_id not in self.hub.brands:
            return
        self._pending.setdefault(brand_id, Pending()).add(notice)
        if brand_id not in self._telling:
            self._telling[brand_id] = asyncio.create_task(self._tell(brand_id))

    async def hears(self) -> None:
        """Nothing can have been missed from now on: whoever listens looks at everything again."""
        self._hears = True
        self._waiting.clear()
        await self._check(list(self.hub.streams))
        self.hub.tell_all(messages.RELOAD)
        await self._count(self.hub.brands)
        await self._tell_present(self.hub.brands)

    def is_away(self) -> None:
        """Nothing can be heard: whoever listens is told so."""
        if self._hears:
            self.hub.tell_all(messages.AWAY)
        self._hears = False

    async def _tell(self, brand_id: int) -> None:
        try:
            while pending := self._pending.pop(brand_id, None):
                if pending.is_change:
                    self.hub.tell(brand_id, pending.message(brand_id))
                    await self._count([brand_id])
                if pending.present:
                    await self._tell_present([brand_id])
                await asyncio.sleep(GAP)
        finally:
            self._telling.pop(brand_id, None)

    async def _count(self, brands: Collection[int]) -> None:
        """Tell how many wait, where that is not what was told before."""
        if not brands:
            return
        try:
            counted = await self._thread.do(live.waiting, set(brands))
        except DatabaseError:
            _log.debug("How many wait could not be counted; it is told with what is heard next.")
            return
        for brand_id, waiting in counted.items():
            if self._waiting.get(brand_id) != waiting:
                self._waiting[brand_id] = waiting
                self.hub.tell(brand_id, messages.event("waiting", brand=brand_id, waiting=waiting))

    async def _tell_present(self, brands: Collection[int]) -> None:
        """Tell who is at which case, where that is not what was told before."""
        asked = set(brands)
        if not asked:
            return
        try:
            found = await self._thread.do(presence.in_brands, asked, clock.now())
        except DatabaseError:
            _log.debug("Who is where could not be looked up; it is told with what is heard next.")
            return
        before = {case: people for case, people in self._present.items() if case[0] in asked}
        for brand_id, case_id in before.keys() | found.keys():
            people = found.get((brand_id, case_id), ())
            if people != before.get((brand_id, case_id), ()):
                self.hub.tell(brand_id, messages.present(brand_id, case_id, people))
        self._present = {case: who for case, who in self._present.items() if case[0] not in asked} | found

    # Who may go on ---------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        beaten = time.monotonic()
        while True:
            await asyncio.sleep(CHECK)
            if self._hears:
                await self._check(list(self.hub.streams))
                await self._tell_present(self.hub.brands)
            if time.monotonic() - beaten >= BEAT:
                beaten = time.monotonic()
                self.hub.tell_all(messages.BEAT)
                await self._see()

    async def _see(self) -> None:
        """Say who has a window open here; with this process that ends."""
        people = {stream.listener.user_id for stream in self.hub.streams if stream.listener.session}
        if people:
            with suppress(DatabaseError):
                await self._thread.do(at_work.seen, people, clock.now())

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY.total_seconds())
            with suppress(DatabaseError):
                await self._thread.do(presence.forget, clock.now() - TIDY)

    async def _check(self, streams: list[Stream]) -> None:
        """End those whose session, token or brands are not what they were."""
        if not streams:
            return
        listeners = list({stream.listener for stream in streams})
        try:
            kept = await self._thread.do(live.still_admitted, listeners, clock.now())
        except DatabaseError:
            _log.debug("It could not be looked who may still listen; it is done when the database is back.")
            return
        self.hub.end((stream for stream in streams if stream.listener not in kept), "admission")

    async def _say(self, word: str) -> None:
        await self._thread.do(live.tell_echo, word)

    async def _mark(self) -> object:
        return await self._thread.do(live.mark)


async def _kept_alive(life: Callable[[], Awaitable[None]]) -> None:
    """Let it live, and again after a fault of ours: who may listen must not go unlooked at."""
    while True:
        try:
            await life()
        except Exception:  # noqa: BLE001 - the log has it, and it goes on
            _log.exception("A part of the live screens failed; it is started again.")
        await asyncio.sleep(1)


def _headers(admitted: Admitted) -> list[tuple[bytes, bytes]]:
    """As Django made them, but for the length: it never ends by itself."""
    named = ((name.lower(), value) for name, value in admitted.items())
    return [(name.encode(), value.encode("latin-1")) for name, value in named if name != "content-length"]
