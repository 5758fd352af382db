"""The one driver: runs a channel's flow over HTTP, with time-outs, limits and the guard on every hop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self, TypeAlias

import httpx2

from amends.channels.errors import ChannelError, HostRefused, Maybe, Refused, Transient, Unreadable
from amends.channels.guard import Deadline, GuardedTransport, Resolve, system_resolve
from amends.channels.protocol import NOTHING, Flow, Request, Response, T
from amends.core.hosts import named

Wire: TypeAlias = Callable[[Request], Response]
"""Whatever carries one request: `Http`, or a fake network's transport."""

MOST_STEPS = 200
MOST_REDIRECTS = 3
MOST_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 5.0
FOLLOWED_READING = frozenset({301, 302, 303, 307, 308})
FOLLOWED_WRITING = frozenset({307, 308})
"""Any other redirect of a write could mean that it was done."""
NOTHING_WENT_OUT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
BROKEN_OFF = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
MOST_PORT = 65_535
STANDARD_PORTS = {"http": 80, "https": 443}


def run(flow: Flow[T], wire: Wire) -> T:
    """Drive `flow` to its result; errors of the wire are thrown into the flow, so it may handle them."""
    steps = 0
    try:
        request = next(flow)
        while True:
            steps += 1
            try:
                response = _step(request, wire, steps)
            except ChannelError as error:
                request = flow.throw(error)
            else:
                request = flow.send(response)
    except StopIteration as done:
        result: T = done.value
        return result


def _step(request: Request, wire: Wire, steps: int) -> Response:
    if steps > MOST_STEPS:
        raise Unreadable("The network leads us in circles.")
    return wire(request)


class Http:
    """Carries requests of one thread; close it, or use it in a `with`, to free its connections.

    Only https goes out, except to the `host:port` pairs in `allow_hosts`, which may also be private.
    """

    def __init__(
        self,
        *,
        allow_hosts: frozenset[str],
        now: Callable[[], datetime],
        resolve: Resolve = system_resolve,
        transport: httpx2.BaseTransport | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._now = now
        self._most_bytes = most_bytes
        self._deadline = Deadline()
        guarded = partial(GuardedTransport, self._allow_hosts, resolve, self._deadline)
        self._transport = transport or guarded()
        self._for_writing = transport or guarded(keeps=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the connections."""
        self._transport.close()
        self._for_writing.close()

    def abort(self) -> None:
        """Break off the exchange that is under way, from whatever thread, and let no other begin."""
        self._deadline.abort()

    def __call__(self, request: Request) -> Response:
        """The network's answer, after at most three redirects; every failure is a `ChannelError`."""
        with self.opened(request) as answer:
            headers = dict(answer.headers)
            body = self._read(answer)
            if body is None:
                raise _lost(
                    request, f"{_place(answer.url)} answered with more than {self._most_bytes} bytes."
                )
        return Response(answer.status_code, headers, redacted(request, answer.status_code, body), self._now())

    @contextmanager
    def opened(self, request: Request) -> Iterator[httpx2.Response]:
        """The network's answer with its body yet to be read, after at most three redirects.

        Every failure of the network's is a `ChannelError`, while the body is read too.
        """
        self._deadline.start(request.timeout)
        for _ in range(MOST_REDIRECTS + 1):
            url = self._checked(request)
            outgoing = _outgoing(request, url)
            with _told(request, url), closing(self._answer(request, outgoing)) as answer:
                answer.request = outgoing
                followed = FOLLOWED_WRITING if request.writes else FOLLOWED_READING
                if answer.status_code not in followed or "location" not in answer.headers:
                    yield answer
                    return
            request = _redirected(request, url, answer.headers["location"])
        raise _lost(request, f"{_place(url)} redirects more than {MOST_REDIRECTS} times.")

    def patient_for(self, seconds: float) -> None:
        """Give the exchange that is under way so long from now on."""
        self._deadline.extend(seconds)

    def _answer(self, request: Request, outgoing: httpx2.Request) -> httpx2.Response:
        # Some servers close a kept connection without a word. Asking twice is harmless, saying is not: what
        # was written over a kept connection would be in doubt.
        if request.writes:
            return self._for_writing.handle_request(outgoing)
        try:
            return self._transport.handle_request(outgoing)
        except BROKEN_OFF:
            if not self._deadline.reuses:
                raise
            return self._transport.handle_request(outgoing)

    def _checked(self, request: Request) -> httpx2.URL:
        try:
            url = httpx2.URL(request.url)
            port = url.port or STANDARD_PORTS.get(url.scheme, 0)
        except (httpx2.InvalidURL, UnicodeError, ValueError):
            raise HostRefused("The address of the network is no usable URL.") from None
        if url.scheme not in STANDARD_PORTS or not url.host or url.userinfo or port > MOST_PORT:
            raise HostRefused("The address must be http or https, with a host and without a password.")
        if url.scheme == "http" and named(url.host, port) not in self._allow_hosts:
            raise HostRefused(
                f"{url.host} is not called without encryption. Use https, or let an admin permit it "
                f"with AMENDS_ALLOW_HOSTS={named(url.host, port)}."
            )
        return url.copy_merge_params(dict(request.query)) if request.query else url

    def _read(self, answer: httpx2.Response) -> bytes | None:
        """The body, or None when it is larger than we take."""
        parts, size = [], 0
        for part in answer.iter_bytes():
            size += len(part)
            if size > self._most_bytes:
                return None
            parts.append(part)
        return b"".join(parts)


@contextmanager
def _told(request: Request, url: httpx2.URL) -> Iterator[None]:
    # Errors of the HTTP library may quote headers, and so a token: their texts never get out.
    try:
        yield
    except NOTHING_WENT_OUT as error:
        raise Transient(f"{_place(url)} cannot be reached ({type(error).__name__}).") from None
    except httpx2.LocalProtocolError:
        raise Refused("The request could not be written; is the token of the account whole?") from None
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise _lost(request, f"No answer from {_place(url)} ({type(error).__name__}).") from None


def _outgoing(request: Request, url: httpx2.URL) -> httpx2.Request:
    headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "amends"}
    if request.json is not None and request.body is None:
        headers["content-type"] = "application/json"
    headers.update({name.lower(): value for name, value in request.headers.items()})
    timeout = httpx2.Timeout(request.timeout, connect=min(CONNECT_SECONDS, request.timeout))
    try:
        return httpx2.Request(
            request.method,
            url,
            headers=headers,
            content=request.content or None,
            extensions={"timeout": timeout.as_dict()},
        )
    except ValueError:
        raise Refused("The request could not be written; is the token of the account whole?") from None


def _redirected(request: Request, url: httpx2.URL, location: str) -> Request:
    """The same request to where the network points; another host gets none of our headers and no write."""
    try:
        target = url.join(location)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        raise HostRefused(f"{_place(url)} redirects to something that is no URL.") from None
    if _origin(target) == _origin(url):
        return replace(request, url=str(target), query=NOTHING)
    if request.writes:
        raise HostRefused(f"{_place(url)} redirects what we post to another host; nothing was posted there.")
    return replace(request, url=str(target), query=NOTHING, headers=NOTHING)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _place(url: httpx2.URL) -> str:
    """A URL as it may be shown: the host only, since paths and queries may hold secrets."""
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"[:300]


def _lost(request: Request, text: str) -> ChannelError:
    """The error for an exchange that broke off after something may have been heard."""
    return Maybe(f"{text} The post may have gone out.") if request.writes else Transient(text)


def redacted(request: Request, status: int, body: bytes) -> bytes:
    """The body; of an error, without the token that some networks quote in it."""
    if status < 400:
        return body
    for name, value in request.headers.items():
        if name.lower() == "authorization" and value.strip():
            body = body.replace(value.split()[-1].encode("utf-8", "replace"), b"[redacted]")
    return body
