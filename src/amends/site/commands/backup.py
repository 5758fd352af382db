"""`amends backup`."""

from __future__ import annotations

import argparse

from amends.site.commands.say import say, tell
from amends.site.desk import place

NAME = "backup"
HELP = "Put the database and the files of the desk into one archive, without its keys. Seven are kept."
EXITS = "0 a whole backup was written and read back, 1 it was not; older ones are as they were."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much to say."""
    parser.add_argument("--quiet", action="store_true", help="say nothing when all goes well")


def run(args: argparse.Namespace) -> int:
    """Make a backup of the desk as it is at this moment; it goes on working meanwhile."""
    from amends import clock
    from amends.site import backup, places

    with place(say, existing=True) as found:
        archive = backup.back_up(found.folder, found.urls, clock.now())
    if not args.quiet:
        tell(str(archive))
        say(
            f"The keys are not in it. Keep {places.SECRET_KEY} and {places.HISTORY_KEY} of {found.folder} "
            "(or their environment variables) somewhere else: without them its account tokens stay shut."
        )
    return 0
