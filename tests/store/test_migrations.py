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


_EMPTY = {
    "bigint": 0,
    "integer": 0,
    "smallint": 0,
    "boolean": False,
    "character varying": "",
    "text": "",
    "timestamp with time zone": AT,
    "interval": "0",
    "jsonb": "{}",
    "bytea": b"",
    "uuid": "0b8f6c3e-5f0e-4d5e-9f53-1c9c4f1f8a11",
}


def insert(old: psycopg.Connection, table: str, **values: object) -> None:
    """A row with these values, and nothing in every other column that must have something."""
    needed = old.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
        "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
        [table],
    ).fetchall()
    row = {name: _EMPTY[kind] for name, kind in needed} | values
    names = ", ".join(row)
    old.execute(
        f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})",
        [*row.values()],
    )


def test_cases_of_an_earlier_release_come_onto_the_new_clocks(old: psycopg.Connection) -> None:
    migrate("0007")
    insert(old, "store_brand", id=1, name="Acme", slug="acme")
    insert(old, "store_conversation", id=1, brand_id=1, channel="x", key="c:1")
    insert(old, "store_author", id=1, brand_id=1, channel="x", remote_id="a")
    said = {"brand_id": 1, "channel": "x", "author_id": 1, "conversation_id": 1}
    insert(old, "store_post", id=1, lang="de", remote_id="p", kind="complaint", severity="high", **said)
    case = said | {"severity": "high", "kind": "complaint", "lead_id": 1, "policy_version": 3, "band": 3}
    insert(old, "store_case", id=1, state="open", waiting_since=AT, lift_at=AT, **case)
    insert(old, "store_case", id=2, state="resolved", **case)
    question = case | {"severity": "none", "kind": "question", "band": -1}
    insert(old, "store_case", id=3, state="open", **question)
    migrate("0008")
    rows = old.execute(
        "SELECT id, harm, reasons, lang, policy_version, look_at IS NULL, pauses, standing FROM store_case "
        "ORDER BY id"
    ).fetchall()
    of_severity = [["severity", 370, 3]]
    assert rows == [
        (1, 370, of_severity, "de", 0, False, [], "ordinary"),
        (2, 370, of_severity, "de", 3, True, [], "ordinary"),
        (3, 15, [["question", 15, 0]], "de", 0, True, [], "ordinary"),
    ]
    assert old.execute("SELECT automatic FROM store_post").fetchall() == [(False,)]
    migrate("0007")
    assert old.execute("SELECT count(*) FROM store_case").fetchall() == [(3,)]
