"""Open screens: the stream of what changes in the reader's brands."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from amends.pipeline import listening
from amends.web import place


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
