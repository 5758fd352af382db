"""What a brand is called, and what came in for it and could not be taken in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import people
from amends.pipeline.trying_again import try_again
from amends.store import failed_items
from amends.store.desks import Desk
from amends.web import forms, place
from amends.web.people.frame import for_role, show


@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The name; the address of the brand's pages stays as it is."""
    form = forms.BrandName(request.POST or None, initial={"brand": desk.name})
    if form.is_valid():
        try:
            wanted = form.cleaned_data["brand"]
            made = people.rename(desk.brand_id, wanted, place.reader(request), place.instant(request))
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"The brand is called {made.name} now.")
            return redirect("brand", desk.slug)
    return show(request, "brand.html", "brand", form=form, failed=failed_items.of_brand(desk.brand_id))


@require_POST
@for_role(Role.ADMIN)
def retry(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take in once more what could not be taken in."""
    count = try_again(desk.brand_id, place.reader(request), place.instant(request))
    if count:
        messages.success(request, f"{count} tried again: a worker takes in what it can.")
    else:
        messages.info(request, "There is nothing to be tried again.")
    return redirect("brand", desk.slug)
