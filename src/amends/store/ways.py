"""The ways by which alerts leave the desk: which of them fail, and that this is told once for its cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from amends.core.values import SendState
from amends.store import deliveries, live, models

MAIL = "mail"
TRIES = 3
"""Failed tries in a row after which a way counts as failing and people are told."""


def mail_to(person_id: int) -> str:
    """The way to one person's address."""
    return f"{MAIL}:{person_id}"


def hook(hook_id: int) -> str:
    """The way of one webhook."""
    return f"hook:{hook_id}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way that fails, in the words of its last failure; `told` once its supervisors were."""

    way: str
    since: datetime
    tries: int
    why: str
    told: bool


_FAILED = """
INSERT INTO store_alerttrouble AS t (brand_id, way, since, tries, why, retry_at)
VALUES (%(brand)s, %(way)s, %(now)s, %(tries)s, %(why)s, %(retry_at)s)
ON CONFLICT (brand_id, way) DO UPDATE SET tries = t.tries + 1, why = excluded.why,
    retry_at = excluded.retry_at
RETURNING t.id, t.since, t.tries, t.alert_id
"""
_TELL = """
INSERT INTO store_alert (brand_id, cause, does, role, at, way, why)
VALUES (%s, %s, 'alert', 'supervisor', %s, %s, %s) ON CONFLICT (cause) DO NOTHING RETURNING id
"""


def failed(
    brand_id: int, way: str, why: str, now: datetime, retry_at: datetime, *, for_good: bool = False
) -> bool:
    """Count a failed try; once there are enough, or it failed `for_good`, put the one alert of its cause.

    In a transaction. True where other ways now have that alert to carry.
    """
    tries = TRIES if for_good else 1
    values: dict[str, str | int | datetime] = {
        "brand": brand_id,
        "way": way,
        "now": now,
        "tries": tries,
        "why": why[:500],
        "retry_at": retry_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, values)
        trouble, since, tries, alert = cursor.fetchone()
        if alert is not None or (tries < TRIES and not for_good):
            return False
        cause = f"way/{brand_id}/{way}/{since.isoformat()}"
        cursor.execute(_TELL, [brand_id, cause, now, way, why[:500]])
        put = cursor.fetchone()
        if put is None:
            return False
        cursor.execute("UPDATE store_alerttrouble SET alert_id = %s WHERE id = %s", [put[0], trouble])
    live.tell_much(brand_id)
    return deliveries.plan([put[0]], now) > 0


_WORKED = """
WITH gone AS (DELETE FROM store_alerttrouble WHERE brand_id = %s AND way = ANY(%s) RETURNING alert_id)
UPDATE store_alert SET over_at = %s FROM gone
WHERE store_alert.id = gone.alert_id AND over_at IS NULL RETURNING store_alert.id
"""


def worked(brand_id: int, ways: Iterable[str], now: datetime) -> None:
    """Something got through, or the way is no more: its trouble is over, and so is the alert of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WORKED, [brand_id, sorted(ways), now])
        if cursor.fetchall():
            live.tell_much(brand_id)


def troubles(brand_id: int) -> Mapping[str, Trouble]:
    """The ways of a brand that failed when last tried."""
    rows = models.AlertTrouble.objects.filter(brand_id=brand_id)
    return {
        row.way: Trouble(row.way, row.since, row.tries, row.why, row.alert_id is not None) for row in rows
    }


_MAILED = """
SELECT DISTINCT m.brand_id FROM store_membership m JOIN store_user u ON u.id = m.user_id AND u.is_active
WHERE m.alerts_by_mail
"""
_UNTOLD = f"""
{_MAILED} AND NOT EXISTS (SELECT 1 FROM store_alerttrouble t
    WHERE t.brand_id = m.brand_id AND t.way = 'mail' AND t.alert_id IS NOT NULL)
"""  # noqa: S608 - constants only
_IDLE = f"""
SELECT t.brand_id, t.way FROM store_alerttrouble t
WHERE t.way = 'mail' AND (t.why = %s OR t.brand_id NOT IN ({_MAILED}))
    OR t.way LIKE 'mail:%%' AND NOT EXISTS (SELECT 1 FROM store_membership m
        WHERE m.brand_id = t.brand_id AND m.alerts_by_mail AND t.way = 'mail:' || m.user_id)
"""  # noqa: S608 - constants only


def without_mail() -> list[int]:
    """Brands in which somebody wants alerts by mail and nobody was told yet that mail fails."""
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD)
        return [row[0] for row in cursor.fetchall()]


def idle_mail(mended: str) -> list[tuple[int, str]]:
    """Brands and ways by mail whose trouble is nobody's any more, or was `mended`."""
    with connection.cursor() as cursor:
        cursor.execute(_IDLE, [mended])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def try_now(brand_id: int, way: str, now: datetime) -> None:
    """Let what waits for a way that fails be tried at once."""
    models.AlertTrouble.objects.filter(brand_id=brand_id, way=way).update(retry_at=now)
    kind, _, number = way.partition(":")
    waiting = models.Delivery.objects.filter(brand_id=brand_id, state=SendState.PLANNED)
    waiting = waiting.filter(hook_id=int(number)) if kind == "hook" else waiting.filter(way=MAIL)
    waiting.filter(not_before__gt=now).update(not_before=now)
