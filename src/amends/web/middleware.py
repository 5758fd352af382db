"""What every request passes: the present instant, the content policy, and doors shut to broken requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from amends import clock

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ContentPolicy:
    """Nothing is loaded from elsewhere, no script or style stands in a page, no page is kept by others."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with the policy on it."""
        response = self.handler(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class Sound:
    """Refuses what no browser sends and no row can hold: other encodings than UTF-8, control characters in
    cookies."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, or 400 in plain words."""
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower().strip("\"' ") not in ("utf-8", "utf8", "us-ascii"):
            return HttpResponse("Send text as UTF-8.", status=400, content_type="text/plain; charset=utf-8")
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if value.isprintable()}
        return self.handler(request)


class Present:
    """Gives each request its `now`, and shows times in the reader's zone.

    The zone is the one in the reader's settings, else the one their browser told (cookie `zone`), else UTC.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, made at one instant and for one reader."""
        request.now = clock.now()  # type: ignore[attr-defined]
        chosen = getattr(request.user, "time_zone", "") or unquote(request.COOKIES.get("zone", ""))
        with timezone.override(ZoneInfo(chosen if chosen in _zones() else "UTC")):
            return self.handler(request)


class SignedOut:
    """Tells a page that asked in the background that its reader is signed out."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer; 401 where it would have been the sign-in page in place of a part of another page."""
        response = self.handler(request)
        if request.headers.get("HX-Request") != "true" or response.status_code != 302:
            return response
        to_sign_in = response.headers["Location"].startswith(resolve_url(settings.LOGIN_URL))
        return HttpResponse(status=401) if to_sign_in else response


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
