"""Received items that could not be taken in, and putting them back to be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from amends.store.models.intake import FAILED, KEPT

SHOWN = 100


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item with its reason; `again` when it can be tried again, since its source could read it."""

    id: int
    channel: str
    remote_id: str
    received_at: datetime
    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """How many items of a brand failed, how many of them can be tried again, and the latest of them."""

    total: int
    again: int
    items: tuple[FailedItem, ...]


def of_brand(brand_id: int, limit: int = SHOWN) -> Failed:
    """What failed in a brand, the latest first; one query over the index of failures."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) OVER (), count(fields) OVER (), id, channel, remote_id, received_at, reason, "
            "fields IS NOT NULL FROM store_raw WHERE brand_id = %s AND state = %s ORDER BY id DESC LIMIT %s",
            [brand_id, FAILED, limit],
        )
        rows = cursor.fetchall()
    total, again = rows[0][:2] if rows else (0, 0)
    return Failed(total, again, tuple(FailedItem(*row[2:]) for row in rows))


def put_back(brand_id: int) -> int:
    """Let every item of the brand that can be tried again wait to be taken in; how many. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH chosen AS (SELECT id, fields FROM store_raw WHERE brand_id = %s AND state = %s "
            "AND fields IS NOT NULL ORDER BY id FOR UPDATE), "
            "put AS (INSERT INTO store_waiting (raw_id, brand_id, fields) "
            "SELECT id, %s, fields::text FROM chosen ON CONFLICT DO NOTHING) "
            "UPDATE store_raw r SET state = %s, reason = '', fields = NULL FROM chosen c WHERE r.id = c.id",
            [brand_id, FAILED, brand_id, KEPT],
        )
        return int(cursor.rowcount)
