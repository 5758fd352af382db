"""Sources of a brand: letting another system deliver posts by signed webhook, and giving it a new secret."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from amends.core import addresses
from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import sources
from amends.store import access
from amends.store.desks import Desk
from amends.store.models import Account
from amends.store.sources import is_source
from amends.web import forms, place
from amends.web.people.frame import for_role, keep_once, show, take_once, try_to, within


@for_role(Role.ADMIN)
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What a source is; posting makes one, and the next page shows its secret once."""
    form = forms.Source(request.POST or None)
    if form.is_valid():
        try:
            made, secret = sources.make(
                desk.brand_id, form.cleaned_data["channel"], place.reader(request), place.instant(request)
            )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            keep_once(request, secret)
            return redirect("source", desk.slug, made.pk)
    return show(request, "source_new.html", "accounts", form=form)


@require_safe
@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """One source: where to post to, its secret if it was made just now, and how it fares."""
    found = _source(request, desk, account_id)
    return show(
        request,
        "source.html",
        "accounts",
        account=found,
        address=sources.address(found, settings.URL),
        secret=take_once(request),
        old_until=sources.old_secret_until(found, place.instant(request)),
        only_here=addresses.is_here(settings.URL),
        overlap=sources.OVERLAP,
    )


@require_POST
@for_role(Role.ADMIN)
def renew(request: HttpRequest, desk: Desk, account_id: int) -> HttpResponse:
    """Give a source a new secret, which the next page shows once."""
    found = _source(request, desk, account_id)
    return try_to(
        request,
        lambda: keep_once(request, sources.renew(found, place.reader(request), place.instant(request))),
        f"“{found.handle}” has a new secret. The old one is good for another 24 hours.",
        "source",
        desk.slug,
        found.pk,
    )


def _source(request: HttpRequest, desk: Desk, account_id: int) -> Account:
    found = within(desk, access.account(place.reader(request), account_id, Role.ADMIN))
    if not is_source(found):
        raise Http404("This account is no source of webhooks.")
    return found
