"""The two roles of a desk on a server: the owner of its tables, and one that owns nothing to work with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from amends.site import move_settings as settings
from amends.site import places
from amends.site.errors import MoveError
from amends.site.move_settings import UNTOUCHED, address
from amends.site.move_target import PATIENCE, About, Connection, connected, first_line

LONGEST_NAME = 63
_BECOMING = 160000
_PLAIN = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")


@dataclass(frozen=True, slots=True)
class Roles:
    """Addresses of the application and of the owner, and which of the two roles are yet to be made."""

    urls: tuple[str, str]
    fresh: frozenset[str] = frozenset()


def planned(folder: Path, url: str, found: About) -> Roles:
    """The roles that the role of `url` would make in its database; those of an earlier try are used again."""
    if not found.makes_roles:
        raise MoveError(
            f"The role {found.role} may not make roles. Have two made as docs/run.md shows, and name both: "
            f"amends move-database URL --owner-url URL. {UNTOUCHED}"
        )
    database = found.where.rpartition("/")[2]
    given = settings.parts(url) | {"dbname": database}
    names = [f"{database}_app", f"{database}_owner"]
    if len(names[1].encode()) > LONGEST_NAME:
        raise MoveError(f"The database's name is too long to name roles after. {UNTOUCHED}")
    with connected(url) as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [names])
        there = {row[0] for row in rows}
    passwords = {name: _kept_password(folder, given, name) for name in there}
    urls = [
        address(given, user=name, password=passwords.get(name) or secrets.token_urlsafe(32)) for name in names
    ]
    return Roles((urls[0], urls[1]), frozenset(names) - there)


def _kept_password(folder: Path, given: dict[str, str], role: str) -> str:
    """The password that an earlier try gave the role; a role that somebody else made is left alone."""
    for path in sorted((folder / places.MOVES).glob("*.env")):
        for url in settings.kept(path) or ():
            parts = conninfo_to_dict(url)
            password = str(parts.get("password") or "")
            if parts.get("user") == role and password and _opens(given, role, password):
                return password
    raise MoveError(
        f"The server has a role {role} that this desk did not make; it was left as it is. Drop it, or name "
        f"another database, or two addresses: amends move-database URL --owner-url URL. {UNTOUCHED}"
    )


def _opens(given: dict[str, str], role: str, password: str) -> bool:
    url = address(given, user=role, password=password)
    try:
        psycopg.connect(url, connect_timeout=PATIENCE).close()
    except psycopg.OperationalError:
        return False
    return True


def make(admin: str, roles: Roles) -> None:
    """Make the roles that are yet to be made and let them in; MoveError where they cannot sign in then."""
    application, owner = (settings.parts(url) for url in roles.urls)
    try:
        with connected(admin) as connection, connection.transaction():
            for one in (owner, application):
                if one["user"] in roles.fresh:
                    _make(connection, one["user"], one["password"])
            _let_in(connection, application["user"], owner["user"])
    except psycopg.Error as error:
        raise MoveError(
            f"The roles could not be made ({first_line(error)}); none was. {UNTOUCHED}"
        ) from error
    for url in roles.urls:
        try:
            psycopg.connect(url, connect_timeout=PATIENCE).close()
        except psycopg.Error as error:
            raise MoveError(
                f"The roles are made, but {settings.shown(url)} cannot sign in ({first_line(error)}). Let it "
                "in with a password (pg_hba.conf: scram-sha-256; on one machine name 127.0.0.1 as the host), "
                "then run the same command again. The desk goes on as it was."
            ) from error


def _make(connection: Connection, role: str, password: str) -> None:
    # What the server logs and what others see of a running statement holds the password's hash at most.
    secret = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(sql.Identifier(role), _PLAIN, sql.Literal(secret))
    )


def _let_in(connection: Connection, application: str, owner: str) -> None:
    """The owner may make tables, the application may look them up; nobody else may do either."""
    names = {
        "app": sql.Identifier(application),
        "owner": sql.Identifier(owner),
        "database": sql.Identifier(connection.info.dbname),
    }
    # Only who may become a role may give it things; from 16 on that is more than being a member.
    right = "SET" if connection.info.server_version >= _BECOMING else "MEMBER"
    lent = connection.execute("SELECT pg_has_role(%s, %s)", [owner, right]).fetchone() == (False,)
    if lent:
        connection.execute(sql.SQL("GRANT {owner} TO CURRENT_USER").format(**names))
    for statement in (
        "GRANT CONNECT, TEMPORARY, CREATE ON DATABASE {database} TO {owner}",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "SET LOCAL ROLE {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "RESET ROLE",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    if lent:
        connection.execute(sql.SQL("REVOKE {owner} FROM CURRENT_USER").format(**names))
