"""Who hears of a brand's alerts beyond the screen: mail for oneself, webhooks by those who supervise."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction

from amends.core import signed
from amends.core.case import NotPossible
from amends.core.hosts import NotAHost, host, named
from amends.core.values import Role
from amends.pipeline import wake
from amends.pipeline.people_checks import BadField, NotForYou
from amends.pipeline.standing import hold_brand, on_record, role_in
from amends.store import deliveries, sealed, ways
from amends.store.models import AlertHook, Membership, User
from amends.store.plain import plain

LONGEST = 1000
MOST_HOOKS = 10
SECRET_BYTES = 32
_PORTS = {"https": 443, "http": 80}
_BAD = "Give an address like https://alerts.example.com/amends, without a name or password in it."


def choose_mail(brand_id: int, person: User, by_mail: bool, now: datetime) -> None:
    """Whether the person hears by mail of what concerns them: their own cases; all, where they supervise."""
    with transaction.atomic():
        hold_brand(brand_id)
        role_in(brand_id, person)
        changed = Membership.objects.filter(brand_id=brand_id, user=person).exclude(alerts_by_mail=by_mail)
        if changed.update(alerts_by_mail=by_mail):
            on_record(brand_id, person, "alerts by mail chosen", {"by_mail": by_mail}, now)
            if not by_mail:
                deliveries.drop(now, "They chose no mail.", person=person.pk, brand=brand_id)


def by_mail(brand_id: int, person: User) -> bool:
    """What the person chose."""
    return Membership.objects.filter(brand_id=brand_id, user=person, alerts_by_mail=True).exists()


def make_hook(brand_id: int, address: str, by: User, now: datetime) -> tuple[AlertHook, str]:
    """A webhook that gets the brand's alerts, and its secret, which is shown once; raises BadField."""
    url, shown = _checked(address)
    with transaction.atomic():
        _as_supervisor(brand_id, by)
        if standing(brand_id).count() >= MOST_HOOKS:
            raise BadField("address", f"A brand has {MOST_HOOKS} webhooks at most; remove one first.")
        secret = signed.spelled(secrets.token_bytes(SECRET_BYTES))
        made = AlertHook.objects.create(
            brand_id=brand_id,
            host=shown,
            address=sealed.seal(url),
            secret=sealed.seal(secret),
            created_at=now,
            created_by=by,
        )
        on_record(brand_id, by, "alert webhook made", {"hook": made.pk, "host": shown}, now)
    return made, secret


def renew_hook(hook: AlertHook, by: User, now: datetime) -> str:
    """A new secret for a webhook, shown once; the one of before signs nothing from now on."""
    with transaction.atomic():
        held = _held(hook, by)
        secret = signed.spelled(secrets.token_bytes(SECRET_BYTES))
        held.secret = sealed.seal(secret)
        held.save(update_fields=["secret"])
        on_record(held.brand_id, by, "alert webhook given a new secret", {"hook": held.pk}, now)
    return secret


def remove_hook(hook: AlertHook, by: User, now: datetime) -> None:
    """Nothing is posted there any more; its address and secret are forgotten."""
    with transaction.atomic():
        held = _held(hook, by)
        held.ended_at, held.address, held.secret = now, sealed.seal(""), sealed.seal("")
        held.save(update_fields=["ended_at", "address", "secret"])
        deliveries.drop(now, "The webhook was removed.", hook=held.pk, brand=held.brand_id)
        ways.worked(held.brand_id, [ways.hook(held.pk)], now)
        on_record(held.brand_id, by, "alert webhook removed", {"hook": held.pk, "host": held.host}, now)


def try_hook(hook: AlertHook, by: User, now: datetime) -> None:
    """Post a trial to the webhook at once, and with it whatever waits for it to work again."""
    with transaction.atomic():
        held = _held(hook, by)
        deliveries.plan_trial(held.brand_id, now, hook=held.pk)
        ways.try_now(held.brand_id, ways.hook(held.pk), now)
        transaction.on_commit(wake.deliver)


def try_mail(brand_id: int, person: User, now: datetime) -> None:
    """Mail the person a trial at once; raises NotPossible where they chose no mail."""
    with transaction.atomic():
        hold_brand(brand_id)
        role_in(brand_id, person)
        if not by_mail(brand_id, person):
            raise NotPossible("You get no alerts by mail here; choose that first. Nothing was sent.")
        deliveries.plan_trial(brand_id, now, person=person.pk)
        ways.try_now(brand_id, ways.MAIL, now)
        transaction.on_commit(wake.deliver)


def standing(brand_id: int) -> models.QuerySet[AlertHook]:
    """The webhooks of a brand that get its alerts."""
    return AlertHook.objects.filter(brand_id=brand_id, ended_at=None).order_by("pk")


def _held(hook: AlertHook, by: User) -> AlertHook:
    _as_supervisor(hook.brand_id, by)
    held = AlertHook.objects.select_for_update(no_key=True).get(pk=hook.pk)
    if held.ended_at is not None:
        raise NotPossible("This webhook was removed meanwhile; nothing was changed.")
    return held


def _as_supervisor(brand_id: int, by: User) -> None:
    hold_brand(brand_id)
    if not role_in(brand_id, by).covers(Role.SUPERVISOR):
        raise NotForYou("This needs the role supervisor in this brand; nothing was changed.")


def _checked(address: str) -> tuple[str, str]:
    """The address as it is called, and the host as it may be shown."""
    url = plain(address).strip()
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        name = host(f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "")
    except (ValueError, NotAHost):
        raise BadField("address", _BAD) from None
    if len(url) > LONGEST or not url.isprintable() or " " in url or parts.scheme not in _PORTS:
        raise BadField("address", _BAD)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadField("address", _BAD)
    place = named(name, port)
    if parts.scheme == "http" and place not in settings.ALLOW_HOSTS:
        raise BadField("address", "Alerts leave the desk encrypted only: give an https:// address.")
    shown = f"[{name}]" if ":" in name else name
    return url, shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
