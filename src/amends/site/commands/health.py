"""`amends health`."""

from __future__ import annotations

import argparse
import os
import urllib.error
import urllib.request

from amends.site.commands.say import say

NAME = "health"
HELP = "Whether a part of the desk does its work now: for the health checks of containers and monitors."
EXITS = "0 it does, 1 it does not."
PATIENCE = 8
"""Seconds for an answer."""
SILENT_AFTER = 30
"""Seconds without a sign of life after which no worker counts as at work."""
_HEARD = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which part, and where."""
    parser.add_argument("part", choices=["web", "worker"], help="web: on this machine; worker: any, anywhere")
    parser.add_argument("--port", type=int, default=8010, help="the port of the web (default: 8010)")


def run(args: argparse.Namespace) -> int:
    """Ask it."""
    trouble = _web(args.port) if args.part == "web" else _worker()
    if trouble:
        say(trouble)
    return int(bool(trouble))


def _web(port: int) -> str:
    """Why the web does not serve; "" when a page comes back."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    try:
        opener.open(f"http://127.0.0.1:{port}/", timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 else f"The web answers with {error.code}."
    except (OSError, ValueError) as error:
        return f"The web does not answer on port {port} ({error})."
    return ""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: it is not followed to an address that this machine may not reach."""

    def redirect_request(self, *_about: object) -> None:
        """Nowhere."""
        return


def _worker() -> str:
    """Why nothing is worked on; "" when a worker gave a sign of life."""
    import psycopg

    from amends.site import cluster, places

    url = cluster.database_urls(os.environ, places.named_folder(os.environ))[0]
    try:
        with psycopg.connect(url, connect_timeout=PATIENCE) as connection:
            row = connection.execute(_HEARD, [SILENT_AFTER]).fetchone()
    except psycopg.Error as error:
        return f"The database does not answer ({(str(error).strip().splitlines() or ['no reason'])[0]})."
    return "" if row and row[0] else f"No worker gave a sign of life in {SILENT_AFTER} s."
