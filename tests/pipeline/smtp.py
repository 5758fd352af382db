"""A small real SMTP server on loopback, which fails on demand."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import SO_LINGER, SOL_SOCKET

RESET = struct.pack("ii", 1, 0)


@dataclass
class Post:
    """What the server got, and what it is to do next: `STAGE: CODE` answers so, `STAGE: 0` breaks off."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    sessions: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    holds: str = ""
    """The stage before whose answer it waits until it `goes_on`, having said that it is `held`."""
    held: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.post.sessions += 1
        if self._say("greeting", "220 ready"):
            return
        for line in self.rfile:
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                refused = self.server.post.faults.get("data")
                if self._say("data", "354 go on") or (refused is None and self._taken()):
                    return
            elif word == b"QUIT":
                self._say("quit", "221 bye")
                return
            else:
                stage = {b"MAIL": "sender", b"RCPT": "recipient"}.get(word, "other")
                if self._say(stage, "250 fine"):
                    return

    def _taken(self) -> bool:
        lines: list[bytes] = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        if self.server.post.faults.get("verdict", 250) in (0, 250, -1):
            self.server.post.mails.append(mail)
        return self._say("verdict", "250 kept")

    def _say(self, stage: str, words: str) -> bool:
        """Whether the connection was broken off instead."""
        post = self.server.post
        if post.holds == stage:
            post.held.set()
            return not post.goes_on.wait(30)
        code = self.server.post.faults.pop(stage, None)
        if code == 0:
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, RESET)
            return True
        answer = words if code is None else "nonsense" if code < 0 else f"{code} a fault on demand"
        self.wfile.write(f"{answer}\r\n".encode())
        return False


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    post: Post


@contextmanager
def serving() -> Iterator[Post]:
    """The server while it runs."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.post = Post(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.post
        finally:
            server.shutdown()
            thread.join()
