"""The streams of this worker: a thread for each that only listens, and one that stores what they hear.

Every stream is held by one worker (see `store.streams`). Whatever goes wrong, the stream is closed, opened
anew after a pause, and the account polled: what was said meanwhile is found by that.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from amends import clock
from amends.channels.errors import ChannelError, RateLimited, Transient
from amends.channels.protocol import Heard
from amends.channels.stream import NoStream, Stream
from amends.pipeline import streams, wake
from amends.store.streams import Held

TICK = 2.0
"""Seconds between two looks at which streams are to be open; so soon the streams of a dead worker go on."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
WITHOUT_STREAM = 3600.0
STEADY = 30.0
"""Seconds of life after which the next failure of a stream counts as its first again."""
MOST_STREAMS = 500
MOST_WAITING = 100
"""Notes in the queue, so that no server can fill the memory of a worker."""
BATCH = 200

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listener:
    """Keeps one stream open, in a thread of its own that knows no database, until it is closed."""

    account_id: int
    source: streams.Source
    tell: Callable[[Note], None]
    stop: threading.Event = field(default_factory=threading.Event)
    stream: Stream | None = None
    pause: float = FIRST_PAUSE

    def start(self, within: float) -> None:
        """Begin, at some moment `within` these seconds, so that not all begin at once."""
        name = f"stream {self.account_id}"
        threading.Thread(target=self._run, args=(random.random() * within,), name=name, daemon=True).start()  # noqa: S311

    def close(self) -> None:
        """End the stream at once, whatever it waits for."""
        self.stop.set()
        if self.stream:
            self.stream.close()

    def _run(self, wait: float) -> None:
        while not self.stop.wait(wait):
            self.stream = Stream(allow_hosts=settings.ALLOW_HOSTS, now=clock.now)
            if self.stop.is_set():
                return
            wait = self._listen(self.stream)

    def _listen(self, stream: Stream) -> float:
        """Listen until the stream ends; how long to wait before it is opened again."""
        began, opened = time.monotonic(), False
        ended: ChannelError = Transient("The stream has ended.")
        try:
            for events in stream.listen(self.source.request):
                heard = tuple(self.source.hear(event) for event in events)
                if heard or not opened:
                    self.tell(Note(self, heard))
                opened = True
        except ChannelError as error:
            ended = error
            _log.info("The stream of account %d ended: %s", self.account_id, error.text)
        except Exception:  # noqa: BLE001 - the polls of the account go on, and so must its stream
            _log.exception("The stream of account %d ended; it is opened anew.", self.account_id)
        if opened:
            self.tell(Note(self, opened=False))
            if time.monotonic() - began > STEADY:
                self.pause = FIRST_PAUSE
        return self._patience(ended, stream.retry or 0.0)

    def _patience(self, error: ChannelError, least: float) -> float:
        """Seconds to wait before the next try: as the server asks, and ever longer while it fails."""
        if isinstance(error, NoStream):
            return WITHOUT_STREAM
        pause, self.pause = self.pause, min(LONGEST_PAUSE, self.pause * 2)
        named = error.retry_at if isinstance(error, RateLimited | Transient) else None
        asked = (named - clock.now()).total_seconds() if named else 0.0
        return max(least, asked, pause) * (0.5 + random.random())  # noqa: S311


@dataclass(frozen=True, slots=True)
class Note:
    """What a listener tells: that its stream is open, what it heard, or that the stream has ended."""

    listener: Listener
    heard: tuple[Heard, ...] = ()
    opened: bool = True


Parameters: TypeAlias = "Mapping[str, Any]"


class Keeper:
    """Holds as many of the wanted streams as no other worker holds, and stores what they tell.

    `parameters` are those of a connection to the database itself, past any pooler.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._stop = threading.Event()
        self._notes: queue.Queue[Note] = queue.Queue(MOST_WAITING)
        self._listeners: dict[int, Listener] = {}
        self._open: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """End all streams at once and give them to others."""
        self._stop.set()
        for listener in list(self._listeners.values()):
            listener.close()

    def join(self, seconds: float) -> None:
        """Wait so long at most until everything has ended."""
        self._thread.join(max(0.0, seconds))

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with Held(self._parameters) as held:
                    self._hold(held)
            except (psycopg.Error, DatabaseError) as error:
                _log.debug("The streams have lost the database: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, polls go on, and streams begin anew
                _log.exception("The streams ended; they are opened anew, and polls find what was lost.")
            finally:
                self._drop_all()
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY else min(30.0, pause * 2)
            self._stop.wait(pause)

    def _hold(self, held: Held) -> None:
        while not self._stop.is_set():
            held.check()
            self._choose(held)
            until = time.monotonic() + TICK
            while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
                self._store(held, self._waiting(left))

    def _choose(self, held: Held) -> None:
        """Open what is wanted and free, close what is wanted no more or has changed."""
        close_old_connections()
        wanted = streams.wanted()
        for account_id, listener in list(self._listeners.items()):
            if wanted.get(account_id) != listener.source:
                listener.close()
                del self._listeners[account_id]
                self._closed(held, account_id)
                held.leave(account_id)
        for account_id, source in wanted.items():
            if len(self._listeners) >= MOST_STREAMS or self._stop.is_set():
                return
            if account_id not in self._listeners and held.take(account_id):
                listener = Listener(account_id, source, self._tell)
                self._listeners[account_id] = listener
                listener.start(within=min(5.0, len(wanted) / 20))

    def _waiting(self, seconds: float) -> list[Note]:
        """What was told, once something is or the time is over."""
        notes: list[Note] = []
        with suppress(queue.Empty):
            notes.append(self._notes.get(timeout=seconds))
            while len(notes) < BATCH:
                notes.append(self._notes.get_nowait())
        return notes

    def _store(self, held: Held, notes: list[Note]) -> None:
        heard: dict[int, list[Heard]] = {}
        for note in notes:
            account_id = note.listener.account_id
            if note.heard:
                heard.setdefault(account_id, []).extend(note.heard)
            if self._listeners.get(account_id) is not note.listener:
                continue
            if not note.opened:
                self._closed(held, account_id)
            elif account_id not in self._open:
                self._open.add(account_id)
                held.opened(account_id)
                wake.poll(account_id)
        for account_id, told in heard.items():
            streams.store(account_id, told, clock.now())

    def _closed(self, held: Held, account_id: int) -> None:
        if account_id in self._open:
            self._open.remove(account_id)
            held.closed(account_id)

    def _tell(self, note: Note) -> None:
        """Called by listeners: wait for a place in the queue, unless nobody wants to hear any more."""
        while not note.listener.stop.is_set() and not self._stop.is_set():
            with suppress(queue.Full):
                self._notes.put(note, timeout=0.5)
                break

    def _drop_all(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
        self._open.clear()
        connections.close_all()
