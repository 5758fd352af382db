"""`amends restore`."""

from __future__ import annotations

import argparse
from pathlib import Path

from amends.site.commands.say import say
from amends.site.desk import bring_up_to_date, place

NAME = "restore"
HELP = "Put back a backup: the whole of it, or nothing is changed. Stop the desk first."
EXITS = "0 put back and brought up to date, 1 not put back, and all is as it was."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which backup, and whether it may take the place of what is there."""
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="the backup's file")
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of all that the database holds now"
    )


def run(args: argparse.Namespace) -> int:
    """Put back, then make the tables those of this version."""
    from amends.site import backup

    with place(say, alone=True) as found:
        done = backup.restore(
            args.archive.absolute(), found.folder, found.urls, replace=args.replace, key_opens=_key_opens
        )
        import django

        django.setup()
        bring_up_to_date(say)
    of = f" of {done.when:%Y-%m-%d %H:%M} UTC" if done.when else ""
    say(f"The backup{of} is put back.")
    if done.aside:
        say(f"The files that were there before are in {done.aside}.")
    say(done.advice)
    return 0


def _key_opens(url: str) -> bool:
    """Whether the key in place opens the newest sealed token; true where none is sealed."""
    import psycopg

    from amends.store import sealed

    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT token FROM store_account WHERE token IS NOT NULL ORDER BY id DESC LIMIT 1"
        ).fetchone()
    if row is None:
        return True
    try:
        sealed.open_(bytes(row[0]))
    except sealed.CannotOpen:
        return False
    return True
