"""`amends worker`."""

from __future__ import annotations

import argparse
import os
import sys

from amends.site.commands.say import say
from amends.site.desk import desk

NAME = "worker"
HELP = (
    "Take in, read, send and look after what is due, until stopped. Run as many as you like, on any machine."
)
EXITS = "0 stopped by SIGTERM or ctrl-C, 1 it could not start."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Work until stopped; whatever is cut off is found again by the next worker."""
    del args
    with desk(say):
        from amends.work import worker

        clean = worker.run()
    if not clean:
        sys.stderr.flush()
        os._exit(0)  # a thread still waits for a network; its row is found and looked up later
    return 0
