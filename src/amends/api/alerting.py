"""Who hears of alerts beyond the screen: mail for the token's person, webhooks for the brand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.core.scopes import Scope
from amends.core.values import Role, SendState
from amends.pipeline import alert_settings, mail
from amends.store import access, deliveries, models, ways

router = Router()
MOST_LATELY = 100


class AlertMail(Shape):
    """How the token's person hears of alerts by mail."""

    by_mail: Annotated[bool, Field(description="Whether they get the alerts that concern them by mail.")]
    can_mail: Annotated[bool, Field(description="Whether the desk has a mail server at all.")]
    trouble: Annotated[str, Field(description="Why mail to them fails, if it does.")]


class AlertMailBody(Body):
    """A choice."""

    by_mail: Annotated[bool, Field(description="Whether to get alerts by mail.")]


class AlertHook(Shape):
    """An address that gets the brand's alerts."""

    id: Annotated[int, Field(description="The desk's id.")]
    host: Annotated[str, Field(description="Its host; the rest of the address is kept sealed.")]
    created_at: Annotated[datetime, Field(description="Since when.")]
    failing_since: Annotated[datetime | None, Field(description="Since when nothing gets through.")]
    tries: Annotated[int, Field(description="How often it failed since then.")]
    trouble: Annotated[str, Field(description="Why the last try failed, if it did.")]


class NewAlertHook(AlertHook):
    """A webhook with a secret just made."""

    secret: Annotated[str, Field(description="The secret. It is shown only now.", examples=["whsec_…"])]


class AlertHookBody(Body):
    """A webhook to make."""

    address: Annotated[
        Line, Field(description="Where to post to.", examples=["https://social.example/alerts"])
    ]


class Delivery(Shape):
    """One alert on one way to one place."""

    key: Annotated[UUID, Field(description="Its own id, the `webhook-id` of a webhook.")]
    alert: Annotated[int | None, Field(description="The alert; null for a trial.")]
    way: Annotated[str, Field(description="`mail` or `webhook`.")]
    person: Annotated[int | None, Field(description="Whom it is mailed to.")]
    hook: Annotated[int | None, Field(description="The webhook.")]
    state: Annotated[SendState, Field(description="Where it stands.")]
    attempts: Annotated[int, Field(description="How often it was tried.")]
    planned_at: Annotated[datetime, Field(description="When it was planned.")]
    not_before: Annotated[datetime, Field(description="When it is tried (again) at the earliest.")]
    settled_at: Annotated[datetime | None, Field(description="When it was settled.")]
    why: Annotated[str, Field(description="Why the last try failed, if it did.")]


@router.get("/me/alerts", auth=Token(Scope.READ), response=AlertMail)
def get_alert_mail(request: HttpRequest) -> AlertMail:
    """Whether the token's person gets alerts of the brand by mail."""
    return _mail(request)


@router.put("/me/alerts", auth=Token(Scope.WRITE), response=AlertMail)
def choose_alert_mail(request: HttpRequest, body: AlertMailBody) -> AlertMail:
    """Choose whether the token's person gets alerts of the brand by mail."""
    key = door.key(request)
    alert_settings.choose_mail(key.brand.pk, key.user, body.by_mail, door.now(request))
    return _mail(request)


@router.post("/me/alerts/try", auth=Token(Scope.WRITE), response={202: AlertMail})
def try_alert_mail(request: HttpRequest) -> Status[AlertMail]:
    """Mail the token's person a trial."""
    key = door.key(request)
    alert_settings.try_mail(key.brand.pk, key.user, door.now(request))
    return Status(202, _mail(request))


@router.get("/alert-webhooks", auth=Token(Scope.READ), response=list[AlertHook])
def list_alert_hooks(request: HttpRequest) -> list[AlertHook]:
    """Where the brand's alerts are posted to; only for supervisors."""
    brand = door.brand(request, Role.SUPERVISOR)
    troubles = ways.troubles(brand.pk)
    return [_hook(row, troubles.get(ways.hook(row.pk))) for row in alert_settings.standing(brand.pk)]


@router.post("/alert-webhooks", auth=Token(Scope.WRITE), response={201: NewAlertHook})
def make_alert_hook(request: HttpRequest, body: AlertHookBody) -> Status[NewAlertHook]:
    """Have the brand's alerts posted to an address, signed; only for supervisors."""
    brand = door.brand(request, Role.SUPERVISOR)
    made, secret = alert_settings.make_hook(brand.pk, body.address, door.key(request).user, door.now(request))
    return Status(201, NewAlertHook(**_hook(made, None).model_dump(), secret=secret))


@router.post("/alert-webhooks/{hook_id}/secret", auth=Token(Scope.WRITE), response=NewAlertHook)
def renew_alert_hook(request: HttpRequest, hook_id: Id) -> NewAlertHook:
    """Give a webhook a new secret; the one of before signs nothing from now on."""
    found = _found(request, hook_id)
    secret = alert_settings.renew_hook(found, door.key(request).user, door.now(request))
    trouble = ways.troubles(found.brand_id).get(ways.hook(found.pk))
    return NewAlertHook(**_hook(found, trouble).model_dump(), secret=secret)


@router.post("/alert-webhooks/{hook_id}/try", auth=Token(Scope.WRITE), response={202: AlertHook})
def try_alert_hook(request: HttpRequest, hook_id: Id) -> Status[AlertHook]:
    """Post a trial to a webhook at once, and with it whatever waits for it to work again."""
    found = _found(request, hook_id)
    alert_settings.try_hook(found, door.key(request).user, door.now(request))
    return Status(202, _hook(found, ways.troubles(found.brand_id).get(ways.hook(found.pk))))


@router.delete("/alert-webhooks/{hook_id}", auth=Token(Scope.WRITE), response={204: None})
def remove_alert_hook(request: HttpRequest, hook_id: Id) -> Status[None]:
    """Post nothing to a webhook any more; its address and secret are forgotten."""
    alert_settings.remove_hook(_found(request, hook_id), door.key(request).user, door.now(request))
    return Status(204, None)


@router.get("/alerts/deliveries", auth=Token(Scope.READ), response=list[Delivery])
def list_alert_deliveries(request: HttpRequest) -> list[Delivery]:
    """The last 100 deliveries of alerts by mail and webhook, newest first; only for supervisors."""
    brand = door.brand(request, Role.SUPERVISOR)
    return [_delivery(row) for row in deliveries.lately(brand.pk, MOST_LATELY)]


def _found(request: HttpRequest, hook_id: int) -> models.AlertHook:
    return door.mine(request, access.alert_hook(door.key(request).user, hook_id, Role.SUPERVISOR))


def _mail(request: HttpRequest) -> AlertMail:
    key = door.key(request)
    troubles = ways.troubles(key.brand.pk)
    trouble = troubles.get(ways.mail_to(key.user.pk)) or troubles.get(ways.MAIL)
    return AlertMail(
        by_mail=alert_settings.by_mail(key.brand.pk, key.user),
        can_mail=mail.configured(),
        trouble=trouble.why if trouble else "",
    )


def _hook(row: models.AlertHook, trouble: ways.Trouble | None) -> AlertHook:
    return AlertHook(
        id=row.pk,
        host=row.host,
        created_at=row.created_at,
        failing_since=trouble.since if trouble else None,
        tries=trouble.tries if trouble else 0,
        trouble=trouble.why if trouble else "",
    )


def _delivery(row: models.Delivery) -> Delivery:
    return Delivery(
        key=row.key,
        alert=row.alert_id,
        way=row.way,
        person=row.person_id,
        hook=row.hook_id,
        state=SendState(row.state),
        attempts=row.attempts,
        planned_at=row.planned_at,
        not_before=row.not_before,
        settled_at=row.settled_at,
        why=row.why,
    )
