"""`amends add-admin`."""

from __future__ import annotations

import argparse

from amends.site.commands.say import say
from amends.site.desk import DeskError, desk
from amends.site.secret_words import asked

NAME = "add-admin"
HELP = "Make somebody who runs this desk, and admin of a brand, without the pages of the first visit."
EXITS = "0 made, 1 not made (a bad address, a weak password, an address that is taken)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who, and for which brand; the password is asked for, or read from standard input."""
    parser.add_argument("email", help="the address to sign in with")
    parser.add_argument("--name", default="", help="what they are called (default: the address)")
    parser.add_argument("--brand", required=True, help="the brand, made when there is none of that name")
    parser.add_argument("--time-zone", default="", help="the zone they read times in, like Europe/Berlin")


def run(args: argparse.Namespace) -> int:
    """Make them, on record."""
    password = asked()
    with desk(say) as found:
        from amends.pipeline.people_checks import PeopleError
        from amends.site.admins import add

        try:
            add(args.email, args.name or args.email, password, args.brand, args.time_zone)
        except PeopleError as error:
            raise DeskError(f"{error.text} Nothing was changed.") from None
        from amends.pipeline import set_up_code

        set_up_code.forget(found.folder)
    say(f"{args.email} can sign in, and is admin of “{args.brand}”.")
    return 0
