"""The supervisor's screen: a brand at this moment, redrawn as it changes."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.timezone import get_current_timezone_name
from django.views.decorators.http import require_safe

from amends.core.values import Role
from amends.store import access, alerts, now
from amends.store.desks import Desk
from amends.web import lately, place, redrawn, words
from amends.web.place import in_brand

_MARK = re.compile(r"[0-9a-f]{8,32}")
ALERTS = 5
_PARTS = ("parts/now_top.html", "parts/now_figures.html")
_CUT = "<!-- alerts -->"


@require_safe
@in_brand
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Clocks, queue, people, load and the alerts that stand; asked by an open page, only what may change.

    The figures are rendered once for everybody who heard of the same change.
    """
    access.check(desk.role, Role.SUPERVISOR)
    reader = place.reader(request)
    clocks, figures = _figures(request, desk).split(_CUT)
    context = {
        "section": "now",
        "alerts": alerts.standing(reader.pk, desk.brand_id, desk.role, ALERTS),
        "does": words.STEPS,
        "clocks": clocks,
        "figures": figures,
        "every": 5000,
    }
    response = render(request, "parts/now_now.html" if redrawn.asked(request) else "now.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _figures(request: HttpRequest, desk: Desk) -> str:
    def rendered() -> str:
        context = {
            "brand": desk,
            "found": now.now(desk.brand_id, place.instant(request)),
            "now": place.instant(request),
            "severities": words.SEVERITIES,
            "doing": words.DOING,
        }
        return _CUT.join(render_to_string(part, context) for part in _PARTS)

    mark = request.headers.get(redrawn.ASKED, "")
    if not _MARK.fullmatch(mark):
        return rendered()
    return lately.html(("now", desk.brand_id, get_current_timezone_name(), mark), rendered)
