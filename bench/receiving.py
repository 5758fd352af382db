"""Receive, against the same PostgreSQL taking the same rows as plain 500-row INSERT batches."""

from __future__ import annotations

import time

import psycopg
from psycopg.rows import TupleRow

from amends import clock
from amends.pipeline.receive import BATCH, Item, checked, receive
from amends.site.cluster import Cluster
from amends.store import brands
from bench import desk, made
from bench.result import Result
from bench.scale import Scale

LEAST = 0.25
_TABLES = {
    "store_raw": "id, brand_id, account_id, channel, remote_id, fingerprint, source, payload, received_at, "
    "clock_offset, state, reason",
    "store_waiting": "raw_id, brand_id, fields",
}


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """The rate of receiving and its share of the plain rate, taken in turns, best of each."""
    items = made.items(scale.received)
    pairs = [(_received(cluster, items), _plain(cluster, items)) for _ in range(scale.rounds)]
    ours, plain = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    against = f"plain 500-row INSERT … ON CONFLICT DO NOTHING of the same rows: {plain:,.0f} posts/s"
    met = ours >= LEAST * plain
    return [Result("receive", ours, "posts/s", against, ours / plain, f"ratio ≥ {LEAST}", met)]


def _received(cluster: Cluster, items: list[tuple[Item, bytes]]) -> float:
    """Posts a second from items in memory to rows on disk, a transaction for each batch."""
    with desk.fresh(cluster):
        now = clock.now()
        brand = brands.get_or_create("Bench", now)
        start = time.perf_counter()
        for at in range(0, len(items), BATCH):
            batch = [(checked(item, now), payload) for item, payload in items[at : at + BATCH]]
            receive(brand.pk, batch, source="bench", now=now)
        return len(items) / (time.perf_counter() - start)


def _plain(cluster: Cluster, items: list[tuple[Item, bytes]]) -> float:
    """The rows that receiving makes of them, put into the same tables once they are empty again."""
    with desk.fresh(cluster) as name:
        now = clock.now()
        brand = brands.get_or_create("Bench", now)
        receive(brand.pk, items, source="bench", now=now)
        with psycopg.connect(cluster.url("amends_owner", name)) as owner:
            batches = list(zip(*(_batches(owner, *table) for table in _TABLES.items()), strict=True))
            owner.execute("TRUNCATE store_raw CASCADE")
            owner.commit()
            start = time.perf_counter()
            for statements in batches:
                for statement in statements:
                    owner.execute(statement)
                owner.commit()
            return len(items) / (time.perf_counter() - start)


def _batches(connection: psycopg.Connection, table: str, columns: str) -> list[bytes]:
    """The rows of a table in plain statements, spelled out so that only PostgreSQL's part is timed."""
    rows = connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()  # noqa: S608
    return [
        _statement(connection, table, columns, rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)
    ]


def _statement(connection: psycopg.Connection, table: str, columns: str, rows: list[TupleRow]) -> bytes:
    one = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
    values = [value for row in rows for value in row]
    whole = f"INSERT INTO {table} ({columns}) VALUES {', '.join([one] * len(rows))} ON CONFLICT DO NOTHING"  # noqa: S608
    return psycopg.ClientCursor(connection).mogrify(whole, values).encode()
