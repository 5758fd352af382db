"""Who holds a stream, what is kept of it, and what happens when streams, workers or databases go away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.utils import connector_params
from tests.channels.mastodon_shapes import notification, status
from tests.rig.processes import until

from amends.channels.stream import Stream
from amends.core.values import Role
from amends.pipeline import streams as listening
from amends.store import brands, models, sealed, streams
from amends.work.streams import Keeper, Listener, Note

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Station:
    """A server of streams: what it sends goes to everybody who listens."""

    status: int = 200
    asked: int = 0
    listening: list[BaseHTTPRequestHandler] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        handler.send_response(self.status)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        if self.status != 200:
            return
        handler.wfile.write(b":connected\n\n")
        handler.wfile.flush()
        self.listening.append(handler)
        while handler in self.listening and not self.over.wait(0.02):
            pass

    def send(self, name: str, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        for handler in self.listening:
            handler.wfile.write(f"event: {name}\ndata: {text}\n\n".encode())
            handler.wfile.flush()

    def hang_up(self) -> None:
        self.listening.clear()


@pytest.fixture
def station() -> Iterator[Station]:
    made = Station()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with override_settings(ALLOW_HOSTS=frozenset({f"127.0.0.1:{made.port}"})):
        yield made
    made.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def account(desk: None, station: Station) -> models.Account:
    brand = brands.get_or_create("The Brand", NOW)
    agent = models.User.objects.create_user("ada@example.org", name="Ada")
    models.Membership.objects.create(user=agent, brand=brand, role=Role.ADMIN)
    return models.Account.objects.create(
        brand=brand,
        channel="mastodon",
        handle="brand@here.example",
        remote_id="1",
        base_url=f"http://127.0.0.1:{station.port}",
        token=sealed.seal("token"),
        created_at=NOW,
        settings={"told_at": NOW.isoformat(), "server": {"domain": "here.example"}},
    )


@contextmanager
def keeper() -> Iterator[Keeper]:
    made = Keeper(connector_params("default"))
    made.start()
    try:
        yield made
    finally:
        began = time.monotonic()
        made.close()
        made.join(5)
        assert time.monotonic() - began < 4, "it ends at once"


def open_now(account: models.Account) -> bool:
    return account.pk in streams.open_now()


def opened(station: Station, account: models.Account) -> None:
    until(lambda: open_now(account) and len(station.listening) == 1, 20, "the stream is open")


def jobs(task: str) -> list[Any]:
    return list(ProcrastinateJob.objects.filter(task_name=f"amends.{task}").values_list("args", flat=True))


def test_what_is_heard_is_kept_and_the_account_is_polled(station: Station, account: models.Account) -> None:
    with keeper():
        opened(station, account)
        until(lambda: jobs("poll_account"), 10, "it is polled once the stream is open")
        station.send("notification", notification(status()))
        until(models.Raw.objects.exists, 10, "it is kept")
        station.send("delete", "77")
        until(lambda: {"account_id": account.pk, "ids": ["77"]} in jobs("look_at"), 10, "it is looked at")
    assert models.Raw.objects.get().source == "stream"
    assert not open_now(account), "and it is given back"


def test_a_stream_that_ends_is_opened_again_and_the_account_polled_again(
    station: Station, account: models.Account
) -> None:
    with keeper():
        opened(station, account)
        until(lambda: jobs("poll_account"), 10, "it is polled")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
        station.hang_up()
        until(lambda: station.asked == 2, 20, "it is opened again")
        until(lambda: jobs("poll_account"), 10, "it is polled again")


def test_one_of_two_workers_holds_it_and_the_other_takes_over(
    station: Station, account: models.Account
) -> None:
    with keeper() as first:
        opened(station, account)
        with keeper():
            assert station.asked == 1
            first.close()
            until(lambda: station.asked == 2, 20, "the other takes it over")
            until(lambda: open_now(account), 10, "it is open")


def test_a_lost_database_costs_a_moment_only(station: Station, account: models.Account) -> None:
    with keeper():
        opened(station, account)
        with psycopg.connect(**connector_params("default"), autocommit=True) as admin:
            held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext(%s)::oid"
            [row] = admin.execute(held, [streams.HELD]).fetchall()
            admin.execute("SELECT pg_terminate_backend(%s)", row)
        until(lambda: station.asked == 2, 20, "it is opened anew")
        until(lambda: open_now(account), 10, "and held")


def test_an_account_that_is_disconnected_is_not_listened_to(
    station: Station, account: models.Account
) -> None:
    with keeper():
        opened(station, account)
        models.Account.objects.update(active=False)
        until(lambda: not open_now(account), 10, "it is closed")
        models.Account.objects.update(active=True, token=sealed.seal("another token"))
        until(lambda: station.asked == 2 and open_now(account), 20, "and opened with the new token")


def test_a_stream_belongs_to_whoever_took_it_first(account: models.Account) -> None:
    with streams.Held(connector_params("default")) as one, streams.Held(connector_params("default")) as other:
        assert one.take(account.pk)
        assert not other.take(account.pk)
        assert other.take(account.pk + 1)
        one.leave(account.pk)
        assert other.take(account.pk)
    with streams.Held(connector_params("default")) as third:
        assert third.take(account.pk), "it went with the one who had it"


@pytest.mark.parametrize(
    ("code", "least", "most"), [(404, 3600, 3600), (401, 0.5, 1.5), (503, 0.5, 1.5), (200, 0.5, 1.5)]
)
def test_how_long_a_server_is_left_alone(
    station: Station, account: models.Account, code: int, least: float, most: float
) -> None:
    station.status, notes = code, list[Note]()
    station.over.set()
    listener = Listener(account.pk, listening.wanted()[account.pk], notes.append)
    for turn in range(4):
        wait = listener._listen(Stream(allow_hosts=settings.ALLOW_HOSTS, now=lambda: NOW))
        doubled = 1 if code == 404 else 2**turn
        assert least * doubled <= wait <= most * doubled
    assert [note.opened for note in notes] == ([True, False] * 4 if code == 200 else [])


def test_what_is_garbled_ends_nothing(station: Station, account: models.Account) -> None:
    with keeper():
        opened(station, account)
        station.send("notification", "{not json")
        station.send("notification", notification(status(id=7)))
        station.send("notification", notification(status(created_at="1066-10-14T09:00:00Z")))
        station.send("notification", notification(status()))
        until(lambda: models.Raw.objects.filter(state="kept").exists(), 10, "the good one is kept")
        assert models.Raw.objects.filter(state="failed").count() == 3
        assert station.asked == 1
