"""The front page, and how the desk looks."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from amends.web import place

_YEAR = 365 * 24 * 3600
LOOKS = ("light", "dark")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """On to the inbox of the brand the reader looked at last; a kind word where they have none yet."""
    brand = place.of(request).brand
    if brand is None:
        return render(request, "no_brand.html")
    return redirect("inbox", brand.slug)


@login_not_required
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Keep the look the reader chose on their device, and go back to where they were."""
    response = HttpResponseRedirect(back(request))
    chosen = request.POST.get("look", "")
    if chosen in LOOKS:
        response.set_cookie("look", chosen, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("look", samesite="Lax")
    return response


def back(request: HttpRequest) -> str:
    """The page of this desk that a form names as the one to go back to, else the front page."""
    wanted = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") and wanted.isprintable() else "/"
