"""`amends set-password`."""

from __future__ import annotations

import argparse

from amends.site.commands.say import say
from amends.site.desk import DeskError, desk
from amends.site.secret_words import asked, read

NAME = "set-password"
HELP = "Give somebody another password, and end whatever they are signed in with. It is asked for, twice."
EXITS = "0 set, 1 not set (nobody of that address, a weak password)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose, and where the password comes from; never from the command line, which others can read."""
    parser.add_argument("person", metavar="PERSON", help="the address that they sign in with")
    parser.add_argument("--stdin", action="store_true", help="read it from the first line of standard input")


def run(args: argparse.Namespace) -> int:
    """Set it, on record."""
    password = read() if args.stdin else asked()
    with desk(say, existing=True):
        from amends import clock
        from amends.pipeline.passwords import set_password
        from amends.pipeline.people_checks import PeopleError

        try:
            ended = set_password(args.person, password, clock.now())
        except PeopleError as error:
            raise DeskError(f"{error.text} Nothing was changed.") from None
    say(f"{args.person} has a new password; {ended} of their sessions ended. It is on record.")
    return 0
