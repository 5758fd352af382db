"""What the desk sees of a request, for `amends doctor`: whether its address leads here, and past whom."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

HEADER = "Amends-Reach"
_GOOD_FOR = 60


def token() -> str:
    """What lets one ask, for a minute; only who has the desk's secret key can make it."""
    return TimestampSigner(salt=HEADER).sign("reach")


@login_not_required
@require_safe
def reach(request: HttpRequest) -> HttpResponse:
    """How the request came; for everybody but the doctor there is nothing here."""
    try:
        TimestampSigner(salt=HEADER).unsign(request.headers.get(HEADER, ""), max_age=_GOOD_FOR)
    except BadSignature:
        raise Http404("There is nothing at this address.") from None
    way = request.way  # type: ignore[attr-defined]
    seen = {"scheme": request.scheme, "host": request.get_host(), "told": way.told, "trusted": way.trusted}
    return JsonResponse({**seen, "peer": way.peer}, headers={"Cache-Control": "no-store"})
