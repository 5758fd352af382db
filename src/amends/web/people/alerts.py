"""Who hears of a brand's alerts beyond the screen: mail for oneself, webhooks for who supervises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import alert_settings, mail
from amends.store import access, deliveries, ways
from amends.store.desks import Desk
from amends.store.models import AlertHook
from amends.store.ways import Trouble
from amends.web import forms, place, words
from amends.web.people.frame import for_role, keep_once, show, take_once, try_to, within


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook of the brand, and what is wrong with it."""

    row: AlertHook
    trouble: Trouble | None


@for_role(Role.AGENT)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """How the reader and the brand hear of alerts; posting makes a webhook, whose secret is shown once."""
    reader = place.reader(request)
    supervises = desk.role.covers(Role.SUPERVISOR)
    if request.method == "POST":
        access.check(desk.role, Role.SUPERVISOR)
    form = forms.AlertHook(request.POST or None)
    if form.is_valid():
        try:
            wanted = form.cleaned_data["address"]
            _, secret = alert_settings.make_hook(desk.brand_id, wanted, reader, place.instant(request))
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            keep_once(request, secret)
            return redirect("alert_settings", desk.slug)
    troubles = ways.troubles(desk.brand_id)
    hooks = alert_settings.standing(desk.brand_id) if supervises else ()
    return show(
        request,
        "alerts.html",
        "alerts",
        form=form,
        supervises=supervises,
        by_mail=alert_settings.by_mail(desk.brand_id, reader),
        mailed=mail.configured(),
        mail_trouble=troubles.get(ways.mail_to(reader.pk)) or troubles.get(ways.MAIL),
        hooks=[Hook(row, troubles.get(ways.hook(row.pk))) for row in hooks],
        deliveries=deliveries.lately(desk.brand_id) if supervises else (),
        states=words.SEND_STATES,
        does=words.STEPS,
        secret=take_once(request) if request.method == "GET" else "",
    )


@require_POST
@for_role(Role.AGENT)
def choose(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Whether the reader hears of alerts by mail."""
    wanted = request.POST.get("by_mail") == "on"
    told = "You get the alerts that concern you by mail." if wanted else "You get no alerts by mail."
    return _tried(
        request,
        desk,
        lambda now: alert_settings.choose_mail(desk.brand_id, place.reader(request), wanted, now),
        told,
    )


@require_POST
@for_role(Role.AGENT)
def try_mail(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Mail the reader a trial."""
    if not mail.configured():
        messages.error(request, "No mail server is set for this desk, so nothing was sent.")
        return redirect("alert_settings", desk.slug)
    return _tried(
        request,
        desk,
        lambda now: alert_settings.try_mail(desk.brand_id, place.reader(request), now),
        "A trial is on its way to you; what comes of it stands below within a minute.",
    )


@require_POST
@for_role(Role.SUPERVISOR)
def try_hook(request: HttpRequest, desk: Desk, hook_id: int) -> HttpResponse:
    """Post a trial to a webhook."""
    found = _hook(request, desk, hook_id)
    return _tried(
        request,
        desk,
        lambda now: alert_settings.try_hook(found, place.reader(request), now),
        f"A trial is on its way to {found.host}; what comes of it stands below.",
    )


@require_POST
@for_role(Role.SUPERVISOR)
def renew(request: HttpRequest, desk: Desk, hook_id: int) -> HttpResponse:
    """Give a webhook a new secret, which the next page shows once."""
    found = _hook(request, desk, hook_id)
    return _tried(
        request,
        desk,
        lambda now: keep_once(request, alert_settings.renew_hook(found, place.reader(request), now)),
        f"{found.host} has a new secret; the old one signs nothing any more.",
    )


@require_POST
@for_role(Role.SUPERVISOR)
def remove(request: HttpRequest, desk: Desk, hook_id: int) -> HttpResponse:
    """Post nothing to a webhook any more."""
    found = _hook(request, desk, hook_id)
    return _tried(
        request,
        desk,
        lambda now: alert_settings.remove_hook(found, place.reader(request), now),
        f"{found.host} gets no alerts any more.",
    )


def _hook(request: HttpRequest, desk: Desk, hook_id: int) -> AlertHook:
    return within(desk, access.alert_hook(place.reader(request), hook_id, Role.SUPERVISOR))


def _tried(request: HttpRequest, desk: Desk, deed: Callable[[datetime], object], told: str) -> HttpResponse:
    return try_to(request, lambda: deed(place.instant(request)), told, "alert_settings", desk.slug)
