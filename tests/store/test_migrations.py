"""A desk of an earlier release comes along with what it holds, forwards and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from amends.site.cluster import Cluster

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def old(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A database of its own, for migrations to move up and down; signed in to as its owner."""
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE earlier TEMPLATE amends OWNER amends_owner")
        before = connections["owner"].settings_dict["NAME"]
        connections["owner"].close()
        connections["owner"].settings_dict["NAME"] = "earlier"
        try:
            with psycopg.connect(cluster.url("amends_owner", "earlier"), autocommit=True) as owner:
                yield owner
        finally:
            connections["owner"].close()
            connections["owner"].settings_dict["NAME"] = before
            admin.execute("DROP DATABASE earlier WITH (FORCE)")


def migrate(to: str) -> None:
    call_command("migrate", "store", to, database="owner", verbosity=0)


def test_items_that_wait_at_an_update_wait_after_it_and_after_going_back(old: psycopg.Connection) -> None:
    migrate("0002")
    old.execute("INSERT INTO store_brand (id, name, slug, created_at) VALUES (1, 'Acme', 'acme', %s)", [AT])
    for number, state, fields in (
        (1, "waiting", '{"text": "a"}'),
        (2, "kept", "{}"),
        (3, "failed", '{"b": 1}'),
    ):
        old.execute(
            "INSERT INTO store_raw (id, brand_id, channel, remote_id, fingerprint, source, payload, fields, "
            "received_at, clock_offset, state, reason) "
            "VALUES (%s, 1, 'x', %s, %s, 'api', 'w', %s, %s, '0', %s, '')",
            [number, str(number), b"%d" % number, fields, AT, state],
        )
    before = old.execute("SELECT id, state, fields FROM store_raw ORDER BY id").fetchall()
    migrate("0003")
    assert old.execute("SELECT raw_id, brand_id, fields FROM store_waiting").fetchall() == [
        (1, 1, '{"text": "a"}')
    ]
    assert old.execute("SELECT id, state, fields FROM store_raw ORDER BY id").fetchall() == [
        (1, "kept", None),
        (2, "kept", {}),
        (3, "failed", {"b": 1}),
    ]
    migrate("0002")
    assert old.execute("SELECT id, state, fields FROM store_raw ORDER BY id").fetchall() == before
