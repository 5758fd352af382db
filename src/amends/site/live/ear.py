"""The one connection of a process that listens: made again whenever it breaks, and proven to hear.

A pooler between us and PostgreSQL may take LISTEN and let nothing through. So a word is said over another
connection now and then; where it does not come back, the desk looks for changes every second instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import psycopg
from django.db import Error as DatabaseError
from psycopg import AsyncConnection

from amends.store.live import CHANNEL, Notice, heard

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
ECHO_EVERY = 20.0
ECHO_WITHIN = 3.0
POLL = 1.0
POLLS_BEFORE_LISTENING_AGAIN = 60
_log = logging.getLogger(__name__)


class Told(Protocol):
    """Who wants to know what is heard, and whether anything can be."""

    async def notice(self, notice: Notice) -> None:
        """Something changed."""

    async def hears(self) -> None:
        """From now on everything is heard; before it something may not have been."""

    def is_away(self) -> None:
        """The database does not answer; nothing is heard."""


@dataclass(slots=True)
class Ear:
    """Listens until cancelled."""

    parameters: dict[str, Any]
    told: Told
    say: Callable[[str], Awaitable[None]]
    mark: Callable[[], Awaitable[object]]
    pause: float = FIRST_PAUSE
    _echo: str = ""
    _echoed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Listen, and begin anew whenever it breaks, after ever longer pauses."""
        while True:
            try:
                if not await self._hear():
                    await self._look()
            except (psycopg.Error, DatabaseError, OSError) as error:
                self.told.is_away()
                if self.pause == FIRST_PAUSE:
                    _log.warning(
                        "Open screens hear nothing: %s. They are told when it is over.", _brief(error)
                    )
            await asyncio.sleep(self.pause)
            self.pause = min(LONGEST_PAUSE, self.pause * 2)

    async def _hear(self) -> bool:
        """Hear until the connection breaks (an error) or turns out to be deaf (False)."""
        async with await AsyncConnection.connect(**self.parameters, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            hearing = asyncio.create_task(self._take_in(connection))
            try:
                return await self._while_echoed(hearing)
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _take_in(self, connection: AsyncConnection[Any]) -> None:
        async for notify in connection.notifies():
            notice = heard(notify.payload)
            if notice is None:
                continue
            if notice.echo:
                if notice.echo == self._echo:
                    self._echoed.set()
            else:
                await self.told.notice(notice)

    async def _while_echoed(self, hearing: asyncio.Task[None]) -> bool:
        first = True
        while await self._hears_itself(hearing):
            if first:
                self.pause, first = FIRST_PAUSE, False
                await self.told.hears()
            await asyncio.wait({hearing}, timeout=ECHO_EVERY)
        if hearing.done():
            hearing.result()
        return False

    async def _hears_itself(self, hearing: asyncio.Task[None]) -> bool:
        if hearing.done():
            return False
        self._echo = uuid4().hex
        self._echoed.clear()
        async with asyncio.timeout(ECHO_WITHIN):
            await self.say(self._echo)
        waiting = asyncio.create_task(self._echoed.wait())
        await asyncio.wait({hearing, waiting}, timeout=ECHO_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return self._echoed.is_set()

    async def _look(self) -> None:
        """Look for changes where nothing can be heard."""
        _log.warning("LISTEN lets nothing through (a pooler? see DATABASE_DIRECT_URL); looking every second.")
        before = None
        for _ in range(POLLS_BEFORE_LISTENING_AGAIN):
            now = await self.mark()
            if now != before:
                self.pause, before = FIRST_PAUSE, now
                await self.told.hears()
            await asyncio.sleep(POLL)


def _brief(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
