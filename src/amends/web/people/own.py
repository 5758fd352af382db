"""What is a person's own: name and time zone; and the way into the settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import people
from amends.store import access
from amends.web import forms, place
from amends.web.people.frame import show


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """On to the settings that the reader will most likely want."""
    brand = place.of(request).brand
    if brand is not None and brand.role is Role.ADMIN:
        return redirect("people", brand.slug)
    return redirect("profile")


def profile(request: HttpRequest) -> HttpResponse:
    """Name and time zone, and the ways to what keeps the sign-in safe."""
    reader = place.reader(request)
    known = {"name": reader.name, "time_zone": reader.time_zone or "UTC"}
    form = forms.Profile(request.POST or None, initial=known)
    if form.is_valid():
        try:
            people.set_profile(reader, **form.cleaned_data)
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Kept.")
            return redirect("profile")
    return show(request, "profile.html", "profile", form=form, memberships=access.memberships(reader))
