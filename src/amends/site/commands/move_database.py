"""`amends move-database`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from amends.site.commands.say import say, tell
from amends.site.desk import place

if TYPE_CHECKING:
    from amends.site.move import Plan
    from amends.store.verification import Verdict

NAME = "move-database"
HELP = (
    "Move the desk to a PostgreSQL server, from the embedded one or from another. Stop the desk first. "
    "The present database is only read, and stays the way back."
)
EXITS = (
    "0 moved and proved (with --check: it can be), 1 not moved: the desk goes on with its present database "
    "and the same command may be given again, 3 moved, but the record is not whole, here as there "
    "(amends verify-history), 130 or 143 interrupted: not moved."
)
ADDRESS, OWNER_ADDRESS = "AMENDS_MOVE_URL", "AMENDS_MOVE_OWNER_URL"
MOVED, NOT_WHOLE = 0, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and as whom; addresses that hold a password are read from the environment alone."""
    parser.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        default="",
        help="an empty database, as a role that may make roles: postgresql://postgres@db.example.org/amends. "
        f"Its password comes from PGPASSFILE or PGPASSWORD; or give the whole address in {ADDRESS}",
    )
    parser.add_argument(
        "--owner-url",
        metavar="URL",
        default="",
        help="where both roles are there already: the owner's address; URL is then that of the role that the "
        f"desk works as (with passwords: {OWNER_ADDRESS})",
    )
    parser.add_argument(
        "--check", action="store_true", help="only say what would be done and what hinders it"
    )


def run(args: argparse.Namespace) -> int:
    """Check, move, prove, and say what to set."""
    try:
        with place(say, alone=True, existing=True) as found:
            return _move(args, found.folder, found.urls)
    except (KeyboardInterrupt, SystemExit):
        say(
            "Interrupted: not moved. The desk goes on with its present database; give the same command again "
            "whenever you like."
        )
        raise


def _move(args: argparse.Namespace, folder: Path, urls: tuple[str, str]) -> int:
    from amends import clock
    from amends.site.move import Move

    url = _given(args.url, ADDRESS)
    owner_url = _given(args.owner_url, OWNER_ADDRESS)
    moving = Move(folder, urls, say)
    plan = moving.plan(url, owner_url)
    _announce(plan)
    if args.check:
        say("Nothing stands in the way. Nothing was changed.")
        return MOVED
    moving.carry_out(plan)
    say("Verifying the record ...")
    verdict = _verify(folder, plan.roles.urls)
    file = moving.settle(plan, clock.now())
    _tell(plan, file, verdict)
    return MOVED if verdict.whole else NOT_WHOLE


def _given(named: str, variable: str) -> str:
    """The address of the command line, which anybody may see and so holds no password, or of the variable."""
    from amends.site import move_settings
    from amends.site.errors import MoveError

    if not named:
        return os.environ.get(variable, "").strip()
    if move_settings.parts(named).get("password"):
        raise MoveError(
            "Everybody on this machine can read a command line, and now they may have read that password: "
            "change it. Give the address without it, and the password in PGPASSFILE or PGPASSWORD, or the "
            f"whole address in {variable}. {move_settings.UNTOUCHED}"
        )
    return named


def _announce(plan: Plan) -> None:
    from amends.site.backup_database import role_of

    say(f"From  {plan.old.where}, PostgreSQL {plan.old.release}")
    say(f"To    {plan.new.where}, PostgreSQL {plan.new.release}")
    say(f"What  {plan.size / (1 << 20):,.0f} MB, {plan.posts:,} posts and all that belongs to them")
    application, owner = map(role_of, plan.roles.urls)
    how = f"the role {plan.new.role} makes" if plan.roles.fresh else "there are"
    say(f"Roles {how} {owner}, who owns the tables, and {application}, who owns nothing")
    if plan.replaced:
        say("      An earlier try was not finished: whatever it left there is replaced.")
    for note in plan.notes:
        say(f"Note  {note}")


def _verify(folder: Path, urls: tuple[str, str]) -> Verdict:
    """Read the record where it now is, as `amends verify-history` will."""
    import django

    from amends.site import places

    os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"] = urls
    os.environ.pop("DATABASE_DIRECT_URL", None)
    django.setup()
    from django.db import connections

    from amends.store.verification import verify

    try:
        return verify(folder / places.CHECKPOINTS, places.history_key(folder, os.environ).public_key())
    finally:
        connections.close_all()


def _tell(plan: Plan, file: Path, verdict: Verdict) -> None:
    from amends.site.move_settings import shown

    tell(f"Moved to {plan.new.where}. Set these for every process of the desk, then start it:")
    tell(f"  DATABASE_URL        {shown(plan.roles.urls[0])}")
    tell(f"  DATABASE_OWNER_URL  {shown(plan.roles.urls[1])}")
    tell("  DATABASE_DIRECT_URL unset, unless DATABASE_URL becomes a pooler's: then as DATABASE_URL is above")
    tell(f"With passwords, for you alone, they stand in {file}:")
    tell("  in a shell: set -a; . THAT-FILE; set +a      in a unit of systemd: EnvironmentFile=THAT-FILE")
    tell("The old database is as it was and is the way back; nothing that is done from now on is in it.")
    if not verdict.whole:
        tell(f"THE RECORD IS NOT WHOLE, as it was not before: {len(verdict.faults):,} faults.")
        tell("Everything is as it was in the old database; amends verify-history says what is wrong.")
