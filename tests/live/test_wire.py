"""The web process on the wire: what clients of every kind may send, and that none of them holds it up."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from tests.live.wire import answer, ask, request
from tests.rig.desk import Rig

JSON = "application/json"


def test_head_has_the_length_and_no_body(place: Rig) -> None:
    got = ask(place, request("HEAD", "/static/amends/desk.css", place, Connection="close"))
    assert got.status == 200
    assert int(got.headers["content-length"]) > 1000


def test_a_large_body_is_refused_in_words(place: Rig) -> None:
    body = b'{"posts": ["' + b"x" * 10_000_000 + b'"]}'
    got = ask(
        place,
        request(
            "POST",
            "/api/v1/posts",
            place,
            body,
            Content_Type=JSON,
            Authorization=f"Bearer {place.secret}",
        ),
    )
    assert got.status == 413
    assert got.headers["content-type"] == "application/problem+json"
    assert b"too-big" in got.body


def test_who_asks_first_is_told_to_go_on(place: Rig) -> None:
    body = b'{"text": "x"}'
    head = request(
        "POST",
        "/api/v1/cases/999999/note",
        place,
        Content_Type=JSON,
        Content_Length=str(len(body)),
        Authorization=f"Bearer {place.secret}",
        Expect="100-continue",
    )
    with socket.create_connection(("127.0.0.1", place.port), 20) as line:
        line.sendall(head)
        assert line.recv(100).startswith(b"HTTP/1.1 100 Continue")
        line.sendall(body)
        assert answer(line).status == 404


def test_a_body_in_chunks_is_asked_for_its_length(place: Rig) -> None:
    got = ask(
        place,
        request(
            "POST",
            "/api/v1/cases/1/note",
            place,
            b"3\r\n{}\n\r\n0\r\n\r\n",
            Transfer_Encoding="chunked",
            Content_Type=JSON,
            Authorization=f"Bearer {place.secret}",
        ),
    )
    assert (got.status, got.headers["content-type"]) == (411, "application/problem+json")


def test_what_says_that_it_is_too_big_is_refused_before_it_comes(place: Rig) -> None:
    head = request("POST", "/hooks/nobody", place, Content_Type=JSON, Content_Length="17000000")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", place.port), 20) as line:
        line.sendall(head + b"x" * 1000)
        got = answer(line)
        assert time.monotonic() - began < 5
        assert (got.status, got.headers["content-type"]) == (413, "application/problem+json")
        line.sendall(b"x" * (17_000_000 - 1000))  # the sender need not notice at once
        line.sendall(request("GET", "/hooks/nobody", place))
        assert answer(line).status == 405


@pytest.mark.parametrize("path", ["/hooks/nobody", "/account/login/", "/api/v1/cases/1/note"])
@pytest.mark.parametrize("body", [b"zz\r\n", b"3\r\nabc\r\n-1\r\n", b"ffffffffffffffffff\r\nx"])
def test_chunks_that_are_none_are_refused_in_words(place: Rig, path: str, body: bytes) -> None:
    got = ask(place, request("POST", path, place, body, Transfer_Encoding="chunked", Content_Type=JSON))
    assert (got.status, got.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert b"Nothing was done" in got.body


def test_a_body_that_breaks_off_is_refused_in_words(place: Rig) -> None:
    head = request("POST", "/account/login/", place, Content_Length="1000")
    with socket.create_connection(("127.0.0.1", place.port), 20) as line:
        line.sendall(head + b"login=")
        line.shutdown(socket.SHUT_WR)
        assert b"500" not in line.recv(1000).split(b"\r\n")[0]
    assert ask(place, request("GET", "/account/login/", place)).status in (200, 302)


@pytest.mark.parametrize(
    "path", ["/%ff%fe/", "/\xe4/", "/%00", "/a%2f..%2f..%2fetc", "/static/..%2f..%2fx", "//"]
)
def test_any_path_is_answered(place: Rig, path: str) -> None:
    got = ask(place, request("GET", path, place).decode().encode("latin-1"))
    assert got.status in (302, 400, 404)


def test_a_header_with_an_underscore_is_nobody(place: Rig) -> None:
    head = f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nHX_Request: true\r\n\r\n"
    assert ask(place, head.encode()).status == 302


def test_a_line_is_used_again(place: Rig) -> None:
    with socket.create_connection(("127.0.0.1", place.port), 20) as line:
        for _ in range(3):
            line.sendall(request("GET", "/static/amends/mark.svg", place))
            assert answer(line).status == 200
        line.sendall(request("GET", "/nowhere/", place) + request("HEAD", "/nowhere/", place))
        assert answer(line).status in (302, 404)


@contextmanager
def lines(place: Rig, count: int, sends: bytes) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", place.port), 20))
            line.sendall(sends)
        yield


@pytest.mark.parametrize(
    "sends",
    [
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nlogin=",
        "POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nlogin",
    ],
    ids=["header", "body", "chunks"],
)
def test_those_who_never_finish_hold_nobody_up(place: Rig, sends: str) -> None:
    with lines(place, 60, sends.encode()):
        began = time.monotonic()
        assert ask(place, request("GET", "/account/login/", place)).status in (200, 302)
        assert time.monotonic() - began < 5
