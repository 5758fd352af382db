"""What an alert says beyond the desk: a webhook's body and a mail's words, with no word of any post."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from amends.core.escalation import Does
from amends.core.values import Severity
from amends.store import deliveries, models
from amends.store.deliveries import Claimed, Told

TRIAL = "trial"


def body(claimed: Claimed, now: datetime) -> bytes:
    """The JSON that a webhook gets, as docs/alerts.md describes it."""
    brand = models.Brand.objects.get(pk=claimed.brand_id)
    shown: dict[str, object] = {
        "type": TRIAL,
        "delivery": str(claimed.key),
        "brand": {"id": brand.pk, "slug": brand.slug, "name": brand.name},
        "sent_at": _utc(now),
    }
    if claimed.alert_id is not None:
        shown |= _alert(deliveries.told([claimed.alert_id])[claimed.alert_id], brand.slug)
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _alert(told: Told, slug: str) -> dict[str, object]:
    case: dict[str, object] | None = None
    if told.case_id is not None:
        case = {
            "id": told.case_id,
            "channel": told.channel,
            "kind": told.kind,
            "severity": told.severity,
            "waiting_since": _utc(told.waiting_since),
            "due_at": _utc(told.due_at),
            "assignee": told.assignee,
        }
    return {
        "type": "alert",
        "alert": told.id,
        "does": told.does,
        "at": _utc(told.at),
        "over_at": _utc(told.over_at),
        "case": case,
        "says": says(told),
        "url": _case(told.case_id, slug),
    }


def letter(person: models.User, brand: models.Brand, told: Sequence[Told]) -> tuple[str, str]:
    """Subject and words of the mail that tells a person of these alerts; of none, that mail works."""
    mine = f"{settings.URL}/b/{brand.slug}/settings/alerts/"
    end = f"\n\nAll alerts that stand: {_case(None, brand.slug)}\nYou get these by your own choice: {mine}\n"
    name = " ".join(brand.name.split())
    if not told:
        return f"[{name}] A trial", f"Alerts of {name} reach you by mail.{end}"
    zone = _zone(person)
    lines = [
        f"- {says(one)} ({one.at.astimezone(zone):%H:%M %Z})\n  {_case(one.case_id, brand.slug)}"
        for one in told
    ]
    first = says(told[0])
    subject = first if len(told) == 1 else f"{len(told)} alerts, first: {first}"
    return f"[{name}] {subject}"[:200], "\n".join(lines) + end


def says(told: Told) -> str:
    """An alert in a line."""
    if told.case_id is None:
        return f"Alerts {way(told.way)} fail: {told.why}"
    what = told.kind if told.severity is Severity.NONE else f"{told.severity} {told.kind}"
    subject = f"A {what} on {told.channel}"
    match told.does:
        case Does.NUDGE:
            return f"{subject} that you have in hand waits"
        case Does.OFFER:
            return f"{subject} waits for whoever can answer"
        case Does.REASSIGN:
            return f"{subject} needs somebody else"
        case Does.ALERT:
            return f"{subject} waits too long"
    assert_never(told.does)


def way(name: str) -> str:
    """A way that fails, in words: by mail, by mail to whom, or by webhook to which host."""
    kind, _, number = name.partition(":")
    if not number:
        return "by mail"
    if kind == "mail":
        person = models.User.objects.filter(pk=int(number)).first()
        return f"by mail to {person or 'somebody who has left'}"
    hook = models.AlertHook.objects.filter(pk=int(number)).first()
    return f"by webhook to {hook.host if hook else 'an address that was removed'}"


def what_to_do(name: str) -> str:
    """What mends a way that fails."""
    kind, _, number = name.partition(":")
    if not number:
        return (
            "Who runs the desk sets or mends the mail server (AMENDS_SMTP_HOST; `amends doctor` looks at it)."
        )
    if kind == "mail":
        return "They give the desk another address, or switch alerts by mail off in Settings, Alerts."
    return "Mend the receiver, then press “Try now” in Settings, Alerts; or remove the webhook there."


def _case(case_id: int | None, slug: str) -> str:
    """The page of a case, or of all alerts, for whoever reads outside of the desk."""
    return f"{settings.URL}/cases/{case_id}/" if case_id else f"{settings.URL}/b/{slug}/alerts/"


def _zone(person: models.User) -> ZoneInfo:
    try:
        return ZoneInfo(person.time_zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _utc(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
