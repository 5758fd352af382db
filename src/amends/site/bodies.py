"""Bodies of requests: read before a thread is taken, with a bound on size and on patience."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig

from amends.site.environ import Scope, header

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

IN_MEMORY = 512 * 1024
MOST = 4 * 1024 * 1024
"""What the desk takes from anybody at any address (Django and the webhooks have the same limit)."""
DRAINED = 64 * 1024 * 1024
"""So much of a body that is too big is thrown away after the answer, so that its sender hears it."""
SILENCE = 20.0
LONGEST = 300.0


class NotRead(Exception):
    """The body cannot be had: what its sender is answered."""

    status = 400
    words = "The body of the request broke off or cannot be read. Nothing was done."
    retry_after = 0


class Broken(NotRead):
    """It broke off, or is not in the form that HTTP wants: the server does not tell which."""


class Slow(NotRead):
    """It took too long to come."""

    status = 408
    words = "The body of the request did not come in time. Nothing was done."


class NoRoom(NotRead):
    """There is no room for it on disk."""

    status = 503
    words = "There is no room for the body just now. Nothing was done; try again in a few seconds."
    retry_after = 5


class TooBig(io.RawIOBase, IO[bytes]):
    """In the place of a body that is not kept: whoever reads it is told. `comes`: more of it does."""

    def __init__(self, *, comes: bool = False) -> None:
        super().__init__()
        self.comes = comes

    def readable(self) -> bool:
        """It can be asked."""
        return True

    def readinto(self, _buffer: object) -> int:
        """Never gives anything."""
        raise RequestDataTooBig(f"The body is larger than {MOST} bytes.")


async def read(scope: Scope, receive: Receive) -> IO[bytes]:
    """The whole body, on disk where it is large; raises NotRead.

    Of one that says that it is too big nothing is read.
    """
    length = header(scope, b"content-length")
    if length in ("", "0") and not header(scope, b"transfer-encoding"):
        return io.BytesIO()
    if length.isdecimal() and int(length[:20]) > MOST:
        return TooBig(comes=not header(scope, b"expect"))
    try:
        async with asyncio.timeout(LONGEST):
            return await _spooled(receive)
    except TimeoutError:
        raise Slow from None
    except OSError as error:
        raise NoRoom from error


async def _spooled(receive: Receive) -> IO[bytes]:
    kept: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the bridge
    size, more = 0, True
    try:
        while more and size <= MOST:
            piece, more = await _piece(receive)
            size += len(piece)
            kept.write(piece)
    except BaseException:
        kept.close()
        raise
    if size > MOST:
        kept.close()
        return TooBig(comes=more)
    kept.seek(0)
    return kept


async def drain(receive: Receive) -> None:
    """Throw away what still comes of a body that is answered already, within bounds."""
    size, more = 0, True
    with suppress(Broken, TimeoutError):
        async with asyncio.timeout(LONGEST):
            while more and size <= DRAINED:
                piece, more = await _piece(receive)
                size += len(piece)


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """The next piece, and whether more may follow."""
    async with asyncio.timeout(SILENCE):
        message = await receive()
    if message["type"] != "http.request":
        raise Broken
    return message.get("body", b""), message.get("more_body", False)
