"""Between the desk and PostgreSQL as a transaction pooler is: it takes LISTEN and passes no notice on."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

NOTICE = b"A"
_NAME = ".s.PGSQL.5432"


class Pooler:
    """Passes everything on from a socket of its own but what a LISTEN would hear."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = str(server / _NAME)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / _NAME))
        self._door.listen()
        self.swallowed = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take nobody in any more."""
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            for pump, one, other in ((_all, client, server), (self._but_notices, server, client)):
                threading.Thread(target=_ended, args=(pump, one, other), daemon=True).start()

    def _but_notices(self, server: socket.socket, client: socket.socket) -> None:
        """A message of the server is a letter, a length and the rest."""
        with server.makefile("rb") as read:
            while kind := read.read(1):
                size = read.read(4)
                rest = read.read(int.from_bytes(size, "big") - 4)
                if kind == NOTICE:
                    self.swallowed += 1
                else:
                    client.sendall(kind + size + rest)


def _all(client: socket.socket, server: socket.socket) -> None:
    while some := client.recv(65_536):
        server.sendall(some)


def _ended(pump: object, one: socket.socket, other: socket.socket) -> None:
    try:
        pump(one, other)  # type: ignore[operator]
    except OSError:
        pass
    finally:
        for line in (one, other):
            line.close()
