"""WSGI behind ASGI: what the application reads, what the client gets, and who holds a thread for how long."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig

from amends.api import hooks
from amends.pipeline.listening import Admitted
from amends.site import bodies, bridge
from amends.site.bridge import Application, Bridge
from amends.site.environ import environ
from amends.store.live import Listener

Message = dict[str, Any]
PLAIN = [("Content-Type", "text/plain")]


@dataclass
class Client:
    """Sends what it is told to, keeps what it gets; leaves when told to."""

    scope: Message
    sends: list[Message] = field(default_factory=list)
    got: list[Message] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False

    async def receive(self) -> Message:
        if self.sends:
            return self.sends.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.is_slow and message["type"] == "http.response.body":
            await self.takes.wait()
        self.got.append(message)

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.got[1:])


def asking(method: str = "GET", path: str = "/", body: bytes = b"", *headers: tuple[bytes, bytes]) -> Client:
    given = list(headers)
    if body and not any(name == b"transfer-encoding" for name, _ in headers):
        given.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", "8010"),
        "client": ("10.0.0.9", "5000"),
        "headers": given,
    }
    pieces = [body[at : at + 60_000] for at in range(0, len(body), 60_000)]
    sends = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    return Client(scope, [*sends, {"type": "http.request", "body": b"", "more_body": False}])


def through(application: Application, *clients: Client, threads: int = 2) -> Bridge:
    """All clients at once."""
    made = Bridge(application, threads)

    async def all_of_them() -> None:
        await asyncio.gather(*(made(each.scope, each.receive, each.send) for each in clients))

    asyncio.run(all_of_them())
    made.close()
    return made


def saying(what: Callable[[Message], bytes]) -> Application:
    def application(given: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", PLAIN)
        return [what(given)]

    return application


def said(what: Callable[[Message], bytes], client: Client) -> bytes:
    through(saying(what), client)
    return client.body


def test_an_answer_comes_whole() -> None:
    client = asking()
    through(saying(lambda _: b"hello"), client)
    assert client.got == [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]},
        {"type": "http.response.body", "body": b"hello", "more_body": False},
    ]


def test_the_environment_is_as_wsgi_wants_it() -> None:
    client = asking(
        "POST",
        "/a%2Fb/%c3%a4\xe4%ff",
        b"x=1",
        (b"host", b"desk.example"),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-note", b"\xe4"),
        (b"accept", b"a"),
        (b"accept", b"b"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
    )
    client.scope["query_string"] = b"q=\xc3\xa4&r=%ff"
    found: list[Message] = []
    through(saying(lambda given: found.append(given) or b""), client)  # type: ignore[func-returns-value]
    (given,) = found
    assert given["PATH_INFO"] == "/a/b/\xc3\xa4\xe4\xff"
    assert given["QUERY_STRING"] == "q=\xc3\xa4&r=%ff"
    assert (given["CONTENT_LENGTH"], given["CONTENT_TYPE"]) == ("3", "application/x-www-form-urlencoded")
    assert (given["HTTP_ACCEPT"], given["HTTP_COOKIE"], given["HTTP_X_NOTE"]) == ("a,b", "a=1; b=2", "\xe4")
    assert (given["REMOTE_ADDR"], given["SERVER_NAME"], given["SERVER_PORT"]) == (
        "10.0.0.9",
        "127.0.0.1",
        "8010",
    )
    assert (given["wsgi.url_scheme"], given["SERVER_PROTOCOL"], given["SCRIPT_NAME"]) == (
        "http",
        "HTTP/1.1",
        "",
    )


def test_a_name_that_would_pass_for_another_is_left_out() -> None:
    scope = asking("GET", "/", b"", (b"x_forwarded_proto", b"https"), (b"X-Forwarded-For", b"1.1.1.1")).scope
    given = environ(scope, bodies.TooBig())
    assert "HTTP_X_FORWARDED_PROTO" not in given
    assert given["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"


@pytest.mark.parametrize("size", [0, 1, 60_000, bodies.IN_MEMORY + 1])
def test_a_body_is_read_whole(size: int) -> None:
    client = asking("POST", "/", b"x" * size)
    assert said(lambda given: str(len(given["wsgi.input"].read())).encode(), client) == str(size).encode()


def test_a_body_in_chunks_is_there_and_says_so() -> None:
    client = asking("POST", "/", b"abc", (b"transfer-encoding", b"chunked"))
    what = lambda given: given["wsgi.input"].read() + given.get("CONTENT_LENGTH", "none").encode()  # noqa: E731
    assert said(what, client) == b"abcnone"


def test_a_body_that_is_too_big_is_told_to_who_reads_it() -> None:
    def application(given: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        with pytest.raises(RequestDataTooBig):
            given["wsgi.input"].read(10)
        start("413 Payload Too Large", PLAIN)
        return [b"too big"]

    client = asking("POST", "/", b"x" * (bodies.MOST + 1))
    through(application, client)
    assert (client.status, client.body, client.sends) == (413, b"too big", [])


def test_what_says_that_it_is_too_big_is_answered_unread_and_then_thrown_away() -> None:
    at_the_answer: list[int] = []
    client = asking("POST", "/", b"x" * (bodies.MOST + 1))
    pieces = len(client.sends)
    through(saying(lambda _: at_the_answer.append(len(client.sends)) or b"no"), client)  # type: ignore[func-returns-value]
    assert (client.body, at_the_answer, client.sends) == (b"no", [pieces], [])


def test_what_says_that_it_is_too_big_is_not_waited_for() -> None:
    client = asking("POST", "/hooks/nobody", b"", (b"content-length", b"17000000"))
    client.sends = [{"type": "http.request", "body": b"x" * 1000, "more_body": True}]

    async def run() -> None:
        served = Bridge(saying(lambda _: b"no"), 1)
        asked = asyncio.create_task(served(client.scope, client.receive, client.send))
        await _until(lambda: client.body)
        client.left.set()
        await asyncio.wait_for(asked, 3)
        served.close()

    asyncio.run(run())
    assert client.body == b"no"


def test_of_what_never_ends_only_so_much_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAINED", 200_000)
    client = asking("POST", "/", b"x" * (bodies.MOST + 600_000), (b"transfer-encoding", b"chunked"))
    through(saying(lambda _: b"no"), client)
    assert client.body == b"no"
    assert 3 < len(client.sends) < 9


def test_who_asks_first_does_not_send_what_is_too_big() -> None:
    headers = ((b"expect", b"100-continue"), (b"content-length", str(bodies.MOST + 1).encode()))
    client = asking("POST", "/", b"", *headers)
    through(saying(lambda _: b"no"), client)
    assert client.body == b"no"
    assert len(client.sends) == 1


def test_all_that_limit_bodies_have_one_limit() -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == hooks.MOST_BYTES == bodies.MOST


def test_a_body_that_breaks_off_is_given_to_nobody() -> None:
    client = asking("POST", "/", b"x" * 100)
    client.sends = [client.sends[0], {"type": "http.disconnect"}]
    through(saying(lambda _: pytest.fail("it was asked")), client)
    assert client.status == 400


def test_a_body_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.05)
    client = asking("POST", "/", b"x" * 100)
    client.sends.clear()
    through(saying(lambda _: pytest.fail("it was asked")), client)
    assert client.status == 408


def test_without_room_for_a_body_its_sender_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    client = asking("POST", "/", b"x" * (bodies.IN_MEMORY + 1))
    through(saying(lambda _: pytest.fail("it was asked")), client)
    assert client.status == 503
    assert (b"retry-after", b"5") in client.got[0]["headers"]


def test_head_has_the_headers_and_no_body() -> None:
    def application(_: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [*PLAIN, ("Content-Length", "5")])
        return [b"hello"]

    client = asking("HEAD")
    through(application, client)
    assert (b"content-length", b"5") in client.got[0]["headers"]
    assert client.body == b""


class Streamed:
    """Something large, a piece at a time."""

    streaming = True

    def __init__(self, pieces: int, made: list[int]) -> None:
        self.pieces = pieces
        self.made = made
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.pieces):
            self.made.append(number)
            yield b"x" * bridge.PIECE

    def close(self) -> None:
        self.closed.set()


def streaming(body: Streamed) -> Application:
    def application(_: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", PLAIN)
        return body

    return application


def test_what_streams_is_never_whole_in_memory() -> None:
    body, client = Streamed(5, []), asking()
    through(streaming(body), client)
    assert len(client.body) == 5 * bridge.PIECE
    assert len(client.got) == 7
    assert body.closed.is_set()


@pytest.mark.parametrize("leaves", [True, False])
def test_a_client_that_takes_nothing_frees_the_thread(leaves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "PATIENCE", 5.0 if leaves else 0.1)
    made: list[int] = []
    body = Streamed(1000, made)

    async def run() -> None:
        client = asking()
        client.is_slow = True
        served = Bridge(streaming(body), 1)
        asked = asyncio.create_task(served(client.scope, client.receive, client.send))
        while not made:
            await asyncio.sleep(0.01)
        if leaves:
            client.left.set()
        await asyncio.wait_for(asked, 3)
        second = asking()
        served._application = saying(lambda _: b"free")
        await asyncio.wait_for(served(second.scope, second.receive, second.send), 3)
        assert second.body == b"free"
        served.close()

    asyncio.run(run())
    assert body.closed.is_set()
    assert len(made) < 3


def held(until: threading.Event, asked: list[str]) -> Application:
    def application(given: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        asked.append(given["PATH_INFO"])
        until.wait(5)
        start("200 OK", PLAIN)
        return [b"done"]

    return application


async def _until(so: Callable[[], object]) -> None:
    for _ in range(500):
        if so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


def with_a_busy_thread(
    meanwhile: Callable[[Bridge, threading.Event, list[str]], Awaitable[None]],
) -> list[str]:
    """A bridge of one thread that is held; what was asked in the end."""
    until, asked = threading.Event(), list[str]()

    async def run() -> None:
        served = Bridge(held(until, asked), 1)
        first = asking("GET", "/first")
        task = asyncio.create_task(served(first.scope, first.receive, first.send))
        await _until(lambda: asked)
        await meanwhile(served, until, asked)
        until.set()
        await asyncio.wait_for(task, 3)
        assert first.body == b"done"
        served.close()

    asyncio.run(run())
    return asked


def test_who_leaves_while_waiting_for_a_thread_takes_none() -> None:
    async def meanwhile(served: Bridge, _: threading.Event, __: list[str]) -> None:
        client = asking("GET", "/second")
        task = asyncio.create_task(served(client.scope, client.receive, client.send))
        await _until(lambda: not client.sends)
        client.left.set()
        await asyncio.wait_for(task, 3)
        assert client.got == []

    assert with_a_busy_thread(meanwhile) == ["/first"]


def test_a_slow_body_takes_no_thread() -> None:
    async def meanwhile(served: Bridge, until: threading.Event, asked: list[str]) -> None:
        slow = asking("POST", "/slow", b"x" * 10)
        slow.sends.clear()
        task = asyncio.create_task(served(slow.scope, slow.receive, slow.send))
        until.set()
        quick = asking("GET", "/quick")
        await asyncio.wait_for(served(quick.scope, quick.receive, quick.send), 3)
        slow.left.set()
        await asyncio.wait_for(task, 3)

    assert with_a_busy_thread(meanwhile) == ["/first", "/quick"]


def test_more_than_can_wait_are_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_WAITING", 0)

    async def meanwhile(served: Bridge, _: threading.Event, __: list[str]) -> None:
        client = asking("GET", "/second")
        await served(client.scope, client.receive, client.send)
        assert client.status == 503
        assert (b"retry-after", b"5") in client.got[0]["headers"]

    assert with_a_busy_thread(meanwhile) == ["/first"]


def test_a_stream_is_handed_on_unsent() -> None:
    def application(_: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", PLAIN)
        return Admitted(Listener(1, frozenset({2})))

    client = asking()
    served = Bridge(application, 1)
    admitted = asyncio.run(served(client.scope, client.receive, client.send))
    served.close()
    assert admitted is not None
    assert admitted.listener.brand_ids == {2}
    assert client.got == []


def test_cookies_keep_their_places() -> None:
    def application(_: Message, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Set-Cookie", " a=1; Path=/"), ("Set-Cookie", " b=2")])
        return [b""]

    client = asking()
    through(application, client)
    assert client.got[0]["headers"] == [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2")]
