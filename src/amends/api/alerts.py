"""Alerts: what the ladder of escalation tells the token's person, until somebody has seen it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Id, Shape
from amends.core.escalation import Does
from amends.core.scopes import Scope
from amends.core.values import Severity
from amends.store import alerts

router = Router()


class Alert(Shape):
    """A step of the ladder that was taken because somebody waits too long, or (no case) a way that fails."""

    id: Annotated[int, Field(description="The desk's id.")]
    case: Annotated[int | None, Field(description="The case.")]
    does: Annotated[Does, Field(description="What the step does.")]
    at: Annotated[datetime, Field(description="When it was taken.")]
    severity: Annotated[Severity, Field(description="How bad the case is.")]
    handle: Annotated[str, Field(description="The author's handle.")]
    due_at: Annotated[datetime | None, Field(description="When the next word to them is due.")]
    fails: Annotated[
        str,
        Field(description="The way of alerts that fails: `mail`, `mail:PERSON` or `hook:ID`; else empty."),
    ]
    why: Annotated[str, Field(description="Why it fails.")]


class Alerts(Shape):
    """Those that stand."""

    items: Annotated[list[Alert], Field(description="At most 100: ways that fail, then the newest first.")]


@router.get("/alerts", auth=Token(Scope.READ), response=Alerts)
def list_alerts(request: HttpRequest) -> Alerts:
    """What the token's person is to hear of and nobody has seen: each cause once, over with its silence."""
    key = door.key(request)
    found = alerts.standing(key.user.pk, key.brand.pk, key.role)
    return Alerts(items=[_alert(told) for told in found])


@router.post("/alerts/{alert_id}/seen", auth=Token(Scope.WRITE), response={204: None})
def see_alert(request: HttpRequest, alert_id: Id) -> Status[None]:
    """Say that the token's person has seen an alert; nobody is shown it any more."""
    key = door.key(request)
    if not alerts.seen(alert_id, key.user.pk, key.brand.pk, key.role, door.now(request)):
        raise Http404("There is no such alert for you, or somebody has seen it.")
    return Status(204, None)


def _alert(told: alerts.Told) -> Alert:
    return Alert(
        id=told.id,
        case=told.case_id,
        does=told.does,
        at=told.at,
        severity=told.severity,
        handle=told.handle,
        due_at=told.due_at,
        fails=told.way,
        why=told.why,
    )
