"""Open screens: the stream of what changes in the reader's brands, and who has which case before them."""

from __future__ import annotations

import re

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from amends.core.values import Doing
from amends.pipeline import listening
from amends.store import access, presence
from amends.store.presence import Place
from amends.web import asked, place

_NAME = re.compile(r"[0-9a-f]{8,32}")


@require_GET
def stream(request: HttpRequest) -> HttpResponse:
    """What changes in all brands of the reader, until their session ends; only for the desk's own pages.

    Another site cannot ask with this header, whatever the browser sends along.
    """
    if request.headers.get("HX-Request") != "true":
        raise PermissionDenied("Only a page of the desk can listen here; programs listen at /api/v1/live.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise PermissionDenied("Another site asked for this.")
    session = request.session.session_key or ""
    return listening.by_session(place.reader(request), session, place.of(request).places)


@require_POST
def here(request: HttpRequest, case_id: int) -> HttpResponse:
    """The reader has this case before them in one of their windows, and does this there."""
    case = access.case(place.reader(request), case_id, access.AGENT)
    doing = asked.word(request.POST, "doing", Doing) or Doing.READING
    stream = request.POST.get("stream", "")
    window = Place(place.reader(request).pk, _named(request, "place"), stream and _named(request, "stream"))
    presence.put(window, case.brand_id, case.pk, doing, place.instant(request))
    return HttpResponse(status=204)


@require_POST
def gone(request: HttpRequest) -> HttpResponse:
    """One of the reader's windows has no case before them any more."""
    presence.leave(place.reader(request).pk, _named(request, "place"))
    return HttpResponse(status=204)


def _named(request: HttpRequest, field: str) -> str:
    given = request.POST.get(field, "")
    if not _NAME.fullmatch(given):
        raise BadRequest(f"“{field}” names no window of the desk.")
    return given
