"""The pages people live in: how many queries each takes, and whether a full desk slows it down."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from typing import TypeVar
from urllib.parse import urlencode

from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from amends.site.cluster import Cluster
from amends.store import lists
from amends.store.lists import Filter, View
from amends.store.models import Case, Post
from bench import desk, made
from bench.progress import say
from bench.result import Result, missing
from bench.scale import Scale
from bench.seeded import Seeded, seed

MOST_QUERIES = 6
SLOWER = 1.5
_WARM = 3
_CASES = 20
Answer = TypeVar("Answer")
Fill = Callable[[str], Seeded]
"""Fills the desk of this database name, which this process is connected to."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page by name and the addresses it is asked for under, in turns.

    It is `alike` where both desks fill it; of a rare word the small one has too few to be compared.
    """

    name: str
    addresses: Sequence[str]
    alike: bool = True


@dataclass(frozen=True, slots=True)
class Promise:
    """How a row is named, and what its page may take: so many times the small desk's, so many ms."""

    name: str = "page"
    most_ms: float | None = None

    def judged(self, before: float, after: float, *, alike: bool) -> tuple[str, bool | None]:
        """The target in words and whether it is met; a page not `alike` on both desks has no ratio."""
        told = [(f"ratio ≤ {SLOWER}", after <= SLOWER * before)] if alike else []
        if self.most_ms is not None:
            told.append((f"< {self.most_ms:g} ms", after < self.most_ms))
        return ", ".join(words for words, _ in told), all(met for _, met in told) if told else None


class Reader:
    """Somebody who reads one desk, with a thread and so with database connections of their own."""

    def __init__(self, database: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(_connect_to, database).result()

    def close(self) -> None:
        """Let go of the desk."""
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()

    def do(self, work: Callable[[], Answer]) -> Answer:
        """What `work` gives on this desk."""
        return self._thread.submit(work).result()


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """Every page on a small and a large desk."""
    sizes = (scale.small_desk, scale.large_desk)
    return compare(cluster, scale, [(size, _seeding(cluster, size)) for size in sizes], Promise())


def _seeding(cluster: Cluster, size: int) -> Fill:
    return lambda database: seed(cluster, database, size)


def compare(
    cluster: Cluster, scale: Scale, desks: Sequence[tuple[int, Fill]], promise: Promise
) -> list[Result]:
    """Every page on two desks of so many posts, in turns, so that whatever else runs slows both."""
    sizes = (desks[0][0], desks[1][0])
    with ExitStack() as stack:
        readers, pages, clients = [], [], []
        for size, fill in desks:
            say(f"a desk of {size:,} posts …")
            name = stack.enter_context(desk.fresh(cluster))
            seeded = fill(name)
            reader = Reader(name)
            stack.callback(reader.close)
            if (found := reader.do(Post.objects.count)) != size:
                raise RuntimeError(f"The desk of {size} posts has {found}.")
            readers.append(reader)
            try:
                pages.append(reader.do(lambda seeded=seeded: _pages(seeded)))  # type: ignore[misc]
            except NoReverseMatch as error:
                return [missing("pages", "ms", f"a page is not there yet: {error}")]
            clients.append(reader.do(lambda seeded=seeded: _client(seeded)))  # type: ignore[misc]
        gc.collect()
        rows = [
            _row(small, large, readers, clients, sizes, scale.page_rounds, promise)
            for small, large in zip(*pages, strict=True)
        ]
        return [*rows, _queries(pages[1], readers[1], clients[1], promise)]


def _connect_to(database: str) -> None:
    for alias in connections:
        own = connections[alias]
        own.settings_dict = {**own.settings_dict, "NAME": database}


def _client(seeded: Seeded) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(seeded.reader)
    return client


def _pages(seeded: Seeded) -> list[Page]:
    inbox, search, posts = (reverse(name, args=[seeded.brand.slug]) for name in ("inbox", "search", "posts"))
    waiting = Case.objects.filter(band__gte=0).order_by("pk")
    some = islice(cycle(waiting.values_list("pk", flat=True)[:: max(1, waiting.count() // _CASES)]), _CASES)
    cases = [reverse("case", args=[case_id]) for case_id in some]
    views = [Page(f"inbox, {view}", [f"{inbox}?view={view}"]) for view in View]
    return [
        *views,
        *(
            Page(f"inbox, {view}, half way down", [_deep(seeded, inbox, view)])
            for view in (View.WAITING, View.MINE, View.ALL)
        ),
        Page("inbox, low severity only", [f"{inbox}?severity=low"]),
        Page("inbox, a small channel only", [f"{inbox}?channel={made.CHANNELS[-1]}"]),
        Page("inbox, a common word", [f"{inbox}?q={made.COMMON}"]),
        Page("case", cases),
        Page("search, a common word", [f"{search}?q={made.COMMON}"]),
        Page("search, a usual word", [f"{search}?q={made.USUAL}"], alike=False),
        Page("search, a rare word", [f"{search}?q={made.RARE}"], alike=False),
        Page("search, somebody's name", [f"{search}?q=@person17"], alike=False),
        Page("all posts", [posts]),
    ]


def _deep(seeded: Seeded, inbox: str, view: View) -> str:
    wanted = Filter((seeded.brand.pk,), view, seeded.reader.pk)
    rows = len(lists.cases(wanted, limit=10**6).rows)
    cursor = lists.cases(wanted, limit=max(1, rows // 2)).next or ""
    return f"{inbox}?{urlencode({'view': view, 'after': cursor})}"


def _row(
    small: Page,
    large: Page,
    readers: list[Reader],
    clients: list[Client],
    sizes: tuple[int, int],
    rounds: int,
    promise: Promise,
) -> Result:
    times: tuple[list[float], list[float]] = ([], [])
    turns = [cycle(small.addresses), cycle(large.addresses)]
    for number in range(_WARM + rounds):
        for which in (0, 1):
            address = next(turns[which])
            taken = readers[which].do(lambda w=which, a=address: _get(clients[w], a))  # type: ignore[misc]
            if number >= _WARM:
                times[which].append(taken)
    before, after = (median(found) * 1000 for found in times)
    against = f"with {sizes[0]:,} posts: {before:.1f} ms, here {sizes[1]:,}; medians of {rounds} in turns"
    target, met = promise.judged(before, after, alike=large.alike)
    return Result(f"{promise.name}: {large.name}", after, "ms", against, after / before, target, met)


def _get(client: Client, address: str) -> float:
    start = time.perf_counter()
    response = client.get(address)
    taken = time.perf_counter() - start
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")
    return taken


def _queries(pages: list[Page], reader: Reader, client: Client, promise: Promise) -> Result:
    counted = {page.name: reader.do(lambda page=page: _count(client, page)) for page in pages}  # type: ignore[misc]
    say("queries: " + ", ".join(f"{name} {number}" for name, number in counted.items()))
    most = max(counted, key=lambda name: counted[name])
    return Result(
        f"{promise.name}: queries, at most",
        counted[most],
        "queries",
        f"{most}; session and person included",
        None,
        f"≤ {MOST_QUERIES}",
        counted[most] <= MOST_QUERIES,
    )


def _count(client: Client, page: Page) -> int:
    most = 0
    for address in page.addresses:
        with CaptureQueriesContext(connection) as captured:
            _get(client, address)
        most = max(most, len(captured))
    return most
