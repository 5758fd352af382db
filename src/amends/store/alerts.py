"""Alerts as rows: one for its cause, standing until somebody has seen it or its silence is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from amends.core.effects import Escalate
from amends.core.escalation import Does
from amends.core.values import Role, Severity
from amends.store import arrays, live
from amends.store.cases import Locked

MOST = 100

_PUT = """
INSERT INTO store_alert (brand_id, case_id, cause, does, to_id, role, at) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (cause) DO NOTHING RETURNING id
"""
_ROLES = {Does.OFFER: Role.AGENT, Does.ALERT: Role.SUPERVISOR}
"""Whom a step tells that tells no single person."""


def put(held: Locked, step: Escalate, assignee: int | None, now: datetime) -> int | None:
    """Write down the alert of a step, in the transaction that took it; None where its cause has one."""
    role = _ROLES.get(step.does)
    if role is None and assignee is None:
        role = Role.SUPERVISOR
    to = None if role else assignee
    values: list[str | int | datetime | None] = [held.brand_id, held.case.id, step.cause, step.does]
    values += [to, role or "", now]
    with connection.cursor() as cursor:
        cursor.execute(_PUT, values)
        row = cursor.fetchone()
    return None if row is None else row[0]


def move(case_id: int, into: int) -> None:
    """What stands for one case stands for another: there the person waits on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_alert SET case_id = %s WHERE case_id = %s AND over_at IS NULL", [into, case_id]
        )


def end(case_ids: Collection[int], now: datetime) -> None:
    """Nobody waits in these cases any more: their alerts are over."""
    if not case_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_alert SET over_at = %s WHERE case_id = ANY(%s) AND over_at IS NULL",
            [now, arrays.column(sorted(case_ids))],
        )


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as somebody is shown it."""

    id: int
    brand_id: int
    case_id: int | None
    does: Does
    at: datetime
    severity: Severity
    handle: str
    due_at: datetime | None
    clock_offset: timedelta
    way: str
    why: str


_STANDING = """
SELECT a.id, a.brand_id, a.case_id, a.does, a.at, COALESCE(c.severity, 'none'), COALESCE(author.handle, ''),
    c.due_at, COALESCE(c.clock_offset, '0'), a.way, a.why
FROM store_alert a JOIN store_membership m ON m.brand_id = a.brand_id AND m.user_id = %s
LEFT JOIN store_case c ON c.id = a.case_id LEFT JOIN store_author author ON author.id = c.author_id
WHERE a.brand_id = %s AND a.seen_at IS NULL AND a.over_at IS NULL
    AND (a.to_id = m.user_id OR a.role = ANY(%s))
ORDER BY (a.case_id IS NULL) DESC, a.at DESC, a.id DESC LIMIT %s
"""


def standing(user_id: int, brand_id: int, role: Role, limit: int = MOST) -> list[Told]:
    """What a person of a brand is to hear of and nobody has seen: ways that fail, then the newest first."""
    roles = [each.value for each in Role if role.covers(each)]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [user_id, brand_id, roles, limit])
        rows = cursor.fetchall()
    return [_told(*row) for row in rows]


def _told(id_: int, brand: int, case: int | None, does: str, at: datetime, severity: str, *more: Any) -> Told:
    return Told(id_, brand, case, Does(does), at, Severity(severity), *more)


_SEEN = """
UPDATE store_alert a SET seen_at = %s, seen_by_id = %s FROM store_membership m
WHERE a.id = %s AND a.brand_id = %s AND m.brand_id = a.brand_id AND m.user_id = %s AND a.seen_at IS NULL
    AND (a.to_id = m.user_id OR a.role = ANY(%s))
RETURNING a.brand_id, a.case_id
"""


def seen(alert_id: int, user_id: int, brand_id: int, role: Role, now: datetime) -> bool:
    """Somebody whom it told has seen an alert; False where it is not theirs or was seen before."""
    roles = [each.value for each in Role if role.covers(each)]
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [now, user_id, alert_id, brand_id, user_id, roles])
        row = cursor.fetchone()
    if row is not None:
        live.tell(row[0], [row[1]]) if row[1] else live.tell_much(row[0])
    return row is not None
