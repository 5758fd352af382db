"""The database that a desk is to move to: what it is, and why it will not do. Nothing is changed here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from amends.site import backup_database as database
from amends.site import move_settings as settings
from amends.site.errors import MoveError
from amends.site.move_settings import UNTOUCHED, shown

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
OLDEST = 150000
PATIENCE = 10
"""Seconds to wait for a server to answer."""
DOCUMENTED = "Have the two roles made as docs/run.md shows, and name both: --owner-url for the second."
_AT_HOME = frozenset({"plpgsql"})

_ABOUT = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
  r.rolsuper, r.rolsuper OR r.rolcreaterole, r.rolbypassrls,
  pg_encoding_to_char(d.encoding), d.datcollate, lower('ÄÖ') = 'äö',
  has_schema_privilege('public', 'CREATE')
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class About:
    """What a server says of itself, of one database, and of the role that asks."""

    where: str
    role: str
    version: int
    release: str
    superuser: bool
    makes_roles: bool
    past_row_rights: bool
    encoding: str
    collation: str
    letters: bool
    makes_tables: bool


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that commits each statement, or MoveError in words that hold no password."""
    given = settings.parts(url)
    try:
        connection = psycopg.connect(url, connect_timeout=PATIENCE, autocommit=True)
    except psycopg.Error as error:
        raise MoveError(f"{shown(url)} cannot be reached ({first_line(error)}). {UNTOUCHED}") from error
    with connection:
        if "sslpassword" in given:
            raise MoveError(f"An address may not hold sslpassword: others could see it. {UNTOUCHED}")
        yield connection


def about(url: str) -> About:
    """What is there, or MoveError where nothing can be reached."""
    with connected(url) as connection:
        info, row = connection.info, connection.execute(_ABOUT).fetchone()
        if row is None:
            raise MoveError(f"{shown(url)} does not say what it is. {UNTOUCHED}")
        return About(f"{info.host}:{info.port}/{info.dbname}", info.user, *row)


def must_do(found: About, url: str, *, replaced: bool) -> None:
    """Refuse what is too old, holds other than all letters, is in use or not empty."""
    if found.version < OLDEST:
        raise MoveError(f"{found.where} is PostgreSQL {found.release}; 15 or later is needed. {UNTOUCHED}")
    if found.encoding != "UTF8":
        raise MoveError(
            f"{found.where} keeps texts as {found.encoding}; UTF8 is needed. Make the database anew: "
            f"CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'. {UNTOUCHED}"
        )
    state = database.state(url)
    if not state.alone:
        raise MoveError(f"Somebody else is connected to {found.where}. {UNTOUCHED} Let them leave first.")
    if state.filled and not replaced:
        raise MoveError(
            f"{found.where} is not empty. {UNTOUCHED} Name an empty database, or make this one anew: "
            "DROP DATABASE, CREATE DATABASE."
        )


def must_not_own(application: About, owner: About, urls: tuple[str, str]) -> None:
    """Refuse two roles of which the application's could rewrite the record, or the owner's make no table."""
    if not is_same(*urls):
        raise MoveError(f"The two addresses lead to two databases. {UNTOUCHED} Name one, as two roles.")
    if application.role == owner.role:
        raise MoveError(f"Both addresses sign in as {owner.role}. {UNTOUCHED} {DOCUMENTED}")
    if application.superuser or application.makes_roles or application.past_row_rights:
        raise MoveError(
            f"{application.role} has more rights than the desk may work with (superuser, CREATEROLE or "
            f"BYPASSRLS): it could rewrite the record. {UNTOUCHED} {DOCUMENTED}"
        )
    with connected(urls[0]) as connection:
        row = connection.execute("SELECT pg_has_role(%s, 'MEMBER')", [owner.role]).fetchone()
    if row != (False,):
        raise MoveError(f"{application.role} is a member of {owner.role}. {UNTOUCHED} {DOCUMENTED}")
    if not owner.makes_tables:
        raise MoveError(
            f"{owner.role} may make no tables in {owner.where}: ALTER SCHEMA public OWNER TO it. {UNTOUCHED}"
        )


def is_same(one: str, other: str) -> bool:
    """Whether two addresses lead to one database, by whatever names and roles."""
    # The key of a lock is known to the sessions of one database alone.
    question = "SELECT pg_try_advisory_lock(hashtext('amends move'), hashtext(%s))"
    with connected(one) as here, connected(other) as there:
        mark = f"{here.info.backend_pid} {secrets.token_hex(8)}"
        here.execute(question, [mark])
        return there.execute(question, [mark]).fetchone() != (True,)


def must_hold_nothing_newer(old: str, new: str) -> None:
    """Refuse to replace what went on after an unfinished try: somebody worked there, though told not to."""
    latest = []
    for url in (old, new):
        with connected(url) as connection:
            there = connection.execute("SELECT to_regclass('public.store_historyentry')").fetchone()
            if there == (None,):
                latest.append(0)
                continue
            row = connection.execute("SELECT COALESCE(max(id), 0) FROM store_historyentry").fetchone()
            latest.append(int(row[0]) if row else 0)
    if latest[1] > latest[0]:
        raise MoveError(
            f"{shown(new)} holds work that the present database does not: somebody used it after a try that "
            f"was not finished. {UNTOUCHED} Use that database, or make it anew if nothing in it counts."
        )


def extensions(source: str) -> dict[str, bool]:
    """The extensions of a database that are not in every one, and whether something depends on them."""
    with connected(source) as connection:
        rows = connection.execute(_EXTENSIONS).fetchall()
    return {name: needed for name, needed in rows if name not in _AT_HOME}


# What is of an extension itself depends on it with 'e'; what uses such a thing depends on that thing.
_EXTENSIONS = """
SELECT x.extname, EXISTS (
    SELECT FROM pg_depend part JOIN pg_depend used
      ON used.refclassid = part.classid AND used.refobjid = part.objid AND used.deptype IN ('n', 'a')
    WHERE part.refclassid = 'pg_extension'::regclass AND part.refobjid = x.oid AND part.deptype = 'e'
      AND NOT EXISTS (SELECT FROM pg_depend own WHERE own.classid = used.classid AND own.objid = used.objid
        AND own.deptype IN ('e', 'i'))
  ) FROM pg_extension x
"""


def absent(url: str, used: Mapping[str, bool]) -> tuple[str, ...]:
    """Those extensions that cannot be had on the server; MoveError where the desk cannot do without one."""
    with connected(url) as connection:
        offered = {row[0] for row in connection.execute(_OFFERED)}
    missing = [name for name in used if name not in offered]
    if needed := [name for name in missing if used[name]]:
        raise MoveError(
            f"The desk uses {', '.join(needed)}, which this role cannot have there. Install it on the server "
            f"(on Debian: postgresql-NN, postgresql-NN-pgvector) and CREATE EXTENSION. {UNTOUCHED}"
        )
    return tuple(missing)


_OFFERED = """
SELECT e.name FROM pg_available_extensions e
JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
WHERE e.installed_version IS NOT NULL
  OR NOT v.superuser OR v.trusted AND has_database_privilege(current_database(), 'CREATE')
"""


def notes(source: About, target: About, left_out: tuple[str, ...]) -> Iterator[str]:
    """What is worth knowing before one moves, and stops nobody."""
    if not target.letters:
        yield (
            f"The database's locale ({target.collation}) knows no small letters beyond ASCII: a search for "
            "“ärger” will not find “Ärger”. CREATE DATABASE ... TEMPLATE template0 LOCALE 'C.UTF-8' would."
        )
    elif target.collation != source.collation:
        yield f"Names sort by {target.collation}, where they sorted by {source.collation}; all else is alike."
    if left_out:
        yield f"{', '.join(left_out)} cannot be had there; nothing uses it now, so it is left out."
    if target.version // 10000 < source.version // 10000:
        yield f"PostgreSQL {target.release} is older than the present {source.release}, and new enough."


def first_line(error: Exception) -> str:
    """The gist of what the database said."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
