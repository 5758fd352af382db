"""Connecting an account by signing in on its own server: there by a link, back by an address or a code."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import coming_back, connecting
from amends.pipeline.coming_back import Answer
from amends.pipeline.connecting import Begun, SignInGone
from amends.pipeline.people_checks import BadField, NotForYou
from amends.store import access
from amends.store.desks import Desk
from amends.store.models import Account, SignIn, User
from amends.web import forms, place
from amends.web.people import accounts
from amends.web.people.frame import for_role, show, within

_SIGNED_OUT = (
    "You are not signed in to the desk in this browser, so nothing was connected. Sign in to the desk here "
    "and begin again under Settings, Accounts."
)


@require_POST
@for_role(Role.ADMIN)
def sign_in(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Begin to connect an account on the server that was typed."""
    form = forms.SignIn(request.POST, auto_id=accounts.SIGN_IN_IDS)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            with accounts.wire() as wire:
                begun = connecting.begin(
                    desk.brand_id,
                    wanted["channel"],
                    wanted["server"],
                    session=_session(request),
                    pasted=wanted["pasted"],
                    by=place.reader(request),
                    now=place.instant(request),
                    wire=wire,
                )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            return _onwards(request, desk, begun, pasted=wanted["pasted"])
    return accounts.shown(request, desk, sign_in=form)


@require_POST
@for_role(Role.ADMIN)
def again(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """Begin to get a new token for an account."""
    found = within(desk, access.account(place.reader(request), account_id, Role.ADMIN))
    pasted = "pasted" in request.POST
    try:
        with accounts.wire() as wire:
            begun = connecting.begin_again(
                found,
                session=_session(request),
                pasted=pasted,
                by=place.reader(request),
                now=place.instant(request),
                wire=wire,
            )
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("reconnect", desk.slug, found.pk)
    return _onwards(request, desk, begun, pasted=pasted)


@for_role(Role.ADMIN)
def code(request: HttpRequest, desk: Desk, sign_in_id: int) -> HttpResponse:
    """The link to a server that shows a code, and the field to paste it into."""
    reader, now, session = place.reader(request), place.instant(request), _session(request)
    found = within(desk, access.sign_in(reader, sign_in_id, Role.ADMIN))
    form = forms.ShownCode(request.POST or None)
    if form.is_valid():
        try:
            with accounts.wire() as wire:
                pasted = form.cleaned_data["code"]
                made = coming_back.paste(found, pasted, session=session, by=reader, now=now, wire=wire)
        except NotPossible as error:
            if not (isinstance(error, BadField) and error.field == "code"):
                return _in_vain(request, desk.slug, error)
            forms.refuse(form, error)
        else:
            return _done(request, found, made)
    try:
        page = connecting.consent_page(found, session, now)
    except SignInGone as error:
        return _in_vain(request, desk.slug, error)
    return show(request, "sign_in_code.html", "accounts", form=form, page=page, server=found.app.base_url)


@login_not_required
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Where servers send people back to; whatever comes of it, the code leaves the address or was refused."""
    told = request.GET
    answer = Answer(told.get("state", ""), told.get("code", ""), told.get("error", ""), told.get("iss", ""))
    if isinstance(request.user, User):
        response = _finished(request, answer, request.user)
    else:
        response = _refused(request, _SIGNED_OUT, 403)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _onwards(request: HttpRequest, desk: Desk, begun: Begun, *, pasted: bool) -> HttpResponse:
    """A page of ours that goes on to the server's: our forms may not lead to another host by themselves."""
    if not begun.shows_code:
        where = begun.sign_in.app.base_url
        return show(request, "sign_in.html", "accounts", url=begun.url, server=where)
    if not pasted:
        messages.info(request, "This server does not send people back to the desk. It shows a code instead.")
    return redirect("sign_in_code", desk.slug, begun.sign_in.pk)


def _finished(request: HttpRequest, answer: Answer, reader: User) -> HttpResponse:
    now = place.instant(request)
    try:
        claimed = coming_back.claim(answer, session=_session(request), by=reader, now=now)
    except SignInGone as error:
        return _refused(request, error.text, 400)
    try:
        with accounts.wire() as wire:
            made = coming_back.finish(claimed, answer, by=reader, now=now, wire=wire)
    except NotForYou as error:
        return _refused(request, error.text, 403)
    except NotPossible as error:
        return _in_vain(request, claimed.brand.slug, error)
    return _done(request, claimed, made)


def _done(request: HttpRequest, finished: SignIn, made: Account) -> HttpResponse:
    told = "is connected with its new token." if finished.account else accounts.CONNECTED
    messages.success(request, f"“{made.handle}” {told}")
    return redirect("accounts", finished.brand.slug)


def _in_vain(request: HttpRequest, slug: str, error: NotPossible) -> HttpResponse:
    messages.error(request, str(error))
    return redirect("accounts", slug)


def _refused(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return render(request, "people/sign_in_gone.html", {"why": why}, status=status)


def _session(request: HttpRequest) -> str:
    """What names this browser's session; never nothing, which would stand for a program."""
    return request.session.session_key or "-"
