"""`amends reseal`."""

from __future__ import annotations

import argparse

from amends.site.commands.say import say
from amends.site.desk import DeskError, desk

NAME = "reseal"
HELP = "After a change of the secret key: seal everything with the new one, so that the old can go."
EXITS = "0 all is sealed with the present key, 1 something could not be opened, and nothing was changed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None; the old key is in AMENDS_SECRET_KEY_OLD or `secret.key.old`."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Seal anew, all or nothing."""
    del args
    with desk(say, existing=True):
        from amends.store import sealed, seals

        try:
            done = seals.renew()
        except sealed.CannotOpen as error:
            raise DeskError(f"{error} Nothing was changed.") from None
    say(f"{done} sealed values are under the present key. The old key may go once no backup needs it.")
    return 0
