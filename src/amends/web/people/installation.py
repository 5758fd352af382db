"""The installation, for who runs it: its brands, and whether what must not be lost is safe."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.pipeline import installation, people
from amends.store.models import Brand
from amends.web import forms, place
from amends.web.people.frame import for_staff, show, try_to


@for_staff
def page(request: HttpRequest) -> HttpResponse:
    """Version, database, backup, checkpoint and brands; posting makes a brand."""
    form = forms.NewBrand(request.POST or None)
    if form.is_valid():
        wanted, reader = form.cleaned_data, place.reader(request)
        try:
            made = people.make_brand(wanted["brand"], wanted["time_zone"], reader, place.instant(request))
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"{made.brand.name} is ready; connect an account next.")
            return redirect("accounts", made.brand.slug)
    return show(
        request,
        "installation.html",
        "installation",
        form=form,
        brands=installation.brands(),
        facts=installation.facts(place.instant(request)),
    )


@require_POST
@for_staff
def adopt(request: HttpRequest, brand_id: int) -> HttpResponse:
    """Become admin of a brand that has none."""
    found = Brand.objects.filter(pk=brand_id).first() if brand_id < 2**63 else None
    if found is None:
        raise Http404("There is no such brand.")
    return try_to(
        request,
        lambda: people.adopt(found.pk, place.reader(request), place.instant(request)),
        f"You are admin of {found.name} now.",
        "installation",
    )
