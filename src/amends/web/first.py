"""The doors of the desk: the first set-up, signing in, and joining by an invitation."""

from __future__ import annotations

from allauth.account import views as allauth
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from amends.core.case import NotPossible
from amends.pipeline import invitations, mail, people, set_up_code
from amends.pipeline.people_checks import InvitationGone, SetUpAlready
from amends.store.models import Invitation, Membership, User
from amends.web import forms, place
from amends.web.set_up import form_for

PRESENTED = "invitation"
"""Where a session notes whose secret its visitor has shown: the invitation's id, never the secret."""
page = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signing in; while nobody can, the set-up, to which thus every page leads."""
    if people.needs_first_admin():
        return redirect("set_up")
    response: HttpResponse = allauth.login(request)
    return response


@login_not_required
@never_cache
@page
def set_up(request: HttpRequest) -> HttpResponse:
    """Make the first admin and the first brand, once."""
    if not people.needs_first_admin():
        return redirect("home")
    form = form_for(request)
    if form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "code"}
        try:
            made = people.first_admin(**given, now=place.instant(request))
        except SetUpAlready as error:
            messages.error(request, error.text)
            return redirect("account_login")
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            set_up_code.forget(settings.DATA)
            _let_in(request, made.user)
            messages.success(request, f"Welcome. {made.brand.name} is ready; connect an account next.")
            return redirect("accounts", made.brand.slug)
    return render(request, "people/set_up.html", {"form": form})


@login_not_required
@never_cache
@page
def invitation(request: HttpRequest) -> HttpResponse:
    """Take the secret of an invitation: posted from the link's fragment by a script, or pasted."""
    form = forms.Code(request.POST or None)
    if form.is_valid():
        secret = form.cleaned_data["code"].rsplit("#", 1)[-1]
        try:
            found = invitations.presented(secret, place.instant(request))
        except InvitationGone as error:
            forms.refuse(form, error)
        else:
            request.session[PRESENTED] = found.pk
            # A fragment of its own, since a browser else carries the secret on to every page that follows.
            return redirect(reverse("join") + "#main")
    return render(request, "people/invitation.html", {"form": form})


@login_not_required
@never_cache
@page
def join(request: HttpRequest) -> HttpResponse:
    """Join the brand of the invitation: as who is signed in, by signing in first, or as a new person."""
    try:
        found = invitations.again(request.session.get(PRESENTED, 0), place.instant(request))
    except InvitationGone as error:
        messages.error(request, error.text)
        return redirect("invitation")
    context: dict[str, object] = {"invitation": found}
    if request.user.is_authenticated:
        return _join_as(request, found, context)
    if invitations.has_account(found):
        return render(request, "people/join_sign_in.html", context)
    return _join_new(request, found, context)


def _join_as(request: HttpRequest, found: Invitation, context: dict[str, object]) -> HttpResponse:
    if request.method == "POST":
        try:
            made = invitations.accept_as(found, place.reader(request), place.instant(request))
        except NotPossible as error:
            messages.error(request, str(error))
        else:
            return _joined(request, made)
    return render(request, "people/join_as.html", context)


def _join_new(request: HttpRequest, found: Invitation, context: dict[str, object]) -> HttpResponse:
    form = forms.Join(request.POST or None)
    if form.is_valid():
        try:
            made = invitations.accept_new(found, **form.cleaned_data, now=place.instant(request))
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            _let_in(request, made.user)
            return _joined(request, made)
    return render(request, "people/join.html", context | {"form": form})


def _joined(request: HttpRequest, made: Membership) -> HttpResponse:
    request.session.pop(PRESENTED, None)
    request.session[place.REMEMBERED] = made.brand.slug
    messages.success(request, f"Welcome to {made.brand.name}.")
    return redirect("home")


def _let_in(request: HttpRequest, user: User) -> None:
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])


@login_not_required
def reset_password(request: HttpRequest) -> HttpResponse:
    """Ask for a code by mail; where the desk sends no mail, there is no such page."""
    if not mail.configured():
        raise Http404("This desk sends no mail. Ask whoever runs it for a new password.")
    response: HttpResponse = allauth.password_reset(request)
    return response
