"""Bodies of requests: read before a thread is taken, with a bound on size and on patience."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig

from amends.site.environ import Scope, header

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

IN_MEMORY = 512 * 1024
MOST = 16 * 1024 * 1024
"""Above every limit of the desk itself, which refuses with words of its own."""
DRAINED = 4 * MOST
"""So much of a body that is too big is read and thrown away, so that its sender hears the answer."""
SILENCE = 20.0
LONGEST = 300.0


class Left(Exception):
    """The client went away before its body was whole."""


class Slow(Exception):
    """The client took too long to send its body."""


class TooBig(io.RawIOBase, IO[bytes]):
    """In the place of a body that was not kept; whoever reads it is told."""

    def readable(self) -> bool:
        """It can be asked."""
        return True

    def readinto(self, _buffer: object) -> int:
        """Never gives anything."""
        raise RequestDataTooBig(f"The body is larger than {MOST} bytes.")


async def read(scope: Scope, receive: Receive) -> IO[bytes]:
    """The whole body, on disk where it is large; raises Left or Slow."""
    length = header(scope, b"content-length")
    if length in ("", "0") and not header(scope, b"transfer-encoding"):
        return io.BytesIO()
    if length.isdigit() and int(length[:20]) > MOST and header(scope, b"expect"):
        return TooBig()  # it asked first, so nothing of it need come
    try:
        async with asyncio.timeout(LONGEST):
            return await _spooled(receive)
    except TimeoutError:
        raise Slow from None


async def _spooled(receive: Receive) -> IO[bytes]:
    kept: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the bridge
    size, more = 0, True
    try:
        while more:
            async with asyncio.timeout(SILENCE):
                message = await receive()
            if message["type"] != "http.request":
                raise Left
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size <= MOST:
                kept.write(piece)
            elif size > DRAINED:
                break
    except BaseException:
        kept.close()
        raise
    if size > MOST:
        kept.close()
        return TooBig()
    kept.seek(0)
    return kept
