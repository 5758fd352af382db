"""`POST /hooks/<key>`: signed deliveries of other systems, past all that is for browsers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from amends import clock
from amends.api import bodies, problems
from amends.core.signed import Envelope
from amends.pipeline import hooks
from amends.pipeline.hooks import MOST_POSTS
from amends.pipeline.offered import Became, Told
from amends.pipeline.pace import Pace
from amends.pipeline.sources import PATH

Handler = Callable[[HttpRequest], HttpResponse]
MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_TRIES = 3
_SIGN = "Sign it as docs/webhooks.md says, with the source's present secret and a clock that is right."
_SHAPE = f"Send one post, a list of posts, or an object with the list in `posts`; at most {MOST_POSTS}."


class Hooks:
    """Answers deliveries at the head of the middleware: no session, no cookie, no CSRF, no template.

    The answer is 2xx only when what it calls kept is on disk; while the database is away it is 503.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.pace = Pace(max(MOST_POSTS, settings.HOOK_POSTS_PER_MINUTE))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer to a delivery; every other request goes on."""
        if not request.path_info.startswith(PATH):
            return self.handler(request)
        response = _unfit(request) or self._received(request)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Length"] = str(len(response.content))
        return response

    def _received(self, request: HttpRequest) -> HttpResponse:
        now, told = clock.now(), request.META.get
        envelope = Envelope(
            told("HTTP_WEBHOOK_ID", ""),
            told("HTTP_WEBHOOK_TIMESTAMP", ""),
            told("HTTP_WEBHOOK_SIGNATURE", ""),
        )
        try:
            body = request.body
        except UnreadablePostError:
            return problems.answer(400, "request", "The body broke off.", "Send it again.")
        for _ in range(_MOST_TRIES):
            source = hooks.let_in(request.path_info.removeprefix(PATH), envelope, body, now)
            if source is None:
                break
            try:
                offers = _offers(bodies.parsed(body))
            except bodies.NotJson as error:
                return problems.answer(error.status, "body", str(error), _SHAPE)
            if wait := self.pace.wait(source.key, len(offers), now):
                return _too_fast(wait)
            if (became := hooks.keep(source, offers, body, now)) is not None:
                return _answered(became)
            hooks.known.forget()  # it was disconnected or given another secret: who signs must be asked anew
        said = "There is no source here whose secret made this signature at this time."
        return problems.answer(401, "signature", said, _SIGN, kept="Nothing was kept.")


def _unfit(request: HttpRequest) -> HttpResponse | None:
    """Why this is no delivery, whoever sent it and whatever is in it."""
    if "/" in request.path_info.removeprefix(PATH) or request.path_info == PATH:
        return problems.answer(404, "not-found", "There is nothing at this address.", "Look at the source.")
    if request.method != "POST":
        response = problems.answer(405, "method", "This address answers only to POST.", "Post to it.")
        response["Allow"] = "POST"
        return response
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        return problems.without_length()
    if not length.isascii() or not (length or "0").isdigit():
        return problems.answer(400, "request", "The request cannot be read.", "Send a Content-Length.")
    if int((length or "0")[:12]) > MOST_BYTES:
        return problems.answer(413, "too-big", "The body is larger than 4 MB.", "Send fewer posts at a time.")
    if request.content_type != "application/json":
        said = "The content type is not application/json."
        return problems.answer(415, "body", said, "Send the posts as JSON in UTF-8.")
    return None


def _offers(body: object) -> list[object]:
    """The posts of a delivery, whichever way it has them; raises NotJson."""
    found = [body] if isinstance(body, dict) else body
    if isinstance(body, dict) and "posts" in body:
        found = body["posts"]
    if not isinstance(found, list) or not 0 < len(found) <= MOST_POSTS:
        raise bodies.NotJson("This is no delivery of posts.", 422)
    return found


def _too_fast(wait: int) -> HttpResponse:
    said = "This source brings more posts than it may in a minute."
    response = problems.answer(
        429, "too-many", said, f"Send it again in {wait} seconds.", kept="Nothing was kept."
    )
    response["Retry-After"] = str(wait)
    return response


def _answered(told: list[Told]) -> HttpResponse:
    """What became of each; 422 where all were refused, so that a sender with a fault notices it."""
    counted = {became: sum(1 for one in told if one.became is became) for became in Became}
    items = [{"id": one.id, "outcome": one.became, "reason": one.reason} for one in told]
    status = 422 if counted[Became.REFUSED] == len(told) else 200
    answer: dict[str, object] = {**{str(became): count for became, count in counted.items()}, "items": items}
    return HttpResponse(json.dumps(answer), status=status, content_type="application/json")
