"""The web process: an ASGI application, loaded in each of them, of Django's pages and the open streams."""

from __future__ import annotations

import asyncio
import os
import signal
from types import FrameType

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from procrastinate.contrib.django.utils import connector_params

from amends.site.bodies import Receive
from amends.site.bridge import Bridge, Send, plain
from amends.site.command import end_with_parent
from amends.site.environ import Scope
from amends.site.live.desk import LiveDesk


class Web:
    """Pages by Django's WSGI handler in threads, streams on the event loop."""

    def __init__(self, bridge: Bridge, live: LiveDesk) -> None:
        self._bridge = bridge
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live_through(receive, send)
        elif scope["type"] == "http":
            admitted = await self._bridge(scope, receive, send)
            if admitted is not None and not await self._live.serve(admitted, receive, send):
                await plain(send, 503, "There is no room for another stream. Try later.", retry_after=20)

    async def _live_through(self, receive: Receive, send: Send) -> None:
        await receive()
        self._end_streams_on_signals(asyncio.get_running_loop())
        self._live.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._live.stop()
        self._bridge.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _end_streams_on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """The server waits for open streams before it says that it shuts down, so they end by the signal.

        Its own handler goes by the loop, which is woken beside this one.
        """

        def told(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._live.end_streams)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told)
            signal.siginterrupt(number, False)


def _made() -> Web:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amends.site.settings")
    end_with_parent(os.environ.pop("AMENDS_WEB_PARENT", ""))
    pages = get_wsgi_application()
    _ = get_resolver().url_patterns  # what the first visitor would wait for
    listening = connector_params("direct" if "direct" in settings.DATABASES else "default")
    return Web(Bridge(pages, int(os.environ.pop("AMENDS_WEB_THREADS", "8"))), LiveDesk(listening))


application = _made()
