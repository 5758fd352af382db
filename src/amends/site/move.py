"""Moving a desk to another PostgreSQL: checked first, put in by one transaction, proved, and then told.

The database that the desk uses is only read. Until the very end nothing uses the new one, so that whatever
fails or is cut off leaves a desk that works, and the same command can be given again.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from amends.site import backup_database as database
from amends.site import move_proof as proof
from amends.site import move_roles as roles
from amends.site import move_settings as settings
from amends.site import move_target as target
from amends.site import places
from amends.site.errors import BackupError, MoveError
from amends.site.move_settings import UNTOUCHED
from amends.site.move_target import About

Say = Callable[[str], None]
OFTEN = 2.0
"""Seconds between two words about how far it is."""
SHOWN = 5
MEGABYTE = 1 << 20
_SIZE = """
SELECT pg_database_size(current_database()),
  (SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'store_post')
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be moved and where to; `replaced` where an unfinished try of ours is in its place."""

    old: About
    new: About
    size: int
    posts: int
    roles: roles.Roles
    admin: str
    without: tuple[str, ...]
    notes: tuple[str, ...]
    replaced: bool
    file: Path


@dataclass(slots=True)
class Move:
    """One move of the desk whose database `urls` (the application's and the owner's) lead to."""

    folder: Path
    urls: tuple[str, str]
    say: Say
    _said: float = field(default_factory=time.monotonic)

    def plan(self, url: str, owner_url: str) -> Plan:
        """What would be done, with nothing changed anywhere; MoveError says why it cannot be."""
        old, new = target.about(self.urls[1]), target.about(owner_url or url)
        _must_be_alone(self.urls[1])
        if target.is_same(self.urls[1], owner_url or url):
            raise MoveError(f"{new.where} is the database that the desk uses already. {UNTOUCHED}")
        file = settings.settings_file(self.folder, new.where)
        replaced = file.exists() and not settings.is_moved(file)
        target.must_do(new, owner_url or url, replaced=replaced)
        if replaced:
            target.must_hold_nothing_newer(self.urls[1], owner_url or url)
        if owner_url:
            target.must_not_own(target.about(url), new, (url, owner_url))
            found = roles.Roles((url, owner_url))
        else:
            found = roles.planned(self.folder, url, new)
        without = target.absent(owner_url or url, target.extensions(self.urls[1]))
        size, posts = self._size()
        notes = [*target.notes(old, new, without), *self._room(size)]
        admin = "" if owner_url else url
        return Plan(old, new, size, posts, found, admin, without, tuple(notes), replaced, file)

    def carry_out(self, plan: Plan) -> None:
        """Make the roles, put everything in, and prove it; MoveError leaves the old database in use."""
        settings.keep(plan.file, plan.roles.urls, None)
        if plan.admin:
            self.say("Making the roles ...")
            roles.make(plan.admin, plan.roles)
        try:
            with _stage(self.folder) as stage:
                self._put_in(plan, stage / "database.dump")
        except BackupError as error:
            raise MoveError(f"{error}\nThe desk goes on with its old database.") from error
        self._prove(plan)

    def settle(self, plan: Plan, now: datetime) -> Path:
        """Note that the move came to its end; where the new settings stand.

        Beside them lie the checkpoints as they belong to the old database, for whoever goes back to it.
        """
        checkpoints = self.folder / places.CHECKPOINTS
        if checkpoints.is_file():
            aside = settings.old_checkpoints(plan.file)
            aside.unlink(missing_ok=True)
            aside.touch(mode=0o600)
            shutil.copyfile(checkpoints, aside)
        settings.keep(plan.file, plan.roles.urls, now)
        return plan.file

    def _size(self) -> tuple[int, int]:
        with target.connected(self.urls[1]) as connection:
            size, has_posts = connection.execute(_SIZE).fetchone() or (0, 0)
            if not has_posts:
                raise MoveError(f"There is no desk in the database that is set. {UNTOUCHED}")
            row = connection.execute("SELECT count(*) FROM store_post").fetchone()
        return int(size), int(row[0]) if row else 0

    def _room(self, size: int) -> Iterator[str]:
        free = shutil.disk_usage(self.folder).free
        if free < size:
            yield (
                f"Only {free // MEGABYTE:,} MB are free in {self.folder}, where a compressed copy lies "
                "meanwhile: a fifth of the database's size is usual. If it does not fit, nothing is lost."
            )

    def _put_in(self, plan: Plan, dump: Path) -> None:
        total = database.dump(
            self.urls[1], dump, without=plan.without, heard=lambda n: self._hear(f"Written out: {_mb(n)}")
        )
        self.say(f"Written out: {_mb(dump.stat().st_size)}, read back whole. Putting it in ...")
        urls = plan.roles.urls
        same = tuple(map(database.role_of, urls)) == tuple(map(database.role_of, self.urls))

        def heard(count: int) -> None:
            share = min(99, 100 * count // max(total, 1))
            self._hear(f"Put in: {share} % of {_mb(total)} (its indexes are made last)")

        database.load(dump, urls, same_roles=same, failed="The database could not be filled", heard=heard)

    def _prove(self, plan: Plan) -> None:
        """Compare everything, try to break in, and see that nobody worked on the old one meanwhile."""
        self.say("Comparing every table of both ...")
        old = proof.likeness(self.urls[1], lambda name: self._hear(f"Reading {name} of the old one"))
        new = proof.likeness(plan.roles.urls[1], lambda name: self._hear(f"Reading {name} of the new one"))
        found = proof.differences(old, new)
        alone = database.state(self.urls[1]).alone
        if found or not alone:
            why = "" if alone else "Somebody is working with the old database. "
            raise _unproved(f"The two are not alike. {why}", found)
        if weak := proof.weaknesses(plan.roles.urls):
            raise _unproved("The application's role is not as it must be: ", weak)
        kinds = ", ".join(f"{len(each):,} {kind}" for kind, each in new.made_of.items())
        self.say(f"Alike: {len(new.tables):,} tables with {new.rows:,} rows, byte by byte. Also {kinds}.")

    def _hear(self, text: str) -> None:
        if time.monotonic() - self._said > OFTEN:
            self._said = time.monotonic()
            self.say(text)


def _unproved(what: str, found: list[str]) -> MoveError:
    listed = "\n".join(f"  {each}" for each in found[:SHOWN])
    more = f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return MoveError(
        f"{what}\n{listed}{more}\nThe desk goes on with its old database, which is as it was. Stop whatever "
        "works on it and give the same command again: what is in the new one is replaced."
    )


def _mb(count: int) -> str:
    return f"{count / MEGABYTE:,.1f} MB"


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """A private folder for the copy that is under way; what a killed run left behind goes first."""
    home = folder / places.MOVES
    for left in home.glob(".new-*"):
        shutil.rmtree(left)
    stage = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        yield stage
    finally:
        shutil.rmtree(stage)


def _must_be_alone(url: str) -> None:
    """Refuse while anybody works with the database, from whatever machine."""
    try:
        found = database.state(url)
    except psycopg.Error as error:
        raise MoveError(
            f"The present database cannot be read ({target.first_line(error)}). {UNTOUCHED}"
        ) from error
    if not found.alone:
        raise MoveError(
            "Somebody is connected to the desk's database: a process of the desk on another machine, an open "
            f"shell, or a pooler that keeps connections. {UNTOUCHED} Stop them and try again."
        )
