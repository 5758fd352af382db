"""Received items as they came: stored once each, claimed in batches, each with its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from amends.store.cases import interval
from amends.store.models.intake import FAILED, IGNORED, KEPT

Fields = dict[str, object]
FINGERPRINT_BYTES = 16


@dataclass(frozen=True, slots=True)
class NewRaw:
    """One item to keep: where it belongs, what its source read in it (`fields`), and its very bytes."""

    channel: str
    remote_id: str
    fields: Fields
    payload: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kept item that is yet to be taken in."""

    id: int
    account_id: int | None
    channel: str
    remote_id: str
    fields: Fields
    received_at: datetime
    clock_offset: timedelta


_INSERT = """
INSERT INTO store_raw (brand_id, account_id, channel, remote_id, fingerprint, source, payload, fields,
    received_at, clock_offset, state, reason)
SELECT %s, %s, channel, remote_id, fingerprint, %s, payload, fields::jsonb, %s, %s::interval, 'waiting', ''
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::text[])
    AS r(channel, remote_id, fingerprint, payload, fields)
ON CONFLICT DO NOTHING
"""


def insert(
    brand_id: int,
    rows: Sequence[NewRaw],
    *,
    source: str,
    account_id: int | None,
    offset: timedelta,
    now: datetime,
) -> int:
    """Keep the items that are not kept yet; returns how many were new. One statement."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, _parameters(brand_id, rows, source, account_id, offset, now))
        return int(cursor.rowcount)


def insert_each(
    brand_id: int,
    rows: Sequence[NewRaw],
    *,
    source: str,
    account_id: int | None,
    offset: timedelta,
    now: datetime,
) -> list[bool]:
    """As `insert`, telling for each item whether it was new; of two alike the first one is. One statement."""
    if not rows:
        return []
    parameters = _parameters(brand_id, rows, source, account_id, offset, now)
    with connection.cursor() as cursor:
        cursor.execute(f"{_INSERT} RETURNING channel, remote_id, fingerprint", parameters)
        fresh = {(row[0], row[1], bytes(row[2])) for row in cursor.fetchall()}
    told = []
    for row in rows:
        key = (row.channel, row.remote_id, fingerprint(_spelled(row.fields)))
        told.append(key in fresh)
        fresh.discard(key)
    return told


def _parameters(
    brand_id: int,
    rows: Sequence[NewRaw],
    source: str,
    account_id: int | None,
    offset: timedelta,
    now: datetime,
) -> list[object]:
    spelled = [_spelled(row.fields) for row in rows]
    return [
        brand_id,
        account_id,
        source,
        now,
        interval(offset),
        [row.channel for row in rows],
        [row.remote_id for row in rows],
        [fingerprint(fields) for fields in spelled],
        [row.payload for row in rows],
        spelled,
    ]


def _spelled(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def fingerprint(fields: str) -> bytes:
    """What tells one content of a post from another."""
    return _digest(fields.encode())


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:FINGERPRINT_BYTES]


def waiting_brands(limit: int = 100) -> list[int]:
    """Brands with items to take in, the longest waiting first; a short walk over the index."""
    with connection.cursor() as cursor:
        cursor.execute(_BRANDS, [limit])
        return [row[0] for row in cursor.fetchall()]


_BRANDS = """
WITH RECURSIVE brands AS (
    (SELECT brand_id, id FROM store_raw WHERE state = 'waiting' ORDER BY brand_id, id LIMIT 1)
    UNION ALL
    SELECT next.brand_id, next.id FROM brands, LATERAL (
        SELECT r.brand_id, r.id FROM store_raw r
        WHERE r.state = 'waiting' AND r.brand_id > brands.brand_id ORDER BY r.brand_id, r.id LIMIT 1
    ) AS next
)
SELECT brand_id FROM brands ORDER BY id LIMIT %s
"""


def claim(brand_id: int, limit: int) -> list[Waiting]:
    """The brand's oldest waiting items, held by this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, account_id, channel, remote_id, fields, received_at, clock_offset FROM store_raw "
            "WHERE state = 'waiting' AND brand_id = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [brand_id, limit],
        )
        return [
            Waiting(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6])
            for row in cursor.fetchall()
        ]


def settle(kept: Iterable[int], ignored: dict[int, str], failed: dict[int, str]) -> None:
    """Give every claimed item its outcome; `fields` go with it, since the payload holds them too."""
    outcomes = [(row, KEPT, "") for row in kept]
    outcomes += [(row, IGNORED, why) for row, why in ignored.items()]
    outcomes += [(row, FAILED, why) for row, why in failed.items()]
    if not outcomes:
        return
    ids, states, reasons = zip(*outcomes, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_raw SET state = r.state, reason = left(r.reason, 300), "
            "fields = CASE WHEN r.state = 'failed' THEN fields ELSE '{}' END "
            "FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS r(id, state, reason) "
            "WHERE store_raw.id = r.id",
            [list(ids), list(states), list(reasons)],
        )


def try_brand_lock(brand_id: int) -> bool:
    """Whether this transaction may take in posts of the brand now; one at a time does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('amends intake'), %s)", [brand_id])
        return bool(cursor.fetchone()[0])


def brand_lock(brand_id: int) -> None:
    """Wait until this transaction alone changes what posts of the brand are stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('amends intake'), %s)", [brand_id])


def insert_failed(
    brand_id: int, account_id: int | None, channel: str, bad: Sequence[tuple[bytes, str]], now: datetime
) -> None:
    """Keep items that could not be understood, once each, with the reason."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO store_raw (brand_id, account_id, channel, remote_id, fingerprint, source, payload, "
            "fields, received_at, clock_offset, state, reason) "
            "VALUES (%s, %s, %s, '', %s, 'poll', %s, '{}', %s, '0', 'failed', left(%s, 300)) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    brand_id,
                    account_id,
                    channel,
                    hashlib.sha256(payload).digest()[:FINGERPRINT_BYTES],
                    payload,
                    now,
                    why,
                )
                for payload, why in bad
            ],
        )
