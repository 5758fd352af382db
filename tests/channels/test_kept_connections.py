"""A server that closes kept connections without a word: questions are asked again, posts have their own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from amends.channels.drive import Http
from amends.channels.errors import Maybe, Transient
from amends.channels.protocol import Request

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def rude(answers: int, *, breaks: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """Answers the first so many requests, each over a connection that it breaks at the next request; or, if
    it does not break it, says no more there."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with connection:
            asked.append(connection.recv(65536))
            if len(asked) <= answers:
                connection.sendall(ANSWER)
                asked.append(connection.recv(65536))
                if not breaks:
                    connection.recv(65536)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def http(port: int) -> Http:
    return Http(allow_hosts=frozenset({f"127.0.0.1:{port}"}), now=lambda: NOW)


def request(port: int, method: str = "GET") -> Request:
    return Request(method, f"http://127.0.0.1:{port}/x", timeout=3)


def test_a_question_is_asked_again_over_a_fresh_connection() -> None:
    with rude(answers=9) as (port, asked), http(port) as wire:
        assert [wire(request(port)).status for _ in range(2)] == [200, 200]
        assert len([one for one in asked if one]) == 3


def test_a_post_goes_over_a_connection_of_its_own() -> None:
    with rude(answers=9) as (port, asked), http(port) as wire:
        assert [wire(request(port, how)).status for how in ("GET", "POST", "POST")] == [200, 200, 200]
        assert [one[:4] for one in asked if one] == [b"GET ", b"POST", b"POST"]


def test_a_post_is_not_repeated() -> None:
    with rude(answers=1) as (port, asked), http(port) as wire:
        wire(request(port))
        with pytest.raises(Maybe):
            wire(request(port, "POST"))
        assert [one[:4] for one in asked if one] == [b"GET ", b"POST"]


def test_what_goes_over_a_kept_connection_can_be_broken_off() -> None:
    with rude(answers=9, breaks=False) as (port, _), http(port) as wire:
        assert [wire(request(port, how)).status for how in ("GET", "POST")] == [200, 200]
        threading.Timer(0.3, wire.abort).start()
        begun = time.monotonic()
        with pytest.raises(Transient):
            wire(request(port))
        assert time.monotonic() - begun < 2


def test_a_fresh_connection_that_breaks_is_a_hiccup_at_once() -> None:
    with rude(answers=0) as (port, asked), http(port) as wire:
        with pytest.raises(Transient):
            wire(request(port))
        assert len(asked) == 1


def test_what_was_aborted_asks_nothing_more() -> None:
    with rude(answers=9) as (port, asked), http(port) as wire:
        wire.abort()
        with pytest.raises(Transient):
            wire(request(port))
        assert asked == []
