"""Signed webhooks: how many a second, what a hundred posts cost at once, and whether a word of ours holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
from django.db import transaction

from amends import clock
from amends.core import signed
from amends.core.values import Role
from amends.pipeline import sources, standing
from amends.site import ports
from amends.site.cluster import Cluster
from amends.site.cluster_config import OWNER
from amends.store import brands
from amends.store.models import Raw, User
from bench import bare, desk, made, starting
from bench.posting import PATIENCE, Place, ask
from bench.progress import say
from bench.result import Result, at_most
from bench.scale import Scale

LEAST, MOST = 0.6, 5.0
MANY = 100
_WARM = 200
_ONES = 5
AWAY = 0.3
"""Seconds that the database stays away, so that senders meet that too."""
_FAST = "100000000"
_numbers = count(1)


@dataclass(slots=True)
class Sender:
    """Another system that knows an address and a secret; `offered` counts the posts of its deliveries."""

    place: Place
    path: str
    key: bytes = field(repr=False)
    offered: int = 0

    def delivery(self, posts: int) -> bytes:
        """A request with so many posts that nobody has sent before."""
        self.offered += posts
        body = _body(posts)
        return self.place.request(self.path, self._headers(body), body)

    def plain(self, posts: int) -> bytes:
        """The same for the bare view."""
        body = _body(posts)
        return self.place.request(bare.PATH, self._headers(body), body)

    def _headers(self, body: bytes) -> dict[str, str]:
        envelope = signed.sign(self.key, f"msg_{next(_numbers)}", clock.now(), body)
        return {
            "webhook-id": envelope.id,
            "webhook-timestamp": envelope.timestamp,
            "webhook-signature": envelope.signatures,
        }


def _body(posts: int) -> bytes:
    offers = [{**post, "id": f"w{next(_numbers)}", "channel": "forum"} for post in made.posts(posts)]
    return json.dumps(offers[0] if posts == 1 else offers).encode()


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """All three, each taken in turns with what it is measured against."""
    with desk.fresh(cluster) as name, _served(cluster, name) as sender:
        sender.place.rate([sender.delivery(1) for _ in range(_WARM)])
        sender.place.rate([sender.plain(1) for _ in range(_WARM)])
        rows = [_rate(sender, scale), _cost(sender, scale)]
        if (kept := Raw.objects.count()) != sender.offered:
            raise RuntimeError(f"{sender.offered} posts were delivered, {kept} were kept")
    return [*rows, _lost(cluster, scale)]


def _rate(sender: Sender, scale: Scale) -> Result:
    """Requests a second at full load, the best of each."""
    rates = [
        (
            sender.place.rate([sender.delivery(1) for _ in range(scale.deliveries)]),
            sender.place.rate([sender.plain(1) for _ in range(scale.deliveries)]),
        )
        for _ in range(scale.rounds)
    ]
    say("webhook: " + ", ".join(f"{ours:,.0f} beside {plain:,.0f} requests/s" for ours, plain in rates))
    ours, plain = (max(column) for column in zip(*rates, strict=True))
    against = f"a view that commits one row of the same bytes, in the same server: {plain:,.0f} requests/s"
    met = ours >= LEAST * plain
    return Result("webhook, one post", ours, "requests/s", against, ours / plain, f"ratio ≥ {LEAST}", met)


def _cost(sender: Sender, scale: Scale) -> Result:
    """The time until a delivery is acknowledged, one after the other, the median of each."""
    one, many = [], []
    for _ in range(scale.deliveries // 10):
        one += sender.place.times([sender.delivery(1) for _ in range(_ONES)])
        many += sender.place.times([sender.delivery(MANY)])
    small, large = 1000 * median(one), 1000 * median(many)
    against = f"a delivery of one post: {small:.2f} ms; medians, one after the other, in turns"
    met = large <= MOST * small
    return Result(f"webhook, {MANY} posts", large, "ms", against, large / small, f"ratio ≤ {MOST:g}", met)


def _lost(cluster: Cluster, scale: Scale) -> Result:
    """Kill the database again and again under load, and look for everything that was said to be kept."""
    with desk.fresh(cluster) as name, _served(cluster, name) as sender:
        callers = [Caller(sender) for _ in range(4)]
        for caller in callers:
            caller.start()
        for _ in range(scale.rounds):
            _more_of(callers, scale.promised)
            starting.kill(cluster.folder)
            time.sleep(AWAY)
            cluster.start()
        _more_of(callers, scale.promised)
        for caller in callers:
            caller.over.set()
            caller.join()
        promised = {post for caller in callers for post in caller.promised}
        with psycopg.connect(cluster.url(OWNER, name)) as owner:
            rows = owner.execute("SELECT remote_id FROM store_raw").fetchall()
    refused = sum(caller.refused for caller in callers)
    if not promised or not refused:
        raise RuntimeError(f"{len(promised)} were acknowledged and {refused} were not: that proves nothing")
    against = (
        f"{len(promised):,} acknowledged, {refused} told to come again, {scale.rounds} database restarts"
    )
    return at_most(
        "webhook, acknowledged but lost", len(promised - {row[0] for row in rows}), "posts", 0, against
    )


def _more_of(callers: list[Caller], wanted: int) -> None:
    """Wait until so many more were acknowledged."""
    enough = sum(len(caller.promised) for caller in callers) + wanted
    until = time.monotonic() + PATIENCE
    while sum(len(caller.promised) for caller in callers) < enough:
        if time.monotonic() > until:
            raise RuntimeError(f"only {enough - wanted} posts were acknowledged within {PATIENCE:.0f} s")
        time.sleep(0.02)


class Caller(threading.Thread):
    """Delivers one post after the other, each until it is told that it is kept."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(daemon=True)
        self.sender = sender
        self.over = threading.Event()
        self.promised: list[str] = []
        self.refused = 0

    def run(self) -> None:
        """Until it is over."""
        line = self.sender.place.connect()
        while not self.over.is_set():
            request = self.sender.delivery(1)
            post = json.loads(request.partition(b"\r\n\r\n")[2])["id"]
            try:
                status = ask(line, request)
            except (OSError, ValueError):
                line.close()
                line = self.sender.place.connect()
                status = 0
            if status == 200:
                self.promised.append(post)
            else:
                self.refused += 1
                time.sleep(0.01)
        line.close()


@contextmanager
def _served(cluster: Cluster, name: str) -> Iterator[Sender]:
    """One web process on this database, with one source and the bare table."""
    with psycopg.connect(cluster.url(OWNER, name), autocommit=True) as owner:
        owner.execute(bare.TABLE.encode())
        owner.execute(b"GRANT ALL ON bare, bare_id_seq TO PUBLIC")
    port = ports.free()
    environment = os.environ | {
        "DATABASE_URL": cluster.url(database=name),
        "DATABASE_OWNER_URL": cluster.url(OWNER, name),
        "DJANGO_SETTINGS_MODULE": "bench.bare_settings",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]),
        "AMENDS_HOOK_POSTS_PER_MINUTE": _FAST,
    }
    account, secret = _source()
    command = [sys.executable, "-P", "-m", "amends.site.command", "web", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as process:
        try:
            sender = Sender(Place(port), f"/hooks/{account}", signed.key_of(secret))
            _await(sender, process)
            yield sender
        finally:
            process.terminate()


def _source() -> tuple[str, str]:
    now = clock.now()
    brand = brands.get_or_create("Bench", now)
    with transaction.atomic():
        admin = User.objects.create_user("admin@bench.example", None, name="Admin", date_joined=now)
        standing.join(brand.pk, admin, Role.ADMIN, None, now)
    made_source, secret = sources.make(brand.pk, "forum", admin, now)
    return made_source.remote_id, secret


def _await(sender: Sender, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with sender.place.connect() as line:
                ask(line, sender.plain(1))
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the web process did not come up; it said why above") from None
            time.sleep(0.05)
