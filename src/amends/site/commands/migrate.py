"""`amends migrate`."""

from __future__ import annotations

import argparse

from amends.site.commands.say import say
from amends.site.desk import desk

NAME = "migrate"
HELP = "Make the tables of this version, or bring older ones up to date. Other commands do it by themselves."
EXITS = "0 the tables are up to date, 1 they could not be changed and are as they were."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Bring the tables up to date."""
    del args
    with desk(say):
        say("The tables are up to date.")
    return 0
