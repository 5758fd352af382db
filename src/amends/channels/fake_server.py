"""The fake network as a process of its own on loopback, and as a transport inside a test."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import httpx2

from amends.channels.fake_deeds import Clock
from amends.channels.fake_journal import Journal, JournalError
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_trouble import Broken, Trouble
from amends.channels.protocol import Request, Response

TOKEN_VARIABLE = "AMENDS_FAKE_TOKEN"  # noqa: S105 - the name of a variable, not a secret
MOST_BYTES = 256 * 1024
HEARTBEAT = 0.2
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Teller(Protocol):
    """Whoever tells a story on the network."""

    @property
    def brand(self) -> tuple[str, str]:
        """Handle and name of the account that the desk speaks for."""

    def begin(self, network: FakeNetwork) -> None:
        """Tell what is past, once in the life of a network."""

    def go_on(self, network: FakeNetwork) -> None:
        """Tell whatever is due by now."""


class Server(ThreadingHTTPServer):
    """Serves one network on 127.0.0.1; one request at a time changes it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, network: FakeNetwork) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.network = network
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers who hung up before they had their answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Where the network is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Carries one connection's requests to the network and its troubles to the connection."""

    protocol_version = "HTTP/1.1"
    server_version = "fake"
    sys_version = ""
    timeout = 30
    server: Server

    def _serve(self) -> None:
        size = self.headers.get("content-length") or "0"
        if self.headers.get("transfer-encoding") or not (size.isascii() and size.isdigit()):
            return self._refuse(411)
        if len(size) > 9 or int(size) > MOST_BYTES:
            return self._refuse(413)
        body = self.rfile.read(int(size))
        request = Request(self.command, self.path, headers=dict(self.headers.items()), body=body)
        try:
            with self.server.lock:
                response = self.server.network.handle(request)
        except Broken as broken:
            return self._break(broken)
        except OSError:
            return self._refuse(507)
        return self._answer(response)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self.send_error(status)

    def _break(self, broken: Broken) -> None:
        if broken.fault.trouble is Trouble.SLOW and broken.response:
            time.sleep(broken.fault.seconds)
            return self._answer(broken.response)
        self.close_connection = True
        if broken.fault.trouble is Trouble.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            os.close(self.connection.detach())
        return None

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing: a request line may hold what nobody should read in a log."""


def transport(network: FakeNetwork) -> httpx2.MockTransport:
    """The network as a transport for `drive.Http`, with its troubles as the errors that a real one raises."""

    def carry(asked: httpx2.Request) -> httpx2.Response:
        request = Request(asked.method, str(asked.url), headers=dict(asked.headers), body=asked.content)
        try:
            response = network.handle(request)
        except Broken as broken:
            if broken.fault.trouble is Trouble.RESET:
                raise httpx2.ReadError("reset", request=asked) from None
            raise httpx2.ReadTimeout("no answer", request=asked) from None
        return httpx2.Response(response.status, headers=dict(response.headers), content=response.body)

    return httpx2.MockTransport(carry)


def main(argv: Sequence[str], *, now: Clock, teller: Callable[[int], Teller] | None = None) -> int:
    """Run the network until SIGTERM or SIGINT: 0 after a clean stop, 1 for no start, 2 for bad use."""
    options = _options(argv)
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        return _complain(f"Set {TOKEN_VARIABLE} to the token that the desk's account is to have.", 2)
    try:
        journal = Journal(options.state)
    except (JournalError, OSError) as error:
        return _complain(str(error), 1)
    try:
        network = FakeNetwork(now, state=journal.replay(), record=journal.record)
        story = teller(options.seed) if teller and not options.empty else None
        brand = network.join(*(story.brand if story else (options.handle, options.handle)))
        network.admit(brand.id, token)
        if story:
            story.begin(network)
        server = Server(options.port, network)
    except (JournalError, OSError) as error:
        journal.close()
        return _complain(str(error), 1)
    try:
        _serve(server, story if options.live else None, with_parent=options.with_parent)
    except OSError as error:
        return _complain(f"The journal can no longer be written ({error.strerror}).", 1)
    finally:
        journal.close()
    return 0


def _serve(server: Server, story: Teller | None, *, with_parent: bool) -> None:
    """Serve, and let the story go on, until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": HEARTBEAT}, daemon=True)
    thread.start()
    sys.stdout.write(f"fake network ready on {server.url}\n")
    sys.stdout.flush()
    while not stop.wait(HEARTBEAT):
        if story:
            with server.lock:
                story.go_on(server.network)
        if with_parent and os.getppid() != parent:
            break
    server.shutdown()
    server.server_close()
    thread.join()


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"amends fake-network: {text}\n")
    return code


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="amends fake-network",
        description="A little social network on this machine, with people who talk with a demo brand. "
        f"The desk's token is read from {TOKEN_VARIABLE}.",
        epilog="Exit codes: 0 stopped cleanly, 1 could not start, 2 bad use.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--state", type=Path, required=True, help="the folder that keeps what was said")
    parser.add_argument("--seed", type=int, default=1, help="which course the story takes (default: 1)")
    parser.add_argument(
        "--live", action=argparse.BooleanOptionalAction, default=True, help="go on telling (default)"
    )
    parser.add_argument("--empty", action="store_true", help="tell no story at all")
    parser.add_argument("--handle", default="brand", help="the desk's account when there is no story")
    parser.add_argument("--with-parent", action="store_true", help="stop when the starting process is gone")
    return parser.parse_args(argv)
