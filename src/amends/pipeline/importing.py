"""Import: a file of real exchanges into the desk, taken in while it is still being read.

What was received is kept whatever happens then: an import that was cut off goes on where it was when it is
repeated, since everything kept already counts as repeated.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO

from django.db import connections

from amends.language.model import Model
from amends.pipeline.import_fields import Rules, brand_named, post
from amends.pipeline.import_lines import Layout, Line, read
from amends.pipeline.receive import BATCH, ZERO, Item, NotAPost, receive
from amends.pipeline.take import take_in_of
from amends.store import brands, raw

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
_FLUSH_AT = 4 * BATCH
_FLUSH_AT_BYTES = 4 * 1024 * 1024
_PAUSE = 0.05
_GONE_WRONG = 5
"""Times in a row that taking in may fail before the import gives up."""


@dataclass(slots=True)
class Tally:
    """What became of lines: every one is new, repeated, refused or empty."""

    lines: int = 0
    new: int = 0
    repeated: int = 0
    refused: int = 0
    empty: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.lines + other.lines,
            self.new + other.new,
            self.repeated + other.repeated,
            self.refused + other.refused,
            self.empty + other.empty,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is no post, and why."""

    line: Line
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line is no post, and the brand that it names all the same ("" for none)."""

    brand: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first look at a file found: how many lines and posts it has, and the last post's time."""

    lines: int
    posts: int
    last_post_at: datetime | None


class NotTakenIn(Exception):
    """Received lines could not be taken in; they are kept and wait."""


Parsed = tuple[Line, tuple[str, Item] | Refusal | None]


def parsed(file: IO[bytes], layout: Layout, rules: Rules) -> Iterator[Parsed]:
    """Every line with its brand and post, with why it is none, or None where it is empty."""
    for line, values in read(file, layout):
        if values is None:
            yield line, None
        elif isinstance(values, NotAPost):
            yield line, Refusal(rules.brand, str(values))
        else:
            try:
                yield line, post(values, rules)
            except NotAPost as refused:
                yield line, Refusal(brand_named(values, rules), str(refused))


def survey(file: IO[bytes], layout: Layout, rules: Rules, looked_at: Callable[[int], None]) -> Survey:
    """Read the file once without keeping anything; `looked_at` hears how far it is."""
    lines = posts = 0
    last: datetime | None = None
    for _, found in parsed(file, layout, rules):
        lines += 1
        if isinstance(found, tuple):
            posts += 1
            at = found[1].posted_at
            last = at if last is None or at > last else last
        if not lines % _FLUSH_AT:
            looked_at(lines)
    return Survey(lines, posts, last)


def offset(now: datetime, as_of: datetime | None) -> timedelta:
    """How far behind ours the clock of an import lies whose present is `as_of`."""
    return ZERO if as_of is None else max(ZERO, now - as_of)


@dataclass(slots=True)
class Import:
    """One file on its way into the desk; `tallies` holds by brand ("" for none) what became of its lines.

    `on_refused` is told every refused line, `on_progress` how things stand after every batch; what is done
    on the database by the thread that calls is done within `whole()`, which may keep signals off.
    """

    layout: Layout
    rules: Rules
    offset: timedelta
    model: Model
    clock: Clock
    on_refused: Callable[[Refused], None]
    on_progress: Callable[[Import], None]
    whole: Callable[[], AbstractContextManager[None]] = nullcontext
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    brand_ids: dict[str, int] = field(default_factory=dict)
    taken: int = 0
    _waiting: dict[str, list[tuple[Item, bytes]]] = field(default_factory=lambda: defaultdict(list))
    _count: int = 0
    _bytes: int = 0

    @property
    def total(self) -> Tally:
        """What became of all lines so far."""
        return sum(self.tallies.values(), Tally())

    def run(self, file: IO[bytes]) -> None:
        """Import the whole file; returns once every line of it that is a post has been taken in.

        Raises NotTakenIn, or whatever stopped it; what was received until then is kept.
        """
        with _Taking(self) as taking:
            for line, found in parsed(file, self.layout, self.rules):
                self._sort(line, found)
                if self._count >= _FLUSH_AT or self._bytes >= _FLUSH_AT_BYTES:
                    self._flush()
                    taking.check()
            self._flush()
            taking.finish(self.on_progress)

    def _sort(self, line: Line, found: tuple[str, Item] | Refusal | None) -> None:
        if isinstance(found, tuple):
            brand, item = found
            self.tallies[brand].lines += 1
            self._waiting[brand].append((item, line.content))
            self._bytes += len(line.content)
        elif found is None:
            self.tallies[self.rules.brand].lines += 1
            self.tallies[self.rules.brand].empty += 1
        else:
            self.tallies[found.brand].lines += 1
            self.tallies[found.brand].refused += 1
            self.on_refused(Refused(line, found.reason))
        self._count += 1

    def _flush(self) -> None:
        for brand, items in self._waiting.items():
            with self.whole():
                received = receive(
                    self._brand_id(brand), items, source="import", now=self.clock(), offset=self.offset
                )
                self.tallies[brand].new += received.posts
                self.tallies[brand].repeated += len(items) - received.posts
        self._waiting.clear()
        self._count = self._bytes = 0
        self.on_progress(self)

    def _brand_id(self, name: str) -> int:
        if name not in self.brand_ids:
            self.brand_ids[name] = brands.get_or_create(name, self.clock()).pk
        return self.brand_ids[name]


class _Taking(threading.Thread):
    """Takes in what an import receives, beside it; on leaving, ends after its batch whatever the reason.

    Whoever waits for its end waits for `_ended`, as a `join` that a signal cuts short takes the thread for
    ended (Python 3.11), and a command that ends while a thread is in the model's library is aborted.
    """

    def __init__(self, import_: Import) -> None:
        super().__init__(name="take in", daemon=True)
        self._import = import_
        self._leave = threading.Event()
        self._received = threading.Event()
        self._ended = threading.Event()
        self._until = 0
        self._error: Exception | None = None

    def __enter__(self) -> _Taking:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._leave.set()
        self._ended.wait()
        self.join()

    def check(self) -> None:
        """Raise NotTakenIn when taking in has failed for good."""
        if self._error is not None:
            raise NotTakenIn(str(self._error)) from self._error

    def finish(self, on_progress: Callable[[Import], None]) -> None:
        """Return once everything received is taken in, by us or by a worker."""
        with self._import.whole():
            self._until = raw.last_id()
        self._received.set()
        while not self._ended.wait(4 * _PAUSE):
            on_progress(self._import)
        on_progress(self._import)
        self.check()

    def run(self) -> None:
        """Take in until told to leave, or until everything is received and taken in."""
        try:
            failures = 0
            while not self._leave.is_set():
                everything = self._received.is_set()
                try:
                    if self._round():
                        continue
                    failures = 0
                    if everything and not self._is_waiting():
                        return
                except Exception as error:  # noqa: BLE001 - tried again, then told to whoever waits
                    failures += 1
                    _log.warning("A batch could not be taken in: %s", error)
                    if failures == _GONE_WRONG:
                        self._error = error
                        return
                self._leave.wait(_PAUSE)
        finally:
            connections.close_all()
            self._ended.set()

    def _round(self) -> int:
        """One batch of every brand of the import."""
        taken = 0
        for brand_id in list(self._import.brand_ids.values()):
            if not self._leave.is_set():
                taken += take_in_of(brand_id, self._import.model, self._import.clock())
        self._import.taken += taken
        return taken

    def _is_waiting(self) -> bool:
        return any(raw.is_waiting(brand_id, self._until) for brand_id in self._import.brand_ids.values())
