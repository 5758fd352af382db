"""Received items as they came: stored once each, claimed in batches, each with its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from pydantic_core import to_json

from amends.store import arrays
from amends.store.cases import interval
from amends.store.models.intake import FAILED, IGNORED

Fields = dict[str, Any]
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


# In one order, so that two who keep the same items at once never wait for each other in a circle.
_INSERT = """
WITH item AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::text[])
        AS r(channel, remote_id, fingerprint, payload, fields)
), put AS (
    INSERT INTO store_raw (brand_id, account_id, channel, remote_id, fingerprint, source, payload,
        received_at, clock_offset, state, reason)
    SELECT %s, %s, channel, remote_id, fingerprint, %s, payload, %s, %s::interval, 'kept', ''
    FROM item ORDER BY channel, remote_id, fingerprint
    ON CONFLICT DO NOTHING RETURNING id, brand_id, channel, remote_id, fingerprint
), queued AS (
    INSERT INTO store_waiting (raw_id, brand_id, fields)
    SELECT put.id, put.brand_id, item.fields FROM put JOIN item USING (channel, remote_id, fingerprint)
    ORDER BY put.id ON CONFLICT DO NOTHING
)
"""
_INSERT_COUNTING = f"""{_INSERT}
SELECT count(*), count(DISTINCT (put.channel, put.remote_id)) FILTER (WHERE before.id IS NULL)
FROM put LEFT JOIN LATERAL (
    SELECT id FROM store_raw r
    WHERE r.brand_id = put.brand_id AND r.channel = put.channel AND r.remote_id = put.remote_id LIMIT 1
) AS before ON true
"""  # noqa: S608 - constants only
_INSERT_TELLING = f"{_INSERT} SELECT channel, remote_id, fingerprint FROM put"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Inserted:
    """How many items were kept, and how many of them were of posts never heard of before."""

    items: int
    posts: int


def insert(
    brand_id: int,
    rows: Sequence[NewRaw],
    *,
    source: str,
    account_id: int | None,
    offset: timedelta,
    now: datetime,
) -> Inserted:
    """Keep the items that are not kept yet; returns how many were new. One statement."""
    if not rows:
        return Inserted(0, 0)
    parameters = _parameters(brand_id, rows, source, account_id, offset, now)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_COUNTING, parameters)
        return Inserted(*cursor.fetchone())


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
        cursor.execute(_INSERT_TELLING, parameters)
        fresh = {(row[0], row[1], bytes(row[2])) for row in cursor.fetchall()}
    told = []
    for row in rows:
        key = (row.channel, row.remote_id, fingerprint(row.fields))
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
) -> list[Any]:
    return [
        arrays.texts([row.channel for row in rows]),
        arrays.texts([row.remote_id for row in rows]),
        arrays.binaries([fingerprint(row.fields) for row in rows]),
        arrays.binaries([row.payload for row in rows]),
        arrays.texts([spell(row.fields) for row in rows]),
        brand_id,
        account_id,
        source,
        now,
        interval(offset),
    ]


def spell(fields: Fields) -> str:
    """Fields as they are kept; their texts hold nothing that `plain` replaces."""
    return to_json(fields).decode()


FOLLOWERS = "author_followers"


def fingerprint(fields: Fields) -> bytes:
    """What tells one content of a post from another; how many follow its author is no content of it."""
    said = {name: value for name, value in fields.items() if name != FOLLOWERS}
    return _digest(to_json(said))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:FINGERPRINT_BYTES]


def waiting_brands(limit: int = 100) -> list[int]:
    """Brands with items to take in, the longest waiting first; a short walk over the index."""
    with connection.cursor() as cursor:
        cursor.execute(_BRANDS, [limit])
        return [row[0] for row in cursor.fetchall()]


_BRANDS = """
WITH RECURSIVE brands AS (
    (SELECT brand_id, raw_id FROM store_waiting ORDER BY brand_id, raw_id LIMIT 1)
    UNION ALL
    SELECT next.brand_id, next.raw_id FROM brands, LATERAL (
        SELECT w.brand_id, w.raw_id FROM store_waiting w
        WHERE w.brand_id > brands.brand_id ORDER BY w.brand_id, w.raw_id LIMIT 1
    ) AS next
)
SELECT brand_id FROM brands ORDER BY raw_id LIMIT %s
"""


CLAIMED_BYTES = 4 * 1024 * 1024
_CLAIM = """
WITH oldest AS MATERIALIZED (
    SELECT raw_id, sum(octet_length(fields)) OVER (ORDER BY raw_id) AS size FROM (
        SELECT raw_id, fields FROM store_waiting WHERE brand_id = %s ORDER BY raw_id LIMIT %s
    ) AS first
), claimed AS (
    DELETE FROM store_waiting WHERE raw_id = ANY (ARRAY(
        SELECT raw_id FROM oldest WHERE size <= %s OR raw_id = (SELECT min(raw_id) FROM oldest)
    )) RETURNING raw_id, fields
)
SELECT r.id, r.account_id, r.channel, r.remote_id, claimed.fields, r.received_at::text, r.clock_offset
FROM claimed, LATERAL (SELECT * FROM store_raw WHERE id = claimed.raw_id LIMIT 1) AS r ORDER BY r.id
"""


def claim(brand_id: int, limit: int) -> list[Waiting]:
    """The brand's oldest waiting items, which wait no more once this transaction ends well; fewer where they
    are long. The caller holds the brand's lock."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [brand_id, limit, CLAIMED_BYTES])
        return [
            Waiting(row[0], row[1], row[2], row[3], json.loads(row[4]), _time(row[5]), row[6])
            for row in cursor.fetchall()
        ]


@lru_cache(maxsize=64)
def _time(spelled: str) -> datetime:
    """Items of one batch share the time they came; reading it once is enough."""
    return datetime.fromisoformat(spelled)


def is_waiting(brand_id: int, until: int) -> bool:
    """Whether an item of the brand with an id up to `until` is yet to be taken in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM store_waiting WHERE brand_id = %s AND raw_id <= %s)",
            [brand_id, until],
        )
        return bool(cursor.fetchone()[0])


def waiting(brand_ids: Sequence[int]) -> int:
    """How many items of these brands are yet to be taken in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM store_waiting WHERE brand_id = ANY(%s)", [list(brand_ids)])
        return int(cursor.fetchone()[0])


def last_id() -> int:
    """The id of the last item kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM store_raw")
        return int(cursor.fetchone()[0])


def ignore(reasons: Mapping[int, str]) -> None:
    """Give items of this claim that made no post the outcome "ignored", with the reason."""
    if reasons:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE store_raw SET state = %s, reason = left(r.reason, 300) "
                "FROM unnest(%s::bigint[], %s::text[]) AS r(id, reason) WHERE store_raw.id = r.id",
                [IGNORED, list(reasons), arrays.texts(list(reasons.values()))],
            )


def give_up(raw_id: int, why: str) -> None:
    """Give an item that is still waiting the outcome "failed", with the reason; its fields are kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM store_waiting WHERE raw_id = %s RETURNING raw_id, fields) "
            "UPDATE store_raw SET state = %s, reason = left(%s, 300), fields = gone.fields::jsonb "
            "FROM gone WHERE id = gone.raw_id",
            [raw_id, FAILED, why],
        )


def empty(ids: Collection[int]) -> None:
    """Drop the words of items whose post was deleted before they came."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE store_raw SET payload = '' WHERE id = ANY(%s)", [list(ids)])


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
    brand_id: int,
    account_id: int | None,
    channel: str,
    bad: Sequence[tuple[bytes, str]],
    now: datetime,
    source: str = "poll",
) -> None:
    """Keep items that could not be understood, once each, with the reason."""
    kept = sorted((_digest(payload), payload, why) for payload, why in bad)  # in one order, as above
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO store_raw (brand_id, account_id, channel, remote_id, fingerprint, source, payload, "
            "received_at, clock_offset, state, reason) "
            "VALUES (%s, %s, %s, '', %s, %s, %s, %s, '0', 'failed', left(%s, 300)) ON CONFLICT DO NOTHING",
            [(brand_id, account_id, channel, at, source, payload, now, why) for at, payload, why in kept],
        )
