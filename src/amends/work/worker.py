"""A worker process: works until told to stop, and waits for a database that is away."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from amends.work import tasks
from amends.work.once import stopping
from amends.work.streams import Keeper

CONCURRENCY = 8
LISTENS_POLL = 5.0
GRACE = 2.0
"""Seconds that running jobs get for their end; a sending cut off becomes `unknown` and is looked up."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
POOL_PATIENCE = 3.0

_AWAY = (ConnectorException, OperationalError, InterfaceError)
_log = logging.getLogger(__name__)


def run() -> bool:
    """Work until SIGTERM or SIGINT; False when a job still runs and the process must be cut off.

    To be called in the main thread, after `django.setup()`.
    """
    _hush()
    loop = asyncio.new_event_loop()
    # Its threads are not waited for at the end: a slow network would hold up the stop for minutes.
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENCY + 2, thread_name_prefix="work"))
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(_until_stopped(loop))


async def _until_stopped(loop: asyncio.AbstractEventLoop) -> bool:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keeper = Keeper(_connection())
    keeper.start()
    working = asyncio.create_task(_work_on(stop))
    await asyncio.wait({working, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    until = loop.time() + GRACE
    stopping.set()
    keeper.close()
    working.cancel()
    done, _ = await asyncio.wait({working}, timeout=GRACE)
    keeper.join(until - loop.time())
    return bool(done)


async def _work_on(stop: asyncio.Event) -> None:
    """Work, and begin anew whenever the database went away, after ever longer pauses."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        try:
            await _work()
        except _AWAY as error:
            _log.debug("The worker's connection failed: %s", error)
        if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        _log.warning("The worker has lost the database. Nothing is lost; it tries again in %.1f s.", pause)
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)


async def _work() -> None:
    connector = PsycopgConnector(
        kwargs=_connection(),
        min_size=1,
        max_size=CONCURRENCY,
        timeout=POOL_PATIENCE,
    )
    with app.replace_connector(connector) as working:
        async with working.open_async():
            await working.run_worker_async(
                name="amends",
                concurrency=CONCURRENCY,
                fetch_job_polling_interval=LISTENS_POLL,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=tasks.HEARTBEAT,
                stalled_worker_timeout=tasks.STALLED_AFTER,
            )


def _connection() -> dict[str, Any]:
    """How to reach the database itself, past any pooler: what outlives a transaction needs that."""
    parameters: dict[str, Any] = connector_params("direct" if "direct" in settings.DATABASES else "default")
    return parameters


def _hush() -> None:
    """Say once that the database is away, instead of a stack trace for every part that noticed."""
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_worth_saying)


def _worth_saying(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (record.name.startswith(("procrastinate", "asyncio")) and isinstance(error, _AWAY))
