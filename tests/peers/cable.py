"""A cable between the desk and a server: it can be cut, at once or in the middle of a sending, and mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE = 65536


@dataclass(slots=True)
class Cable:
    """Passes bytes between its own port and the server's; remembers what went through towards the server."""

    target: int
    listener: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)
    ends: set[socket.socket] = field(default_factory=set)
    is_cut: bool = False
    swallow: bytes = b""
    passed: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection; no other comes about until the cable is mended."""
        self.is_cut = True
        with self.lock:
            ends = list(self.ends)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def lose_answer_to(self, beginning: bytes) -> None:
        """The next request that begins like this goes through; the connection breaks before its answer."""
        self.swallow = beginning

    def run(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self.lock:
                self.ends |= {near, far}
            lost = threading.Event()
            for source, sink, out in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=(source, sink, out, lost), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, out: bool, lost: threading.Event) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if out:
                    self.passed.append(piece)
                    if self.swallow and piece.startswith(self.swallow):
                        self.swallow = b""
                        lost.set()
                elif lost.is_set():
                    break
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self.lock:
                self.ends.discard(end)
            end.close()


@contextmanager
def cable(target: int) -> Iterator[Cable]:
    """A cable to a port of this machine."""
    made = Cable(target, socket.create_server(("127.0.0.1", 0)))
    threading.Thread(target=made.run, daemon=True).start()
    try:
        yield made
    finally:
        made.listener.shutdown(socket.SHUT_RDWR)
        made.listener.close()
        made.cut()
