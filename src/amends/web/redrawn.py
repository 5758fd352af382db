"""An open list drawn anew: its rows and what stands around them, by the view of the whole page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.timezone import get_current_timezone_name

from amends.store.desks import Desk
from amends.store.lists import Filter, View
from amends.web import lately

ASKED = "Redraw"
"""The header by which a page asks; its value is the mark of the telling that it heard, if one made it ask."""
_MARK = re.compile(r"[0-9a-f]{8,32}")
Context = Mapping[str, object]


def asked(request: HttpRequest) -> bool:
    """Whether a page that shows the list already asks what is in it now."""
    return ASKED in request.headers


def answer(
    request: HttpRequest, desk: Desk, template: str, around: Context, rows: Callable[[], Context]
) -> HttpResponse:
    """The list as it is now; its rows are rendered once for all who heard the same telling.

    Rows are rendered for nobody in particular: the page itself says which of them are its reader's.
    """
    context = {**around, "user": AnonymousUser()}

    def rendered() -> str:
        return render_to_string(f"parts/{template}", {**context, **rows()}, request)

    mark = request.headers[ASKED]
    wanted = around["wanted"]
    key = (
        desk.brand_id,
        _reader(request, wanted),
        request.get_full_path(),
        get_current_timezone_name(),
        mark,
    )
    html = lately.html(key, rendered) if _MARK.fullmatch(mark) else rendered()
    response = render(request, "parts/redrawn.html", {**around, "list": html})
    response.headers["Cache-Control"] = "no-store"
    return response


def _reader(request: HttpRequest, wanted: object) -> int | None:
    """Whose list it is, where that makes a difference."""
    is_mine = isinstance(wanted, Filter) and wanted.view is View.MINE
    return request.user.pk if is_mine else None
