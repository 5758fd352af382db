"""The alerts of a brand that concern the reader: what waits too long, until somebody has seen it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from amends.store import alerts as rows
from amends.store.desks import Desk
from amends.web import place, redrawn, views, words
from amends.web.place import in_brand


@require_safe
@in_brand
def alerts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What stands, the newest first; asked by an open page, only what has changed of it."""
    standing = rows.standing(place.reader(request).pk, desk.brand_id, desk.role)
    context = {"section": "alerts", "alerts": standing, "does": words.STEPS}
    return render(request, "parts/alerts_now.html" if redrawn.asked(request) else "alerts.html", context)


@require_POST
@in_brand
def see(request: HttpRequest, desk: Desk, alert_id: int) -> HttpResponse:
    """The reader has seen an alert; whoever was quicker has seen it for both."""
    rows.seen(alert_id, place.reader(request).pk, desk.brand_id, desk.role, place.instant(request))
    return redirect(views.back(request) if "back" in request.POST else reverse("alerts", args=[desk.slug]))
