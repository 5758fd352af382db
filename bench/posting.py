"""Many requests to one server as fast as it takes them, from a few connections that stay open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 8
"""As many as the server has threads."""
PATIENCE = 60.0


class Refused(RuntimeError):
    """An answer was none of success."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is."""

    port: int

    def request(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """The bytes of one POST of JSON."""
        told = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/json", **headers}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body

    def rate(self, requests: Sequence[bytes]) -> float:
        """Requests a second, all of them answered with success."""
        parts = [requests[at::CONNECTIONS] for at in range(CONNECTIONS)]
        faults: list[BaseException] = []
        threads = [threading.Thread(target=self._post, args=(part, faults)) for part in parts if part]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - start
        if faults:
            raise faults[0]
        return len(requests) / taken

    def times(self, requests: Sequence[bytes]) -> list[float]:
        """Seconds until each was answered with success, one after the other over one connection."""
        taken = []
        with self.connect() as line:
            for request in requests:
                start = time.perf_counter()
                self._told(line, request)
                taken.append(time.perf_counter() - start)
        return taken

    def _post(self, requests: Sequence[bytes], faults: list[BaseException]) -> None:
        try:
            with self.connect() as line:
                for request in requests:
                    self._told(line, request)
        except (OSError, ValueError, Refused) as error:
            faults.append(error)

    def _told(self, line: socket.socket, request: bytes) -> None:
        if not 200 <= (status := ask(line, request)) < 300:
            raise Refused(f"the server answered {status}")

    def connect(self) -> socket.socket:
        """A connection of one's own."""
        line = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line


def ask(line: socket.socket, request: bytes) -> int:
    """The status of one answer, which is read to its end; ConnectionError where there is none."""
    line.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(line)
    head, _, body = got.partition(b"\r\n\r\n")
    wanted = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one[:15] == b"content-length:"), 0)
    missing = wanted - len(body)
    while missing > 0:
        missing -= len(_more(line))
    return int(head[9:12])


def _more(line: socket.socket) -> bytes:
    if not (piece := line.recv(65536)):
        raise ConnectionError("the server hung up")
    return piece
