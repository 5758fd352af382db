"""Signing in on a Mastodon server, and on whatever else speaks Mastodon's client API.

Every server is its own authority: the desk registers itself there, and a code is only ever sent to the server
that the sign-in was begun on. Addresses are made from the server's own, never taken from what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from amends.channels.answers import WAIT_WITHOUT_WORD
from amends.channels.errors import (
    AppUnknown,
    ChannelError,
    HostRefused,
    Maybe,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from amends.channels.mastodon_address import origin, read
from amends.channels.protocol import Flow, Json, Request, Response
from amends.channels.record import Record
from amends.channels.signing_in import App, Granted, Place, Server, challenge

NAME = "Amends"
"""Shown on the consent page, and by some networks under what was posted through us."""
SCOPES = (
    "read:accounts",
    "read:notifications",
    "read:search",
    "read:statuses",
    "write:conversations",
    "write:statuses",
)
"""What reading, answering and messages need. Mutes, blocks and reports are not asked for before the desk does
them; an account is then signed in again."""
SECONDS = 8.0
LONGEST = 500
LONGEST_TOKEN = 4000
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_GONE = frozenset({"invalid_client", "unauthorized_client"})
_PASSING = frozenset({408, 425})
_CODES = _GONE | {"invalid_request", "invalid_grant", "invalid_scope", "unsupported_grant_type"}
"""The standard's words for a refusal; any other word may be one of our secrets."""
_MOST_META = 20_000
_TEMPLATE = re.compile(rb"template=[\"'](https?://[^\"'{}<> ]{1,400})")


class MastodonSignIn:
    """Mastodon's way of signing in."""

    name = "mastodon"

    def read(self, typed: str) -> Place:
        """The server and, where it was named, the account."""
        return read(typed)

    def look_up(self, place: Place) -> Flow[Server]:
        """The server at the place, or the one that the place's domain points to."""
        base = place.base_url
        if not (yield from _speaks(base)):
            base = yield from _pointed_to(place)
            if not base or not (yield from _speaks(base)):
                raise Refused(
                    f"There is no server at {place.base_url} that speaks Mastodon's language. "
                    "Write the address at which you sign in to the network."
                )
        return _server(base, (yield from _described(base)))

    def register(self, server: Server, redirect: str) -> Flow[App]:
        """Make the desk known to the server."""
        wanted = {"client_name": NAME, "redirect_uris": redirect, "scopes": " ".join(server.scopes)}
        response = yield from _post(server.base_url, "/api/v1/apps", wanted)
        body = _good(response, "The server did not take the desk as an app.")
        return App(_secret(body, "client_id"), _secret(body, "client_secret"), redirect, server.scopes)

    def knows(self, server: Server, app: App) -> Flow[bool]:
        """Asks for a token of the app alone, which stands for nobody and opens nothing that is not public."""
        wanted = _app(app) | {"grant_type": "client_credentials", "scope": " ".join(app.scopes[:1])}
        response = yield from _post(server.base_url, "/oauth/token", wanted)
        try:
            _token(_good(response, "The server does not tell."))
        except (Refused, Unreadable):
            return False
        return True

    def sign_in_url(self, server: Server, app: App, *, state: str, verifier: str) -> str:
        """The consent page, at the server itself."""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect,
            "scope": " ".join(app.scopes),
        }
        if verifier:
            query |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
        if state:
            query["state"] = state
        return f"{server.base_url}/oauth/authorize?{urlencode(query, quote_via=quote)}"

    def exchange(self, base_url: str, app: App, code: str, verifier: str) -> Flow[Granted]:
        """The token for a code."""
        wanted = _app(app) | {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": app.redirect,
        }
        if verifier:
            wanted["code_verifier"] = verifier
        response = yield from _post(base_url, "/oauth/token", wanted)
        body = _good(response, "The server did not accept the code.")
        return Granted(_token(body), _scopes(body))

    def revoke(self, base_url: str, app: App, token: str) -> Flow[None]:
        """End a token."""
        response = yield from _post(base_url, "/oauth/revoke", _app(app) | {"token": token})
        if response.status != 200:
            raise _trouble(response, "The server did not revoke the token.")


def _speaks(base: str) -> Flow[bool]:
    """Whether a server of this kind is there: it describes itself, or keeps that to members."""
    for path in ("/api/v2/instance", "/api/v1/instance"):
        response = yield Request("GET", base + path, timeout=SECONDS)
        if response.status in _PASSING or response.status >= 500:
            raise _trouble(response, "The server does not answer at present.")
        body = _object(response)
        if response.status == 200 and body.keys() & {"title", "uri", "domain"}:
            return True
        if response.status in (401, 403) and "error" in body:
            return True
    return False


def _pointed_to(place: Place) -> Flow[str]:
    """The server that a domain names as the one of its accounts, where it is another; empty if there is none.

    Firms often have handles under their own domain and the server under another name.
    """
    host = place.base_url.partition("://")[2]
    query = {"resource": f"acct:{place.handle}@{host}"} if place.handle else {}
    path = "webfinger" if place.handle else "host-meta"
    url = f"{place.base_url}/.well-known/{path}"
    response = yield Request("GET", url, query=query, timeout=SECONDS)
    if response.status != 200:
        return ""
    found = _self_link(_object(response)) if place.handle else _template(response.body)
    try:
        pointed = origin(found)
    except HostRefused:
        return ""
    return "" if pointed == place.base_url or not pointed.startswith(_scheme(place.base_url)) else pointed


def _self_link(body: Mapping[str, Json]) -> str:
    links = body.get("links")
    for link in links if isinstance(links, list) else ():
        match link:
            case {"rel": "self", "href": str(href)}:
                return href
    return ""


def _template(body: bytes) -> str:
    found = _TEMPLATE.search(body[:_MOST_META])
    return found[1].decode("ascii", "replace") if found else ""


def _scheme(base: str) -> str:
    """No way back from an encrypted address to a plain one."""
    return "https://" if base.startswith("https:") else "http"


def _described(base: str) -> Flow[Mapping[str, Json]]:
    """What the server says of itself (RFC 8414); nothing where it says nothing, or speaks for another."""
    url = f"{base}/.well-known/oauth-authorization-server"
    response = yield Request("GET", url, timeout=SECONDS)
    body = _object(response) if response.status == 200 else {}
    issuer = body.get("issuer")
    try:
        honest = isinstance(issuer, str) and len(issuer) <= LONGEST and origin(issuer) == base
    except HostRefused:
        honest = False
    return body if honest else {}


def _server(base: str, told: Mapping[str, Json]) -> Server:
    methods = told.get("code_challenge_methods_supported")
    return Server(
        base,
        _asked_for(told.get("scopes_supported")),
        issuer=str(told.get("issuer", "")),
        tells_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        takes_challenge=not isinstance(methods, list) or "S256" in methods,
    )


def _asked_for(offered: Json) -> tuple[str, ...]:
    """The least that will do: where a server offers no finer scope, the one above it."""
    if not isinstance(offered, list):
        return SCOPES
    nearest = [scope if scope in offered else scope.split(":")[0] for scope in SCOPES]
    return tuple(dict.fromkeys(nearest)) if all(scope in offered for scope in nearest) else SCOPES


def _post(base: str, path: str, fields: Mapping[str, str]) -> Flow[Response]:
    """The answer to a form. All of these may be asked again, so a lost answer is no more than a hiccup."""
    body = urlencode(fields).encode()
    try:
        return (yield Request("POST", base + path, headers=_FORM, body=body, timeout=SECONDS))
    except Maybe:
        raise Transient(f"{base} broke off before it had answered.") from None


def _app(app: App) -> dict[str, str]:
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def _good(response: Response, otherwise: str) -> Record:
    if response.status not in (200, 201):
        raise _trouble(response, otherwise)
    return Record(response.json())


def _trouble(response: Response, otherwise: str) -> ChannelError:
    """The error that an answer stands for, with none of the server's own words but a standard one."""
    if response.status == 429:
        at = response.retry_at() or response.received_at + WAIT_WITHOUT_WORD
        return RateLimited("The server asks us to slow down.", retry_at=at)
    if response.status >= 500 or response.status in _PASSING:
        return Transient(f"The server answered {response.status}.", retry_at=response.retry_at())
    code = _object(response).get("error")
    known = code if isinstance(code, str) and code in _CODES else ""
    if response.status == 401 or known in _GONE:
        return AppUnknown("The server does not know the desk (any more).", code=known)
    return Refused(f"{otherwise} It answered {response.status} {known}".rstrip() + ".", code=known)


def _object(response: Response) -> Mapping[str, Json]:
    """The body as a JSON object; empty for anything else."""
    try:
        value = response.json()
    except Unreadable:
        return {}
    return value if isinstance(value, dict) else {}


def _token(body: Record) -> str:
    token = _secret(body, "access_token", LONGEST_TOKEN)
    if body.text("token_type", "Bearer").lower() != "bearer":
        raise Unreadable("The server gave a token of a kind that the desk does not know.")
    return token


def _scopes(body: Record) -> tuple[str, ...]:
    try:
        return tuple(body.text("scope", "").split())
    except Unreadable:  # beside the point, and the token is there
        return ()


def _secret(body: Record, name: str, longest: int = LONGEST) -> str:
    value = body.text(name)
    if not 0 < len(value) <= longest or not (value.isascii() and value.isprintable()):
        raise Unreadable(f"The server's field {name!r} cannot be used.")
    return value
