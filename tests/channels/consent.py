"""A small server that people consent on, at Mastodon's addresses: strict where OAuth is, pliable in tests."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from amends.channels.protocol import Json, Request, Response
from amends.channels.signing_in import SHOWN

BASE = "https://social.example"
AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Handler = Callable[[Request], Response]
_numbers = count(1)


def reply(body: Json | bytes, status: int = 200, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, AT)


@dataclass
class Waiting:
    """A code that was given out and not yet redeemed."""

    client_id: str
    redirect: str
    challenge: str
    scopes: str
    account: str


@dataclass
class ConsentServer:
    """Carries requests like `Http`; `consent` is what a person does in their browser."""

    base: str = BASE
    metadata: dict[str, Json] = field(default_factory=dict)
    apps: dict[str, dict[str, str]] = field(default_factory=dict)
    codes: dict[str, Waiting] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Token to its account and client."""
    revoked: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    instead: dict[str, Handler] = field(default_factory=dict)
    """By path: what answers in place of the server."""
    reuses_tokens: bool = False

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.base:
            return reply(b"another host", 404)
        if parts.path in self.instead:
            return self.instead[parts.path](request)
        door = {
            "/api/v2/instance": self._instance,
            "/.well-known/oauth-authorization-server": self._described,
            "/api/v1/apps": self._register,
            "/oauth/token": self._token,
            "/oauth/revoke": self._revoke,
            "/api/v1/accounts/verify_credentials": self._whose,
            "/api/v1/notifications": self._none,
            "/api/v1/conversations": self._none,
        }.get(parts.path)
        if parts.path.startswith("/api/v1/accounts/id-") and parts.path.endswith("/statuses"):
            door = self._none
        return door(request) if door else reply({"error": "Record not found"}, 404)

    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.asked]

    # What a person does ------------------------------------------------------------------------------

    def consent(self, url: str, account: str = "brand", **more: str) -> str:
        """Sign in and say yes; returns where the browser goes to next, or the code that is shown."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=True))
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.base}/oauth/authorize"
        assert query["response_type"] == "code"
        app = self.apps[query["client_id"]]
        assert query["redirect_uri"] == app["redirect_uris"]
        assert set(query["scope"].split()) <= set(app["scopes"].split())
        assert query.get("code_challenge_method", "S256") == "S256"
        code = f"code-{next(_numbers)}-of-{account}"
        challenge = query.get("code_challenge", "")
        self.codes[code] = Waiting(
            query["client_id"], query["redirect_uri"], challenge, query["scope"], account
        )
        if query["redirect_uri"] == SHOWN:
            return code
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], **more})}"

    def deny(self, url: str) -> str:
        query = dict(parse_qsl(urlsplit(url).query))
        said = {"error": "access_denied", "error_description": "<b>no</b>", "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(said)}"

    # What the server does ----------------------------------------------------------------------------

    def _instance(self, _: Request) -> Response:
        return reply({"domain": urlsplit(self.base).netloc, "title": "Social"})

    def _described(self, _: Request) -> Response:
        return reply(self.metadata) if self.metadata else reply(b"<h1>Not found</h1>", 404)

    def _register(self, request: Request) -> Response:
        sent = form(request)
        client_id = f"client-{next(_numbers)}"
        self.apps[client_id] = sent | {"client_secret": f"secret-of-{client_id}"}
        return reply({"client_id": client_id, "client_secret": f"secret-of-{client_id}", "id": "1"})

    def _token(self, request: Request) -> Response:
        sent = form(request)
        app = self._app(sent)
        if app is None:
            return reply({"error": "invalid_client", "error_description": "Client unknown"}, 401)
        if sent["grant_type"] == "client_credentials":
            good = sent["scope"] in app["scopes"].split()
            return reply(
                {"access_token": "app", "token_type": "Bearer"} if good else {"error": "invalid_scope"}
            )
        waiting = self.codes.pop(sent["code"], None)
        proof = (
            urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        fits = waiting and (waiting.client_id, waiting.redirect) == (sent["client_id"], sent["redirect_uri"])
        if waiting is None or not fits or (waiting.challenge and waiting.challenge != proof):
            return reply({"error": "invalid_grant", "error_description": f"no {sent['code']}"}, 400)
        token = f"token-of-{waiting.account}"
        token = token if self.reuses_tokens else f"{token}-{next(_numbers)}"
        self.tokens[token] = (waiting.account, sent["client_id"])
        return reply({"access_token": token, "token_type": "Bearer", "scope": waiting.scopes})

    def _revoke(self, request: Request) -> Response:
        sent = form(request)
        if self._app(sent) is None:
            return reply({"error": "unauthorized_client"}, 403)
        self.tokens.pop(sent["token"], None)
        self.revoked.append(sent["token"])
        return reply({})

    def _app(self, sent: dict[str, str]) -> dict[str, str] | None:
        app = self.apps.get(sent["client_id"])
        return app if app and app["client_secret"] == sent["client_secret"] else None

    def _whose(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return reply({"error": "The access token is invalid"}, 401)
        account = self.tokens[token][0]
        return reply(
            {"id": f"id-{account}", "username": account, "acct": account, "url": f"{self.base}/@{account}"}
        )

    def _none(self, request: Request) -> Response:
        whose = self._whose(request)
        return whose if whose.status != 200 else reply([])


def form(request: Request) -> dict[str, str]:
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    fields = parse_qs(request.content.decode(), strict_parsing=True)
    return {name: value for name, (value,) in fields.items()}


class _Served(BaseHTTPRequestHandler):
    """Carries one connection's requests to a consent server of the tests."""

    protocol_version = "HTTP/1.1"
    consents: ConsentServer

    def _answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        split = urlsplit(self.path)
        query = {name: tuple(values) for name, values in parse_qs(split.query).items()}
        body = self.rfile.read(size)
        url = self.consents.base + split.path
        answer = self.consents(Request(self.command, url, headers, query, body=body or None))
        self.send_response(answer.status)
        for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Nothing is logged."""


@contextmanager
def serving(consents: ConsentServer) -> Iterator[ConsentServer]:
    """The server on a loopback port of its own, which becomes its `base`."""
    handler = type("Handler", (_Served,), {"consents": consents})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        consents.base = f"http://127.0.0.1:{served.server_address[1]}"
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield consents
        finally:
            served.shutdown()
            thread.join()
