"""API tokens: one's own, and for admins everybody's in the brand."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import tokens
from amends.store import access
from amends.store.desks import Desk
from amends.store.models import ApiToken
from amends.web import forms, place
from amends.web.people.frame import for_role, keep_once, show, take_once, try_to, within


@for_role(Role.AGENT)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The tokens that hold; posting makes one, whose secret the next page shows once."""
    reader, now = place.reader(request), place.instant(request)
    form = forms.Token(request.POST or None, initial={"scopes": ["read"]})
    if form.is_valid():
        wanted = form.cleaned_data
        expires = now + timedelta(days=int(wanted["expires"])) if wanted["expires"] else None
        try:
            _, secret = tokens.make_token(
                reader, desk.brand_id, wanted["name"], wanted["scopes"], expires, now
            )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            keep_once(request, secret)
            return redirect("tokens", desk.slug)
    rows = ApiToken.objects.filter(brand_id=desk.brand_id, revoked_at=None).select_related("user")
    if desk.role is not Role.ADMIN:
        rows = rows.filter(user=reader)
    secret = take_once(request) if request.method == "GET" else ""
    return show(
        request, "tokens.html", "tokens", form=form, tokens=rows.order_by("-created_at"), secret=secret
    )


@require_POST
@for_role(Role.AGENT)
def revoke(request: HttpRequest, desk: Desk, token_id: int) -> HttpResponse:
    """End a token."""
    reader = place.reader(request)
    found = within(desk, access.token(reader, token_id, Role.AGENT))
    return try_to(
        request,
        lambda: tokens.revoke(found, reader, place.instant(request)),
        f"“{found.name}” lets nobody in any more.",
        "tokens",
        desk.slug,
    )
