"""What a brand is called."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import people
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
    return show(request, "brand.html", "brand", form=form)
