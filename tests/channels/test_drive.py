"""The driver and its guard, against real servers on loopback and a resolver that says what the test wants."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amends.channels.answers import answer
from amends.channels.drive import Http, run
from amends.channels.errors import (
    ChannelError,
    HostRefused,
    Maybe,
    Refused,
    Transient,
    Unreadable,
)
from amends.channels.guard import system_resolve
from amends.channels.protocol import Flow, Json, Request, Response
from amends.core import hosts

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Answering = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def served(answering: Answering) -> Iterator[tuple[int, list[tuple[str, str | None, bytes]]]]:
    """A server on loopback; gives its port and what it was asked: path, token, body."""
    asked: list[tuple[str, str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.path, self.headers.get("authorization"), body))
            answering(self)

        do_GET = do_POST = handle_any

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(status: int, body: bytes = b"{}", **headers: str) -> Answering:
    def answering(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answering


@contextmanager
def http(
    *allow: str, resolve: Callable[[str, int], list[str]] | None = None, most: int = 10_000
) -> Iterator[Http]:
    looked_up = resolve or system_resolve
    with Http(allow_hosts=frozenset(allow), now=lambda: NOW, most_bytes=most, resolve=looked_up) as carried:
        yield carried


@contextmanager
def called(answering: Answering) -> Iterator[tuple[int, Http]]:
    """A server on loopback that may be called, and the driver to call it with."""
    with served(answering) as (port, _), http(f"127.0.0.1:{port}") as carried:
        yield port, carried


def once(request: Request) -> Flow[Response]:
    return (yield request)


def ask(port: int, carried: Http, method: str = "GET", path: str = "/x?key=hidden") -> Response:
    headers = {"authorization": "Bearer hidden-token"}
    json: Json = {"text": "hidden text"} if method == "POST" else None
    request = Request(method, f"http://127.0.0.1:{port}{path}", headers=headers, json=json, timeout=1.5)
    return run(once(request), carried)


def test_a_loopback_server_is_called_only_when_named() -> None:
    with served(says(200)) as (port, asked):
        with http() as carried, pytest.raises(HostRefused, match="AMENDS_ALLOW_HOSTS"):
            ask(port, carried)
        assert asked == []
        with http(f"127.0.0.1:{port}") as carried:
            assert ask(port, carried).status == 200
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("listed", "called"),
    [
        ("Social.LAN.:{}", "social.lan"),
        ("social.lan:{}", "SOCIAL.lan"),
        ("10.0.0.1:80, bücher.lan:{}", "bücher.lan"),
        ("bücher.lan:{}", "xn--bcher-kva.lan"),
        ("[FD00:0::1]:{}", "[fd00::1]"),
    ],
)
def test_a_place_is_permitted_however_it_is_spelled(listed: str, called: str) -> None:
    with served(says(200)) as (port, asked):
        allowed = hosts.places(listed.format(port))
        with http(*allowed, resolve=lambda *_: ["127.0.0.1"]) as carried:
            assert run(once(Request("GET", f"http://{called}:{port}/")), carried).status == 200
        assert len(asked) == 1


def test_a_private_address_behind_an_encrypted_public_name_is_refused() -> None:
    with served(says(200)) as (port, asked), http(resolve=lambda *_: ["127.0.0.1"]) as carried:
        with pytest.raises(HostRefused, match="private or reserved"):
            run(once(Request("GET", f"https://innocent.example:{port}/")), carried)
        assert asked == []


def test_one_bad_address_among_good_ones_is_enough_to_refuse() -> None:
    with http(resolve=lambda *_: ["93.184.216.34", "10.0.0.1"]) as carried, pytest.raises(HostRefused):
        run(once(Request("GET", "https://innocent.example/")), carried)


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    looked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"] if len(looked) == 1 else ["10.0.0.1"]

    with served(says(200)) as (port, asked), http(f"desk.example:{port}", resolve=resolve) as carried:
        assert run(once(Request("GET", f"http://desk.example:{port}/")), carried).status == 200
        assert (looked, len(asked)) == (["desk.example"], 1)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "localhost"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with http() as carried, pytest.raises(HostRefused):
        run(once(Request("GET", f"https://{host}:8443/")), carried)


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "file:///etc/passwd", "//a.example", "", "https://", "https://u:p@a.example/", "http://[",
     "https://a.example:99999/", "https://a\x00b/", "gopher://127.0.0.1:70/", "https://\ud800/"],
)  # fmt: skip
def test_strange_addresses_are_refused(url: str) -> None:
    with http() as carried, pytest.raises(HostRefused):
        run(once(Request("GET", url)), carried)


def test_plain_http_is_not_spoken_to_strangers() -> None:
    with (
        http(resolve=lambda *_: ["93.184.216.34"]) as carried,
        pytest.raises(HostRefused, match="encryption"),
    ):
        run(once(Request("GET", "http://a.example/")), carried)


def test_a_redirect_into_the_house_is_refused() -> None:
    with served(says(200)) as (inner, asked_inside):
        leads = says(302, location=f"http://127.0.0.1:{inner}/secret")
        with served(leads) as (port, _), http(f"127.0.0.1:{port}") as carried, pytest.raises(HostRefused):
            ask(port, carried)
        assert asked_inside == []


def test_a_redirect_to_another_host_gets_no_token() -> None:
    with served(says(200)) as (other, asked_there):
        leads = says(301, location=f"http://127.0.0.1:{other}/there")
        with served(leads) as (port, _), http(f"127.0.0.1:{port}", f"127.0.0.1:{other}") as carried:
            assert ask(port, carried).status == 200
        assert asked_there == [("/there", None, b"")]


def test_what_we_post_is_never_carried_to_another_host() -> None:
    with served(says(200)) as (other, asked_there):
        leads = says(307, location=f"http://127.0.0.1:{other}/there")
        with served(leads) as (port, _), http(f"127.0.0.1:{port}", f"127.0.0.1:{other}") as carried:
            with pytest.raises(HostRefused):
                ask(port, carried, "POST")
            assert asked_there == []
        assert asked_there == []


def test_three_redirects_are_followed_and_no_fourth() -> None:
    def leading(handler: BaseHTTPRequestHandler) -> None:
        left = int(handler.path.strip("/"))
        says(302, location=f"/{left - 1}")(handler) if left else says(200)(handler)

    with served(leading) as (port, asked), http(f"127.0.0.1:{port}") as carried:
        assert ask(port, carried, path="/3").status == 200
        assert asked[-1][1] == "Bearer hidden-token"
        with pytest.raises(Transient, match="redirects"):
            ask(port, carried, path="/4")


def test_a_post_that_is_redirected_elsewhere_may_have_worked() -> None:
    with served(says(302, location="/thanks")) as (port, asked), http(f"127.0.0.1:{port}") as carried:
        request = Request("POST", f"http://127.0.0.1:{port}/posts", json={})
        with pytest.raises(Maybe):
            answer(request, run(once(request), carried))
        assert len(asked) == 1


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", Maybe)])
def test_an_answer_too_large_is_not_taken(method: str, error: type[ChannelError]) -> None:
    with called(says(200, b"x" * 10_001)) as (port, carried), pytest.raises(error):
        ask(port, carried, method)


def test_a_packed_bomb_is_not_taken() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    with (
        called(says(200, bomb, content_encoding="gzip")) as (port, carried),
        pytest.raises(Transient, match="more than"),
    ):
        ask(port, carried)


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", Maybe)])
def test_an_answer_that_drips_ends_in_time(method: str, error: type[ChannelError]) -> None:
    def dripping(handler: BaseHTTPRequestHandler) -> None:
        try:
            for _ in range(40):
                handler.wfile.write(b"H")
                time.sleep(0.1)
        except OSError:
            return

    with served(dripping) as (port, _), http(f"127.0.0.1:{port}") as carried:
        began = time.monotonic()
        with pytest.raises(error):
            ask(port, carried, method)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", Maybe)])
def test_a_connection_closed_without_answer(method: str, error: type[ChannelError]) -> None:
    with called(lambda handler: None) as (port, carried), pytest.raises(error) as caught:
        ask(port, carried, method)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_listening_means_nothing_went_out(method: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with http(f"127.0.0.1:{port}") as carried, pytest.raises(Transient) as caught:
        ask(port, carried, method)
    assert "hidden" not in str(caught.value)


def test_a_name_without_address_means_nothing_went_out() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with http(resolve=resolve) as carried, pytest.raises(Transient):
        run(once(Request("POST", "https://nowhere.example/")), carried)


def test_a_token_that_cannot_be_a_header_is_not_quoted() -> None:
    for token in ("hidden\nx: y", "hidden\u2028"):
        with served(says(200)) as (port, asked), http(f"127.0.0.1:{port}") as carried:
            request = Request(
                "GET", f"http://127.0.0.1:{port}/", headers={"authorization": f"Bearer {token}"}
            )
            with pytest.raises(Refused) as caught:
                run(once(request), carried)
            assert asked == []
        assert "hidden" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_a_network_that_quotes_our_token_is_not_repeated() -> None:
    body = b'{"error":{"code":"bad","message":"token hidden-token is not nice"}}'
    with served(says(400, body)) as (port, _), http(f"127.0.0.1:{port}") as carried:
        request = Request(
            "GET", f"http://127.0.0.1:{port}/", headers={"Authorization": "Bearer hidden-token"}
        )
        with pytest.raises(Refused, match="not nice") as caught:
            answer(request, run(once(request), carried))
        assert "hidden" not in str(caught.value)


def test_a_flow_may_handle_an_error_itself() -> None:
    def flow(port: int) -> Generator[Request, Response, str]:
        try:
            yield Request("GET", f"http://127.0.0.1:{port}/")
        except HostRefused:
            return "went on"
        return "was not refused"

    with http() as carried:
        assert run(flow(9), carried) == "went on"


def test_a_flow_that_never_ends_is_ended() -> None:
    def flow() -> Generator[Request, Response, None]:
        while True:
            yield Request("GET", "https://a.example/")

    with pytest.raises(Unreadable, match="circles"):
        run(flow(), lambda request: Response(200, {}, b"{}", NOW))
