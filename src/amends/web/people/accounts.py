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
from amends.pipeline import accounts, connecting
from amends.store import access, streams
from amends.store.accounts import NOTICE, told
from amends.store.desks import Desk
from amends.store.models import Account, Send
from amends.store.sources import is_source
from amends.web import forms, place
from amends.web.people.frame import for_role, show, within

QUIET_AFTER = timedelta(minutes=5)
"""An account that has not been asked for so long is not being watched."""
CONNECTED = "is connected. Its posts arrive within a minute."
SIGN_IN_IDS = "sign_in_%s"
"""Two forms of the page have fields of the same name."""


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

    @property
    def notice(self) -> str:
        """What an admin should know of it, though it works."""
        return told(self.account.settings).get(NOTICE, "") if self.account.active else ""


@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The accounts of a brand and their health; posting connects one by its token."""
    now = place.instant(request)
    form = forms.Connect(request.POST or None)
    if form.is_valid():
        try:
            with wire() as carrier:
                made = accounts.connect(
                    desk.brand_id, **form.cleaned_data, by=place.reader(request), now=now, wire=carrier
                )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"“{made.handle}” {CONNECTED}")
            return redirect("accounts", desk.slug)
    return shown(request, desk, token=form)


def shown(
    request: HttpRequest,
    desk: Desk,
    *,
    token: forms.Connect | None = None,
    sign_in: forms.SignIn | None = None,
) -> HttpResponse:
    """The page of the accounts, with a form that was filled in before."""
    now, away = place.instant(request), connecting.is_elsewhere(_here(request))
    rows = Account.objects.filter(brand_id=desk.brand_id).order_by("-active", "channel", "handle")
    live = streams.open_now()
    return show(
        request,
        "accounts.html",
        "accounts",
        form=token or forms.Connect(),
        sign_in=sign_in or forms.SignIn(initial={"pasted": away}, auto_id=SIGN_IN_IDS),
        signs_in=bool(connecting.channels()),
        comes_back_to=settings.URL,
        accounts=[Health(row, *_health(row, now, live=row.pk in live)) for row in rows],
    )


@for_role(Role.ADMIN)
def reconnect(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """Give an account a new token."""
    found = within(desk, access.account(place.reader(request), account_id, Role.ADMIN))
    form = forms.Reconnect(request.POST or None)
    if form.is_valid():
        try:
            with wire() as carrier:
                accounts.reconnect(
                    found, form.cleaned_data["token"], place.reader(request), place.instant(request), carrier
                )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"“{found.handle}” is connected with its new token.")
            return redirect("accounts", desk.slug)
    again = forms.SignInAgain(initial={"pasted": connecting.is_elsewhere(_here(request))})
    signs_in = found.channel in connecting.channels()
    return show(
        request,
        "reconnect.html",
        "accounts",
        form=form,
        sign_in=again if signs_in else None,
        comes_back_to=settings.URL,
        account=found,
    )


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


def _health(account: Account, now: datetime, *, live: bool) -> tuple[str, str]:
    if not account.active:
        return "Disconnected", "plain"
    if account.trouble:
        return "In trouble", "bad"
    if is_source(account):
        return ("Receives", "good") if account.last_event_at else ("No delivery yet", "info")
    if now - (account.polled_at or account.created_at) > QUIET_AFTER:
        return "Not being watched", "warn"
    if not account.polled_at:
        return "Just connected", "info"
    return ("Watched live" if live else "Watched"), "good"


def _here(request: HttpRequest) -> str:
    """The address at which the reader reaches the desk."""
    return f"{request.scheme}://{request.get_host()}"


def wire() -> Http:
    """The way to the networks."""
    return Http(allow_hosts=settings.ALLOW_HOSTS, now=clock.now)
