"""`amends serve`."""

from __future__ import annotations

import argparse

NAME = "serve"
HELP = "Run the whole desk on this machine: database, web, worker and nightly backups, until stopped."
EXITS = "0 stopped by SIGTERM or ctrl-C, 1 it could not start; what was stored before is kept."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to serve, and whether with a living sample."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8010, help="the port to serve on (default: 8010)")
    parser.add_argument(
        "--sample",
        action="store_true",
        help="with a demo brand, people to sign in as, and a network on which it is talked with",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until stopped; a second run keeps the data."""
    from amends.site.supervisor import Supervisor

    return Supervisor(args.host, args.port, args.sample).serve()
