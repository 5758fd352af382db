"""HTTP by hand: what no client library would send, and streams as they come."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.rig.desk import Rig
from tests.rig.processes import until


@dataclass
class Answer:
    """One whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(place: Rig, request: bytes, timeout: float = 20) -> Answer:
    """What comes back for these bytes, on a connection of their own."""
    with socket.create_connection(("127.0.0.1", place.port), timeout) as line:
        line.sendall(request)
        return answer(line)


def answer(line: socket.socket) -> Answer:
    """The next whole answer on a line."""
    read = line.makefile("rb")
    status = 100
    while status == 100:
        status = int(read.readline().split()[1])
        headers = {}
        while (header := read.readline().strip()) != b"":
            name, _, value = header.decode("latin-1").partition(": ")
            headers[name.lower()] = value
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, b"".join(_chunks(read)))
    return Answer(status, headers, read.read(int(headers.get("content-length", 0))))


def _chunks(read: Any) -> Iterator[bytes]:
    while size := int(read.readline().strip() or b"0", 16):
        yield read.read(size)
        read.readline()
    read.readline()


def request(method: str, path: str, place: Rig, body: bytes = b"", **headers: str) -> bytes:
    """A request with these headers (underscores stand for hyphens), and the length of its body."""
    named = {"Host": f"127.0.0.1:{place.port}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    if body and "Transfer-Encoding" not in named:
        named.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Event:
    """One event of a stream, and when it came."""

    name: str
    data: dict[str, Any]
    at: float


@dataclass
class Listening:
    """An open stream, read by a thread of its own."""

    line: socket.socket
    status: int = 0
    events: list[Event] = field(default_factory=list)
    beats: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        with self.line.makefile("rb") as lines:
            self.status = int(lines.readline().split()[1])
            name = ""
            for line in lines:
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    self.events.append(Event(name, json.loads(line[6:]), time.monotonic()))
                elif line.startswith(b": "):
                    self.beats += 1
                elif line == b"0\r\n":  # the last chunk
                    break
        self.over.set()

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    def wait_for(
        self, name: str, so: Callable[[dict[str, Any]], object] = bool, seconds: float = 10
    ) -> Event:
        """The first event of that name that is so."""
        return until(
            lambda: next((event for event in self.named(name) if so(event.data)), None),
            seconds,
            f"the event {name} comes",
            lambda: self.events,
        )

    def forget(self) -> None:
        self.events.clear()


@contextmanager
def listening(place: Rig, session: str = "", path: str = "/live/", **headers: str) -> Iterator[Listening]:
    """A stream for a session, as the desk's own pages open it, or with other headers."""
    given = {"HX_Request": "true", "Cookie": f"sessionid={session}"} if session else {}
    with socket.create_connection(("127.0.0.1", place.port), 20) as line:
        line.sendall(request("GET", path, place, b"", **given, **headers))
        line.settimeout(None)
        stream = Listening(line)
        reader = threading.Thread(target=stream.read, daemon=True)
        reader.start()
        try:
            until(lambda: stream.status, 20, "the stream opens")
            yield stream
        finally:
            if not stream.over.is_set():
                line.shutdown(socket.SHUT_RDWR)
            reader.join(10)
