"""Another system's webhook on loopback: keeps what it got; times out, refuses or fails on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, whether it was kept, and what is done with what comes next."""

    port: int = 0
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    hangs: threading.Event = field(default_factory=threading.Event)
    """While cleared, whoever asks waits for an answer."""

    def __post_init__(self) -> None:
        self.hangs.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts?key=of-the-receiver"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.came]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        receiver.hangs.wait(30)
        self.send_response(receiver.status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = allow_reuse_address = True
    receiver: Receiver

    def handle_error(self, *_: object) -> None:
        """Whoever asked is gone."""


@contextmanager
def receiving(port: int = 0, receiver: Receiver | None = None) -> Iterator[Receiver]:
    """The receiver while it runs; the same again on the same port after it was away."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.receiver = receiver or Receiver()
        server.receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.receiver
        finally:
            server.receiver.hangs.set()
            server.shutdown()
            thread.join()
