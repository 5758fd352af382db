"""Whom a request comes from, behind proxies: settled once, before anything asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from amends.core import proxies

Handler = Callable[[HttpRequest], HttpResponse]
_HOPS, _SCHEME, _HOST = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"
_TOLD = (_HOPS, _SCHEME, _HOST, "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_SSL", "HTTP_FORWARDED")


@dataclass(frozen=True, slots=True)
class Way:
    """How a request came: who connected, whether they say that they pass it on, whether we trust them."""

    peer: str
    told: bool
    trusted: bool


class Proxies:
    """Gives a request the address, scheme and host that it has for whoever made it.

    Only what comes from `TRUSTED_PROXIES` is believed; from everybody else the headers that only proxies
    set are taken away, so that nothing behind here can believe them by mistake.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.trusted: proxies.Networks = settings.TRUSTED_PROXIES

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer to the request as it was made."""
        meta = request.META
        told = {name: meta.pop(name) for name in _TOLD if name in meta}
        peer = meta.get("REMOTE_ADDR", "")
        request.way = Way(peer, bool(told), proxies.is_trusted(peer, self.trusted))  # type: ignore[attr-defined]
        if told:
            seen = proxies.seen(
                peer,
                hops=told.get(_HOPS, ""),
                scheme=told.get(_SCHEME, ""),
                host=told.get(_HOST, ""),
                trusted=self.trusted,
            )
            meta["REMOTE_ADDR"] = seen.address
            meta["wsgi.url_scheme"] = seen.scheme or meta.get("wsgi.url_scheme", "http")
            if seen.host:
                meta["HTTP_HOST"] = seen.host
        return self.handler(request)
