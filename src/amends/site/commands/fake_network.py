"""`amends fake-network`."""

from __future__ import annotations

import argparse

NAME = "fake-network"
HELP = "Run a little social network on this machine, with people who talk with a demo brand."
EXITS = "0 stopped cleanly, 1 it could not start, 2 bad use."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """They are the network's own: see `amends fake-network --help`."""
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Run it until stopped."""
    from amends import clock
    from amends.channels import fake_server
    from amends.sample.teller import Telling

    rest: list[str] = args.rest
    return fake_server.main(rest, now=clock.now, teller=Telling)
