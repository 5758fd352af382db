"""The bell: many deliveries, few hints, none of them lost for good."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from tests.rig.processes import until

from amends.pipeline import bell as bells
from amends.pipeline.bell import Bell
from amends.store import brands
from amends.store.models import Account


def hints() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'amends.take' AND status = 'todo'"
        )
        return int(cursor.fetchone()[0])


def forget_hints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def account(desk: None, now: datetime) -> Account:
    brand = brands.get_or_create("The Brand", now)
    return Account.objects.create(brand=brand, channel="forum", handle="forum", created_at=now)


def test_a_pull_leaves_a_hint_and_notes_when(account: Account, now: datetime) -> None:
    bell = Bell()
    for _ in range(100):
        bell.pull(account.pk, now)
    until(hints, 10, "a hint is left")
    assert hints() == 1
    until(lambda: Account.objects.get(pk=account.pk).last_event_at == now, 10, "it is noted")
    forget_hints()
    bell.pull(account.pk, now + timedelta(seconds=1))
    until(hints, 10, "the next one leaves a hint too")
    assert Account.objects.get(pk=account.pk).last_event_at == now, "a row is not written every second"
    bell.pull(account.pk, now + bells.EVENT_NOTED_EVERY * 2)
    until(lambda: Account.objects.get(pk=account.pk).last_event_at != now, 10, "the later one is noted")


def test_it_rings_again_after_the_database_was_away(
    account: Account, now: datetime, cluster: object, caplog: pytest.LogCaptureFixture
) -> None:
    bell = Bell()
    bell.pull(account.pk, now)
    until(hints, 10, "a hint is left")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid() AND datname = current_database()"
        )
    forget_hints()

    def heard() -> int:
        bell.pull(account.pk, now)
        return hints()

    until(heard, 10, "it rings again")
    assert sum(thread.name == "bell" and thread.is_alive() for thread in threading.enumerate()) >= 1
