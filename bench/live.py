"""Live screens: what a stream costs, how soon a complaint is seen, how fast all ends, what pages pay."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from urllib.request import ProxyHandler, build_opener

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.urls import reverse

from amends import clock
from amends.core.values import Role
from amends.pipeline import standing, wake
from amends.pipeline.receive import Item, receive
from amends.site import ports
from amends.site.cluster import Cluster
from amends.site.cluster_config import OWNER
from amends.store.models import Post, User
from bench import desk, listeners, processes
from bench.progress import say
from bench.result import Result, at_most
from bench.scale import Scale
from bench.seeded import Seeded, seed

THREADS = 8
MOST_THREADS, MOST_KILOBYTES, MOST_SECONDS, MOST_STOP = 20, 60, 1.0, 3.0
LEAST_PAGES = 0.9
POSTS = 180
_EACH = 10
"""Streams of one person, fewer than the desk allows."""
_TEXT = "There is smoke in coach {}, people are hurt and nobody answers the emergency button. Help us!"
_PATIENCE = 60.0
_direct = build_opener(ProxyHandler({}))


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """All of it on one desk that fills a list, and in which fewer wait than are counted."""
    with desk.fresh(cluster) as name:
        seeded = seed(cluster, name, POSTS)
        cookies = _sessions(seeded, -(-scale.streams // _EACH))
        environment = os.environ | {
            "DATABASE_URL": cluster.url(database=name),
            "DATABASE_OWNER_URL": cluster.url(OWNER, name),
        }
        path = reverse("inbox", args=[seeded.brand.slug]) + "?view=all"  # fifty rows, the newest on top
        with _amends(environment, "worker"):
            rows = _streams(environment, seeded, cookies, path, scale)
        return [*rows, *_pages(environment, cookies[0], path, scale)]


def _sessions(seeded: Seeded, count: int) -> list[str]:
    """Session keys of so many people of the brand."""
    found = []
    for number in range(count):
        with transaction.atomic():
            email = f"listener{number}@bench.example"
            user = User.objects.create_user(email, None, name=f"Listener {number}", date_joined=clock.now())
            standing.join(seeded.brand.pk, user, Role.AGENT, None, clock.now())
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "amends.web.signed_in.Backend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["brand"] = seeded.brand.slug
        session.save()
        found.append(str(session.session_key))
    return found


def _streams(
    environment: dict[str, str], seeded: Seeded, cookies: Sequence[str], path: str, scale: Scale
) -> list[Result]:
    port = ports.free()
    with _amends(environment, "web", "--port", str(port), "--threads", str(THREADS)) as web:
        _await(web, port)
        return asyncio.run(_listened(web, port, seeded, cookies, path, scale))


async def _listened(
    web: subprocess.Popen[bytes], port: int, seeded: Seeded, cookies: Sequence[str], path: str, scale: Scale
) -> list[Result]:
    await listeners.pages(
        port, cookies[0], path, scale.page_seconds, THREADS
    )  # every thread has its connection
    async with listeners.opened(port, cookies, path, len(cookies)):
        pass  # and has let somebody listen
    pid = processes.family(web.pid)[1]
    before = processes.resident(pid)
    async with listeners.opened(port, cookies, path, scale.streams) as inboxes:
        each = (processes.resident(pid) - before) / scale.streams
        threads = processes.threads(pid)
        seen = [await _arrival(number, seeded, inboxes) for number in range(scale.arrivals)]
        began = time.perf_counter()
        web.terminate()
        while web.poll() is None:
            await asyncio.sleep(0.005)
        stopped = time.perf_counter() - began
    return [
        at_most(f"live, threads with {scale.streams} streams", threads, "threads", MOST_THREADS - 1),
        at_most("live, memory of a stream", each, "kB", MOST_KILOBYTES),
        *_seen("badge", [moment for row in seen for moment in row[0]], scale),
        *_seen("list", [moment for row in seen for moment in row[1]], scale),
        at_most("live, SIGTERM to stopped", stopped, "s", MOST_STOP, f"with {scale.streams} streams open"),
    ]


async def _arrival(
    number: int, seeded: Seeded, inboxes: Sequence[listeners.Inbox]
) -> tuple[list[float], list[float]]:
    """Seconds from a stored complaint until each inbox shows one more, and until each list has it."""
    remote_id = f"live{number}"
    before = time.perf_counter()
    stored = await asyncio.to_thread(_store, remote_id, number, seeded)
    case = None
    while case is None:
        await asyncio.sleep(0.05)
        case = await asyncio.to_thread(_case_of, remote_id)
        if time.perf_counter() - before > _PATIENCE:
            raise RuntimeError("the complaint was not taken in")
    await listeners.until_shown(inboxes, case)
    await listeners.until_counted(inboxes, stored)
    await asyncio.sleep(1)  # the next one finds a quiet desk
    return [inbox.badge - stored for inbox in inboxes], [inbox.shown[case] - stored for inbox in inboxes]


def _store(remote_id: str, number: int, seeded: Seeded) -> float:
    """A complaint is on disk as a poll or a webhook leaves it; the moment at which it was."""
    now = clock.now()
    item = Item("network", remote_id, remote_id, _TEXT.format(number), now, author_handle=remote_id)
    with transaction.atomic():
        receive(seeded.brand.pk, [(item, remote_id.encode())], source="bench", now=now)
    stored = time.perf_counter()
    wake.take()
    return stored


def _case_of(remote_id: str) -> int | None:
    return Post.objects.filter(remote_id=remote_id).values_list("case_id", flat=True).first()


def _seen(what: str, seconds: list[float], scale: Scale) -> list[Result]:
    hundredths = quantiles(seconds, n=100, method="inclusive")
    against = (
        f"{scale.arrivals} complaints in {scale.streams} open inboxes, all of which draw their list anew"
    )
    name = f"live, stored to shown, {what}"
    return [
        Result(f"{name}, median", hundredths[49], "s", against),
        at_most(f"{name}, 99th percentile", hundredths[98], "s", MOST_SECONDS, against),
    ]


def _pages(environment: dict[str, str], cookie: str, path: str, scale: Scale) -> list[Result]:
    """Pages a second beside granian's own threads, in turns: a full page, and the smallest there is."""
    ours, plain = ports.free(), ports.free()
    command = [sys.executable, "-m", "bench.plain_web", str(plain), str(THREADS)]
    with (
        _amends(environment, "web", "--port", str(ours), "--threads", str(THREADS)) as web,
        _process(command, environment) as beside,
    ):
        _await(web, ours)
        _await(beside, plain)
        return [
            _ratio(name, address, (ours, plain), cookie, scale)
            for name, address in (("an inbox", path), ("a stylesheet", "/static/amends/desk.css"))
        ]


def _ratio(name: str, path: str, at: tuple[int, int], cookie: str, scale: Scale) -> Result:
    best = [0.0, 0.0]
    for _ in range(scale.rounds + 1):
        for which, port in enumerate(at):
            rate = asyncio.run(listeners.pages(port, cookie, path, scale.page_seconds, THREADS))
            best[which] = max(best[which], rate)
    ours, plain = best
    say(f"live: {name}, {ours:,.0f} beside {plain:,.0f} pages/s")
    against = f"granian's own WSGI threads: {plain:,.0f} pages/s"
    target, met = (f"ratio ≥ {LEAST_PAGES}", ours >= LEAST_PAGES * plain) if "?" in path else ("", None)
    return Result(
        f"live, pages through the bridge, {name}", ours, "pages/s", against, ours / plain, target, met
    )


@contextmanager
def _amends(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with _process([sys.executable, "-P", "-m", "amends.site.command", *words], environment) as process:
        yield process


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, cwd=Path(__file__).parent.parent
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with _direct.open(f"http://127.0.0.1:{port}{reverse('account_login')}", timeout=10):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the web process did not come up; it said why above") from None
            time.sleep(0.05)
