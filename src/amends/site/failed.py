"""What comes back where a view failed: while the database is away a kind word, else the page of a fault."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from amends.api import problems
from amends.pipeline.sources import PATH
from amends.site.away import is_away

RETRY_AFTER = 5
_FOR_PROGRAMS = ("/api/", PATH)
_WHAT = "The database of the desk does not answer just now."
_KEPT = "Nothing, or all of it, if the connection broke in the last moment; ids and keys make it safe to ask."
_NEXT = "Send the same request again in a few seconds, with the same ids and the same Idempotency-Key."


def failed(request: HttpRequest) -> HttpResponse:
    """The answer where a view failed: 503 while the database is away, else the page of a fault of ours."""
    if not is_away(sys.exception()):
        return defaults.server_error(request)
    if request.path_info.startswith(_FOR_PROGRAMS):
        status = HTTPStatus.SERVICE_UNAVAILABLE
        response = problems.answer(status, "database-away", _WHAT, _NEXT, kept=_KEPT)
    else:
        response = HttpResponse(loader.render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    return response
