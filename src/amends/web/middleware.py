"""What every request passes: the present instant, the content policy, and errors that people can read."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from amends import clock

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ContentPolicy:
    """Nothing is loaded from elsewhere and no script or style stands in a page."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with the policy on it."""
        response = self.handler(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        return response


class Present:
    """Gives each request its `now`, and shows times in the reader's zone."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, made at one instant and for one reader."""
        request.now = clock.now()  # type: ignore[attr-defined]
        name = getattr(request.user, "time_zone", "") or "UTC"
        with timezone.override(ZoneInfo(name)):
            return self.handler(request)
