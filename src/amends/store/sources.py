"""Sources: accounts through which other systems deliver posts by signed webhook, and the keeping of those.

A source is an `Account` whose settings have `hook`, the number of secrets it was given so far. Its
`remote_id` is the key in the address that is posted to, its sealed token holds the secrets that are good.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection

from amends.store import arrays, raw, sealed
from amends.store.models import Account
from amends.store.raw import NewRaw

MARK = "hook"
ARRIVED_BY = "webhook"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a source, as it was shown; `until` is when it ends, if it does."""

    spelled: str = field(repr=False)
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is good at this moment."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Source:
    """One source that may deliver; `number` tells this state of its secrets from any other."""

    account_id: int
    brand_id: int
    brand: str
    channel: str
    key: str
    number: int
    secrets: tuple[Secret, ...]


def is_source(account: Account) -> bool:
    """Whether other systems deliver through this account."""
    return MARK in account.settings


def seal(secrets: Sequence[Secret]) -> bytes:
    """Secrets as a row may hold them."""
    told = [{"secret": s.spelled, "until": s.until.isoformat() if s.until else ""} for s in secrets]
    return sealed.seal(json.dumps(told))


def secrets_of(account: Account) -> tuple[Secret, ...]:
    """The secrets of a source, the newest first; raises sealed.CannotOpen."""
    if account.token is None:
        return ()
    told = json.loads(sealed.open_(bytes(account.token)))
    return tuple(
        Secret(one["secret"], datetime.fromisoformat(one["until"]) if one["until"] else None) for one in told
    )


def active() -> list[Source]:
    """All sources that may deliver now; one whose secrets cannot be opened is left out, with the reason."""
    rows = Account.objects.filter(active=True, settings__has_key=MARK).select_related("brand")
    return [found for row in rows if (found := _source(row)) is not None]


def _source(row: Account) -> Source | None:
    try:
        secrets = secrets_of(row)
    except sealed.CannotOpen as error:
        _log.error("The source %d cannot deliver: %s", row.pk, error)
        Account.objects.filter(pk=row.pk).update(trouble=str(error)[:300])
        return None
    number = int(row.settings[MARK])
    return Source(row.pk, row.brand_id, row.brand.name, row.channel, row.remote_id, number, secrets)


# In one order, as in `raw`, so that two deliveries of the same items never wait for each other in a circle.
_KEEP = """
WITH source AS MATERIALIZED (
    SELECT id, brand_id, channel FROM store_account
    WHERE id = %s AND active AND (settings ->> 'hook')::int = %s
), item AS MATERIALIZED (
    SELECT DISTINCT ON (remote_id, fingerprint) *
    FROM unnest(%s::text[], %s::bytea[], %s::bytea[], %s::text[])
        AS r(remote_id, fingerprint, payload, fields)
    ORDER BY remote_id, fingerprint
), put AS (
    INSERT INTO store_raw (brand_id, account_id, channel, remote_id, fingerprint, source, payload,
        received_at, clock_offset, state, reason)
    SELECT source.brand_id, source.id, source.channel, remote_id, fingerprint, %s, payload, %s, '0',
        'kept', ''
    FROM source, item
    ON CONFLICT DO NOTHING RETURNING id, brand_id, remote_id, fingerprint
), queued AS (
    INSERT INTO store_waiting (raw_id, brand_id, fields)
    SELECT put.id, put.brand_id, item.fields FROM put JOIN item USING (remote_id, fingerprint)
)
SELECT NULL::text, NULL::bytea FROM source UNION ALL SELECT remote_id, fingerprint FROM put
"""


def keep(source: Source, rows: Sequence[NewRaw], now: datetime) -> list[bool] | None:
    """Keep the items of one delivery, telling of each whether it was new; of two alike the first one is.

    None, and nothing is kept, where the source has been disconnected or been given another secret since it
    was read. One statement: when it is done outside a transaction, all of it is on disk.
    """
    spelled = [raw.spell(row.fields) for row in rows]
    prints = [raw.fingerprint(row.fields) for row in rows]
    parameters: list[Any] = [
        source.account_id,
        source.number,
        arrays.texts([row.remote_id for row in rows]),
        arrays.binaries(prints),
        arrays.binaries([row.payload for row in rows]),
        arrays.texts(spelled),
        ARRIVED_BY,
        now,
    ]
    answered = _asked(parameters)
    if not answered:
        return None
    fresh = {(row[0], bytes(row[1])) for row in answered if row[0] is not None}
    told = []
    for row, fingerprint in zip(rows, prints, strict=True):
        told.append((row.remote_id, fingerprint) in fresh)
        fresh.discard((row.remote_id, fingerprint))
    return told


def _asked(parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Values go to the server apart from a statement that it has read before: Django's own cursors quote
    them into a new one each time, which would be a third of the cost of a delivery."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_KEEP, parameters, prepare=True)
        return cursor.fetchall()
