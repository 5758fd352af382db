"""`amends web`."""

from __future__ import annotations

import argparse
import gc
import os
from typing import Any

from amends.site import ports, public
from amends.site.commands.say import say
from amends.site.desk import SERVED, Desk, desk

NAME = "web"
HELP = "Serve the screens and the API, until stopped. Run several behind a proxy, on any machines."
EXITS = "0 stopped by SIGTERM or ctrl-C, 1 it could not start."
KILL_AFTER = 2
"""Seconds for pages under way at SIGTERM; open streams end by it at once."""
LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s web: %(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"_granian": {"handlers": ["err"], "level": "ERROR", "propagate": False}},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to serve, and with how much."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8010, help="the port to serve on (default: 8010)")
    parser.add_argument("--workers", type=int, default=1, help="how many processes (default: 1)")
    parser.add_argument(
        "--threads",
        type=int,
        default=8,
        help="how many pages at a time in each, with a database connection each (default: 8)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until stopped; a worker process that dies is replaced."""
    ports.check(args.host, args.port)
    public.settle(os.environ, args.host, args.port)
    with desk(say) as found:
        from django.db import connections

        _tell_the_code(found)
        connections.close_all()  # what a fork must not share
        gc.freeze()  # nor look through again and again, nor on the way out: a second of the stop
        os.environ["AMENDS_WEB_PARENT"] = str(os.getpid())
        os.environ["AMENDS_WEB_THREADS"] = str(max(1, args.threads))
        _serve(args)
    return 0


def _tell_the_code(found: Desk) -> None:
    """While nobody can sign in: what a visitor from another machine must know to become the first admin."""
    from amends.pipeline import people, set_up_code

    if SERVED not in os.environ and people.needs_first_admin():
        path = set_up_code.write_down(found.folder)
        say(f"Set-up code, for the first visit from another machine: {set_up_code.code()} (also in {path})")


def _serve(args: argparse.Namespace) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    MPServer(
        "amends.site.asgi:application",
        address=args.host,
        port=args.port,
        interface=Interfaces.ASGI,
        workers=max(1, args.workers),
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=LOG,
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=KILL_AFTER,
    ).serve()
