"""The accounts of a brand: connecting, giving a new token, disconnecting, and how each one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from amends import clock
from amends.channels.drive import Http
from amends.core.case import NotPossible
from amends.core.values import Role, SendState
from amends.pipeline import accounts
from amends.store import access
from amends.store.desks import Desk
from amends.store.models import Account, Send
from amends.store.sources import is_source
from amends.web import forms, place
from amends.web.people.frame import for_role, show, within

QUIET_AFTER = timedelta(minutes=5)
"""An account that has not been asked for so long is not being watched."""


@dataclass(frozen=True, slots=True)
class Health:
    """An account with how it is, in a word and a tone."""

    account: Account
    word: str
    tone: str

    @property
    def is_source(self) -> bool:
        """Whether other systems deliver through it."""
        return is_source(self.account)


@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The accounts of a brand and their health; posting connects one."""
    now = place.instant(request)
    form = forms.Connect(request.POST or None)
    if form.is_valid():
        try:
            with _wire() as wire:
                made = accounts.connect(
                    desk.brand_id, **form.cleaned_data, by=place.reader(request), now=now, wire=wire
                )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"“{made.handle}” is connected. Its posts arrive within a minute.")
            return redirect("accounts", desk.slug)
    rows = Account.objects.filter(brand_id=desk.brand_id).order_by("-active", "channel", "handle")
    health = [Health(row, *_health(row, now)) for row in rows]
    return show(request, "accounts.html", "accounts", form=form, accounts=health)


@for_role(Role.ADMIN)
def reconnect(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """Give an account a new token."""
    found = within(desk, access.account(place.reader(request), account_id, Role.ADMIN))
    form = forms.Reconnect(request.POST or None)
    if form.is_valid():
        try:
            with _wire() as wire:
                accounts.reconnect(
                    found, form.cleaned_data["token"], place.reader(request), place.instant(request), wire
                )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"“{found.handle}” is connected with its new token.")
            return redirect("accounts", desk.slug)
    return show(request, "reconnect.html", "accounts", form=form, account=found)


@for_role(Role.ADMIN)
def disconnect(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """Stop using an account, after seeing what follows."""
    found = within(desk, access.account(place.reader(request), account_id, Role.ADMIN))
    if request.method == "POST":
        taken_back = accounts.disconnect(found, place.reader(request), place.instant(request))
        more = f" {taken_back} planned answers went back to their cases." if taken_back else ""
        messages.success(request, f"“{found.handle}” is disconnected and its token forgotten.{more}")
        return redirect("accounts", desk.slug)
    planned = Send.objects.filter(account=found, state=SendState.PLANNED).count()
    return show(
        request, "disconnect.html", "accounts", account=found, planned=planned, source=is_source(found)
    )


def _health(account: Account, now: datetime) -> tuple[str, str]:
    if not account.active:
        return "Disconnected", "plain"
    if account.trouble:
        return "In trouble", "bad"
    if is_source(account):
        return ("Receives", "good") if account.last_event_at else ("No delivery yet", "info")
    if now - (account.polled_at or account.created_at) > QUIET_AFTER:
        return "Not being watched", "warn"
    return ("Watched", "good") if account.polled_at else ("Just connected", "info")


def _wire() -> Http:
    return Http(allow_hosts=settings.ALLOW_HOSTS, now=clock.now)
