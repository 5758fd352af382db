"""Server-sent events: read as the standard says, from servers that break off, fall silent or lie."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.test_drive import Answering, served
from tests.rig.processes import until

from amends.channels.errors import AuthExpired, ChannelError, HostRefused, RateLimited, Transient, Unreadable
from amends.channels.protocol import Event, Request
from amends.channels.stream import LONGEST_EVENT, NoStream, Parser, Stream

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def parsed(*parts: bytes) -> list[Event]:
    parser = Parser()
    return [event for part in parts for event in parser.feed(part)]


@pytest.mark.parametrize(
    ("sent", "events"),
    [
        (b"event: add\ndata: 73857293\n\n", [Event("add", "73857293")]),
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event("message", "YHOO\n+2\n10")]),
        (b": test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
         [Event("message", "first"), Event("message", "second"), Event("message", " third")]),
        (b"data\n\ndata\ndata\n\ndata:", [Event("message", ""), Event("message", "\n")]),
        (b"data:test\n\ndata: test\n\n", [Event("message", "test")] * 2),
        (b"event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r\n", [Event("a", "1"), Event("b", "2")]),
        (b"event: lonely\n\ndata: 1\n\n", [Event("message", "1")]),
        (b":connected\n\n:thump\n\n", []),
        (b"\xef\xbb\xbfdata: 1\n\n", [Event("message", "1")]),
        (b"data: \xff\xfe\n\n", [Event("message", "\ufffd\ufffd")]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b"Data: 1\nunknown: 2\ndata: 3\n\n", [Event("message", "3")]),
    ],
)  # fmt: skip
def test_events_as_the_standard_reads_them(sent: bytes, events: list[Event]) -> None:
    assert parsed(sent) == events
    assert parsed(*(sent[at : at + 1] for at in range(len(sent)))) == events


PIECES = [b"data: x", b"event: e", b"\n", b"\r", b"\r\n", b":thump", b"data:\xc3\xa4", b"\xc3", b"id: 4"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.lists(st.integers(0, 60)))
def test_however_the_bytes_are_parted_the_events_are_the_same(sent: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(sent)) for cut in cuts} | {0, len(sent)})
    assert parsed(*(sent[one:other] for one, other in pairwise(places))) == parsed(sent)


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_without_an_end_is_not_waited_for(piece: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(*[piece] * (LONGEST_EVENT // 1000 + 2))


def test_many_events_are_never_too_many() -> None:
    parser = Parser()
    count = sum(len(parser.feed(b"data: " + b"x" * 10_000 + b"\n\n")) for _ in range(300))
    assert count == 300


@pytest.mark.parametrize(
    ("line", "seconds"), [(b"retry: 1500\n", 1.5), (b"retry: 1e3\n", None), (b"retry: 99999999999\n", 600.0)]
)
def test_the_server_may_ask_for_a_pause(line: bytes, seconds: float | None) -> None:
    parser = Parser()
    parser.feed(line)
    assert parser.retry == seconds


def says(*parts: bytes, status: int = 200, kind: str = "text/event-stream", **headers: str) -> Answering:
    """Parts of a stream, the first at once; a part of nothing is a moment's silence."""

    def answering(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-type": kind, **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        for part in parts:
            if part:
                handler.wfile.write(part)
                handler.wfile.flush()
            else:
                time.sleep(0.3)

    return answering


def silent(handler: BaseHTTPRequestHandler) -> None:
    says(b": open\n\n")(handler)
    time.sleep(3)


def stream(*ports: int, silence: float = 0.6) -> Stream:
    allowed = frozenset(f"127.0.0.1:{port}" for port in ports)
    return Stream(allow_hosts=allowed, now=lambda: NOW, silence=silence)


def asking(port: int, path: str = "/user") -> Request:
    wants = {"authorization": "Bearer hidden-token", "accept": "text/event-stream"}
    return Request("GET", f"http://127.0.0.1:{port}{path}", headers=wants, timeout=2)


def heard(made: Stream, request: Request) -> tuple[list[Event], ChannelError]:
    """All events of a stream, and how it ended."""
    events: list[Event] = []
    try:
        for some in made.listen(request):
            events += some
    except ChannelError as error:
        return events, error
    raise AssertionError("A stream ends in an error, or not at all.")


def until_it_ends(listening: Iterator[list[Event]]) -> Iterator[list[Event]]:
    with suppress(Transient):
        yield from listening


def test_events_come_as_they_happen() -> None:
    parts = (b":connected\n\n", b"event: update\nda", b"", b"ta: 1\n\n", b"", b"data: 2\n\n")
    with served(says(*parts)) as (port, asked):
        listening = stream(port).listen(asking(port))
        assert next(listening) == [], "it says that it is open before anything came"
        came = [(event, time.monotonic()) for some in until_it_ends(listening) for event in some]
    assert [event for event, _ in came] == [Event("update", "1"), Event("message", "2")]
    assert came[1][1] - came[0][1] > 0.2, "the first did not wait for the second"
    assert asked[0][1] == "Bearer hidden-token"


def test_what_is_cut_off_is_no_event() -> None:
    with served(says(b"data: 1\n\ndata: half of i")) as (port, _):
        events, error = heard(stream(port), asking(port))
    assert (events, type(error)) == ([Event("message", "1")], Transient)


def test_a_chunk_that_breaks_off_is_an_end_like_any_other() -> None:
    with served(says(b"ff\r\ndata: 1\n\nda", transfer_encoding="chunked")) as (port, _):
        events, error = heard(stream(port), asking(port))
    assert (events, type(error)) == ([Event("message", "1")], Transient)


def test_a_stream_that_falls_silent_is_given_up() -> None:
    with served(silent) as (port, _):
        began = time.monotonic()
        _, error = heard(stream(port), asking(port))
        assert isinstance(error, Transient)
        assert 0.5 < time.monotonic() - began < 2.9


def test_signs_of_life_keep_it_open() -> None:
    with served(says(*[b":thump\n\n", b""] * 5, b"data: 1\n\n")) as (port, _):
        events, _ = heard(stream(port), asking(port))
    assert events == [Event("message", "1")]


@pytest.mark.parametrize("answering", [silent, lambda handler: time.sleep(3)])
def test_it_closes_at_once_whatever_it_waits_for(answering: Answering) -> None:
    with served(answering) as (port, asked):
        made = stream(port, silence=30)
        thread = threading.Thread(target=lambda: heard(made, asking(port)))
        thread.start()
        until(lambda: asked, 10, "it is asked")
        began = time.monotonic()
        made.close()
        thread.join(10)
        assert time.monotonic() - began < 1.5, "the server would keep it for three seconds"


def test_a_stream_that_was_closed_is_not_opened() -> None:
    with served(says(b"data: 1\n\n")) as (port, asked):
        made = stream(port)
        made.close()
        events, _ = heard(made, asking(port))
        assert (events, asked) == ([], [])


@pytest.mark.parametrize(
    ("answering", "error"),
    [
        (says(b"{}", status=404, kind="application/json"), NoStream),
        (says(b"<html>", kind="text/html"), NoStream),
        (says(status=204), NoStream),
        (says(b'{"error":"bad hidden-token"}', status=401), AuthExpired),
        (says(b'{"error":"slow down"}', status=429, retry_after="7"), RateLimited),
        (says(b"busy", status=503), Transient),
        (says(b"\x1f\x8b", content_encoding="gzip"), Unreadable),
    ],
)
def test_what_is_no_stream_says_what_it_is(answering: Answering, error: type[ChannelError]) -> None:
    with served(answering) as (port, _):
        _, ended = heard(stream(port), asking(port))
    assert type(ended) is error
    assert "hidden-token" not in ended.text


def test_an_inner_address_is_not_called() -> None:
    with served(says(b"data: 1\n\n")) as (port, asked):
        _, ended = heard(stream(), asking(port))
        assert (type(ended), asked) == (HostRefused, [])


def test_another_host_that_is_pointed_to_gets_no_token() -> None:
    with served(says(b"data: 1\n\n")) as (there, asked):
        with served(says(status=302, location=f"http://127.0.0.1:{there}/elsewhere")) as (here, _):
            events, _ = heard(stream(here, there), asking(here))
        assert events == [Event("message", "1")]
        assert [(path, token) for path, token, _ in asked] == [("/elsewhere", None)]


def test_nobody_at_home_is_a_passing_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _, ended = heard(stream(port), asking(port))
    assert isinstance(ended, Transient)
    assert "hidden-token" not in str(ended)
