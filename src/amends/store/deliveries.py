"""Deliveries of alerts: planned with the alert, claimed by one worker each, settled once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from amends.core.escalation import Does
from amends.core.values import SendState, Severity
from amends.store import arrays, models

MOST_IN_A_MAIL = 50
BETWEEN_MAILS = timedelta(minutes=1)
"""What comes together is told in one mail; the next one to the same person waits so long."""
_OVER = (SendState.SENT, SendState.REFUSED, SendState.UNKNOWN)

# Of an alert that says that a way fails nothing goes by any way that is known to fail.
_PLAN = """
WITH told AS (
    SELECT a.id, a.brand_id, a.to_id, a.role, a.way, ARRAY(
        SELECT t.way FROM store_alerttrouble t
        WHERE a.way <> '' AND t.brand_id = a.brand_id AND t.alert_id IS NOT NULL) AS failing
    FROM store_alert a WHERE a.id = ANY(%(alerts)s)
)
INSERT INTO store_delivery (key, brand_id, alert_id, way, person_id, hook_id, planned_at, not_before)
SELECT gen_random_uuid(), told.brand_id, told.id, 'mail', m.user_id, NULL::bigint, %(now)s, %(now)s
FROM told JOIN store_membership m ON m.brand_id = told.brand_id AND m.alerts_by_mail
JOIN store_user u ON u.id = m.user_id AND u.is_active
WHERE (told.to_id = m.user_id OR told.role = 'supervisor' AND m.role IN ('supervisor', 'admin'))
    AND NOT 'mail' = ANY(told.failing) AND NOT 'mail:' || m.user_id = ANY(told.failing)
UNION ALL
SELECT gen_random_uuid(), told.brand_id, told.id, 'webhook', NULL, h.id, %(now)s, %(now)s
FROM told JOIN store_alerthook h ON h.brand_id = told.brand_id AND h.ended_at IS NULL
WHERE NOT 'hook:' || h.id = ANY(told.failing)
ON CONFLICT DO NOTHING
"""


def plan(alert_ids: Collection[int], now: datetime) -> int:
    """Plan how these alerts leave the desk, in the transaction that made them; returns how often.

    Each goes to every webhook of its brand, and by mail to whom it tells and who wants mail: the one person,
    or everybody who supervises. What is offered to the whole team goes by no mail.
    """
    if not alert_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, {"alerts": sorted(alert_ids), "now": now})
        return int(cursor.rowcount)


def plan_trial(brand_id: int, now: datetime, *, person: int | None = None, hook: int | None = None) -> None:
    """Plan a delivery that tells of nothing but that the way works."""
    models.Delivery.objects.create(
        key=uuid4(),
        brand_id=brand_id,
        way="webhook" if person is None else "mail",
        person_id=person,
        hook_id=hook,
        planned_at=now,
        not_before=now,
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in this worker's hands; `address` and `secret` of a webhook are still sealed."""

    id: int
    key: UUID
    brand_id: int
    alert_id: int | None
    person_id: int | None
    hook_id: int | None
    planned_at: datetime
    attempts: int
    claimed_at: datetime
    address: bytes = field(default=b"", repr=False)
    secret: bytes = field(default=b"", repr=False)
    host: str = ""


_OF_CLAIMED = tuple(one.name for one in fields(Claimed))
_RETURNING = (
    "d.id, d.key, d.brand_id, d.alert_id, d.person_id, d.hook_id, d.planned_at, d.attempts, d.claimed_at"
)
# A way that fails is tried by one worker at a time, and no sooner than it is to be.
_CLAIM_HOOK = f"""
UPDATE store_delivery d SET state = 'sending', claimed_at = %(now)s, attempts = d.attempts + 1
FROM store_alerthook h WHERE h.id = d.hook_id AND d.id = (
    SELECT n.id FROM store_delivery n WHERE n.way = 'webhook' AND n.state = 'planned'
        AND n.not_before <= %(now)s AND NOT EXISTS (
            SELECT 1 FROM store_alerttrouble t
            WHERE t.brand_id = n.brand_id AND t.way = 'hook:' || n.hook_id
                AND (t.retry_at > %(now)s OR EXISTS (SELECT 1 FROM store_delivery o
                WHERE o.way = 'webhook' AND o.state = 'sending' AND o.hook_id = n.hook_id)))
    ORDER BY n.not_before, n.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_RETURNING}, h.address, h.secret, h.host
"""  # noqa: S608 - constants only
_CLAIM_MAILS = f"""
WITH next AS (
    SELECT n.brand_id, n.person_id FROM store_delivery n
    WHERE n.way = 'mail' AND n.state = 'planned' AND n.not_before <= %(now)s
        AND NOT EXISTS (
            SELECT 1 FROM store_alerttrouble t
            WHERE t.brand_id = n.brand_id AND t.way = 'mail' AND t.retry_at > %(now)s)
        AND NOT EXISTS (
            SELECT 1 FROM store_delivery s WHERE s.way = 'mail' AND s.state = 'sent'
                AND s.person_id = n.person_id AND s.brand_id = n.brand_id AND s.settled_at > %(before)s)
    ORDER BY n.not_before, n.id LIMIT 1 FOR UPDATE SKIP LOCKED
), mine AS (
    SELECT e.id FROM store_delivery e JOIN next USING (brand_id, person_id)
    WHERE e.way = 'mail' AND e.state = 'planned' AND e.not_before <= %(now)s
    ORDER BY e.id LIMIT %(most)s FOR UPDATE OF e SKIP LOCKED
)
UPDATE store_delivery d
SET state = 'sending', claimed_at = %(now)s, handed_at = NULL, attempts = d.attempts + 1
FROM mine WHERE d.id = mine.id RETURNING {_RETURNING}
"""  # noqa: S608 - constants only


def claim_hook(now: datetime) -> Claimed | None:
    """Take the next delivery by webhook that is due into this worker's hands; nobody else gets it."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_HOOK, {"now": now})
        row = cursor.fetchone()
    return None if row is None else _claimed(row)


def claim_mails(now: datetime) -> list[Claimed]:
    """Take what is due by mail to one person of one brand into this worker's hands, to go as one mail."""
    wanted: dict[str, datetime | int] = {"now": now, "before": now - BETWEEN_MAILS, "most": MOST_IN_A_MAIL}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_MAILS, wanted)
        return sorted(map(_claimed, cursor.fetchall()), key=lambda claimed: claimed.id)


def _claimed(row: Sequence[Any]) -> Claimed:
    told: dict[str, Any] = dict(zip(_OF_CLAIMED, row, strict=False))
    seals: dict[str, Any] = {name: bytes(told[name]) for name in ("address", "secret") if name in told}
    return Claimed(**told | seals)


def handed(claimed: Iterable[Claimed], now: datetime) -> None:
    """From now on the mail server may have the text; said before the first byte of it goes."""
    models.Delivery.objects.filter(pk__in=[one.id for one in claimed]).update(handed_at=now)


def settle(
    claimed: Sequence[Claimed],
    state: SendState,
    now: datetime,
    *,
    not_before: datetime | None = None,
    why: str = "",
) -> int:
    """Give claimed deliveries their next state; those that have left this worker's hands stay as they are."""
    settled = 0
    for one in claimed:
        mine = models.Delivery.objects.filter(pk=one.id, claimed_at=one.claimed_at, state=SendState.SENDING)
        settled += mine.update(
            state=state,
            not_before=not_before or now,
            settled_at=now if state in _OVER else None,
            why=why[:500],
        )
    return settled


_STUCK = """
UPDATE store_delivery SET state = CASE WHEN handed_at IS NULL THEN 'planned' ELSE 'unknown' END,
    not_before = %(now)s, settled_at = CASE WHEN handed_at IS NULL THEN NULL ELSE %(now)s::timestamptz END,
    why = %(why)s
WHERE state = 'sending' AND claimed_at < %(before)s RETURNING id
"""


def find_stuck(before: datetime, now: datetime, why: str) -> int:
    """What a worker took before `before` and never settled is planned again: a webhook under its old key,
    a mail if no mail server can have it; other mails become unknown. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_STUCK, {"before": before, "now": now, "why": why})
        return len(cursor.fetchall())


_EXPIRE = """
UPDATE store_delivery SET state = 'refused', settled_at = %s, why = left('Given up after a day. ' || why, 500)
WHERE state = 'planned' AND planned_at < %s RETURNING id
"""


def expire(before: datetime, now: datetime) -> int:
    """What was planned before `before` and did not get through is given up; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [now, before])
        return len(cursor.fetchall())


def drop(now: datetime, why: str, *, hook: int | None = None, person: int | None = None, brand: int) -> None:
    """Take back what is still planned to a webhook, or to a person."""
    waiting = models.Delivery.objects.filter(brand_id=brand, hook_id=hook, person_id=person)
    waiting.filter(state=SendState.PLANNED).update(state=SendState.REFUSED, settled_at=now, why=why)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told of an alert beyond the desk: no words and no name of anybody."""

    id: int
    does: Does
    at: datetime
    way: str
    why: str
    seen: bool
    over_at: datetime | None
    case_id: int | None
    channel: str
    severity: Severity
    kind: str
    waiting_since: datetime | None
    due_at: datetime | None
    assignee: int | None


_OF_TOLD = tuple(one.name for one in fields(Told))
_TOLD = """
SELECT a.id, a.does, a.at, a.way, a.why, a.seen_at IS NOT NULL, a.over_at, a.case_id, COALESCE(c.channel, ''),
    COALESCE(c.severity, 'none'), COALESCE(c.kind, ''), c.waiting_since, c.due_at, c.assignee_id
FROM store_alert a LEFT JOIN store_case c ON c.id = a.case_id WHERE a.id = ANY(%s::bigint[])
"""


def told(alert_ids: Iterable[int]) -> dict[int, Told]:
    """What there is to be told of these alerts now."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [arrays.column(sorted(set(alert_ids)))])
        return {row[0]: _told(row) for row in cursor.fetchall()}


def _told(row: Sequence[Any]) -> Told:
    shown = dict(zip(_OF_TOLD, row, strict=True))
    return Told(**shown | {"does": Does(shown["does"]), "severity": Severity(shown["severity"])})


def lately(brand_id: int, limit: int = 20) -> list[models.Delivery]:
    """The last deliveries of a brand, the newest first, with their person or webhook."""
    found = models.Delivery.objects.filter(brand_id=brand_id).select_related("person", "hook", "alert")
    return list(found.order_by("-planned_at", "-pk")[:limit])
