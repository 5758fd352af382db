"""The database into one file and back: pg_dump out, and in by one transaction that holds or does not."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from amends.site.cluster_binaries import wheel_programs
from amends.site.cluster_process import wait_until
from amends.site.errors import BackupError

LEAVING = 2.0
"""Seconds that a connection which was just closed may take to disappear."""
PAUSE = 0.2
"""Seconds between two looks at how far something is."""
_CHUNK = 1 << 20

Heard = Callable[[int], None]
"""Told how many bytes were written or put in so far."""


def _unheard(_count: int) -> None:
    """Where nobody wants to know how far it is."""


@dataclass(frozen=True, slots=True)
class State:
    """Whether nobody else is connected to a database, and whether it holds anything."""

    alone: bool
    filled: bool


# What is of an extension stays: the role that owns the tables may not be allowed to make the extension again.
_OURS = """
  SELECT o.type, o.identity FROM pg_depend d
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace AND d.deptype = 'n'
    AND o.type IN ('table', 'foreign table', 'view', 'materialized view', 'sequence', 'function', 'procedure',
      'aggregate', 'type', 'collation', 'text search configuration', 'text search dictionary')
    AND NOT EXISTS (SELECT FROM pg_depend e
      WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
"""
_SCHEMAS = """
  SELECT n.nspname FROM pg_namespace n
  WHERE n.nspname NOT IN ('public', 'information_schema') AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend e
      WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
"""
_OTHERS = """
  SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()
"""
_WIPE = f"""
DO $wipe$ DECLARE thing record; BEGIN
  FOR thing IN {_SCHEMAS} LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', thing.nspname);
  END LOOP;
  FOR thing IN {_OURS} ORDER BY o.type <> 'table' LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', thing.type, thing.identity);
  END LOOP;
END $wipe$;
"""


def role_of(url: str) -> str:
    """The role that an address signs in as, "" where it is left to the environment."""
    return str(conninfo_to_dict(url).get("user") or "")


def dump(url: str, target: Path, *, without: Sequence[str] = (), heard: Heard = _unheard) -> int:
    """Write the database at one moment to `target`, and read all of it back; as `check` says.

    Extensions named in `without` are left out; nothing may depend on them.
    """
    address, environment = _without_password(url)
    command: list[str | Path] = [_program("pg_dump"), "-Fc", "--no-password", "-f", target, "-d", address]
    command += [f"--exclude-extension={name}" for name in without]
    with _started(command, environment, "The database could not be written out") as out:
        while not _ended(out):
            heard(target.stat().st_size if target.exists() else 0)
    return check(target)


def check(target: Path) -> int:
    """Read a dump from its first to its last byte; how many bytes of SQL it makes, to measure progress by.

    BackupError when it is damaged or cut off.
    """
    # Not `--list` alone: that reads the table of contents at the beginning and never sees a missing end.
    size = 0
    command: list[str | Path] = [_program("pg_restore"), "-f", "-", target]
    with _started(command, os.environ, f"{target} is no whole dump", subprocess.PIPE) as out:
        while part := _pipe(out.stdout).read(_CHUNK):
            size += len(part)
    return size


def state(url: str) -> State:
    """Who else is connected to the database, and whether it is empty; psycopg.Error when it is away."""
    with psycopg.connect(url) as connection:
        alone = _alone(connection)
        ours, schemas = connection.execute(_OURS), connection.execute(_SCHEMAS)
        return State(alone, ours.fetchone() is not None or schemas.fetchone() is not None)


def ready_for(url: str, *, replace: bool) -> None:
    """Refuse a database in use, and, unless it is to be replaced, one that holds anything."""
    try:
        found = state(url)
    except psycopg.Error as error:
        raise BackupError(f"The database cannot be reached ({error}); nothing was touched.") from error
    if not found.alone:
        raise BackupError(
            "The database is in use; nothing was touched. Stop the desk "
            "(amends serve, its workers, open shells) and try again."
        )
    if found.filled and not replace:
        raise BackupError(
            "The database is not empty; nothing was touched. To put the backup in the place of all it holds, "
            "say so: --replace. Make a backup of it first (amends backup)."
        )


def _alone(connection: psycopg.Connection) -> bool:
    """Whether nobody else is connected, once those who just left are gone."""

    def nobody_else() -> bool:
        # A new transaction each time: within one, what it once saw of the others stays.
        connection.rollback()
        return connection.execute(_OTHERS).fetchone() == (0,)

    try:
        wait_until(nobody_else, LEAVING)
    except TimeoutError:
        return False
    return True


def load(
    source: Path,
    urls: tuple[str, str],
    *,
    same_roles: bool,
    failed: str = "The backup could not be put back",
    heard: Heard = _unheard,
) -> None:
    """Put a dump in the place of whatever the database holds, or, on any failure, change nothing."""
    address, environment = _without_password(urls[1])
    psql: list[str | Path] = [_program("psql"), "-X", "-q", "--no-password", "-v", "ON_ERROR_STOP=1"]
    options = ["--no-owner", "--no-comments", *([] if same_roles else ["--no-privileges"])]
    around = _around(role_of(urls[0]), role_of(urls[1]), same_roles=same_roles)
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [*psql, "-d", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
        ) as into,
    ):
        whole = _feed(source, options, _pipe(into.stdin), around, heard)
        code = into.wait()
        words = _words(said)
    if code != 0 or not whole:
        raise BackupError(
            f"{failed}; the database is as it was. PostgreSQL said:\n"
            f"{words}\nMend that, or take another backup."
        )
    with psycopg.connect(urls[1], autocommit=True) as connection:
        connection.execute("ANALYZE")


def _feed(source: Path, options: list[str], into: IO[bytes], around: tuple[str, str], heard: Heard) -> bool:
    """Hand psql one transaction; it is closed only once the whole dump went through."""
    command: list[str | Path] = [_program("pg_restore"), "-f", "-", *options, source]
    count = 0
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as out:
            into.write(around[0].encode())
            # Servers before 17 do not know this setting, which the dump's head turns off.
            part = _pipe(out.stdout).read(65536).replace(b"SET transaction_timeout = 0;\n", b"")
            while part:
                into.write(part)
                heard(count := count + len(part))
                part = _pipe(out.stdout).read(_CHUNK)
            whole = out.wait() == 0
        if whole:
            into.write(around[1].encode())
        into.close()
    except BrokenPipeError:
        return False
    return whole


def _around(application: str, owner: str, *, same_roles: bool) -> tuple[str, str]:
    """What comes before and after a dump: an empty database, and the application's rights on what is new.

    The rights that new tables are born with are taken away first: with the same roles the dump itself says
    who may do what, and less than by default may be just what it says.
    """
    begin = f"BEGIN; SET LOCAL lock_timeout = '10s'; SET client_min_messages = error;\n{_WIPE}\n"
    end = "\nCOMMIT;\n"
    if application == owner:
        return begin, end
    role = '"' + application.replace('"', '""') + '"'
    for things in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        begin += f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {things} FROM {role};\n"
    if same_roles:
        return begin, end
    rights = {
        "TABLES": "SELECT, INSERT, UPDATE, DELETE",
        "SEQUENCES": "USAGE, SELECT",
        "FUNCTIONS": "EXECUTE",
    }
    grants = f"GRANT USAGE ON SCHEMA public TO {role};\n"
    for things, right in rights.items():
        grants += f"GRANT {right} ON ALL {things} IN SCHEMA public TO {role};\n"
        grants += f"ALTER DEFAULT PRIVILEGES GRANT {right} ON {things} TO {role};\n"
    return begin, f"\n{grants}{end}"


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """An address that may be seen in a list of processes, and an environment that holds its password."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = parts.pop("password", None)
    environment = dict(os.environ) | ({} if password is None else {"PGPASSWORD": password})
    return make_conninfo("", **parts), environment


def _program(name: str) -> Path:
    return wheel_programs() / name


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise BackupError("The programs of PostgreSQL cannot be talked to; nothing was touched.")
    return stream


@contextmanager
def _started(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    failed: str,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that must end well, or BackupError with what it said; it never outlives us."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=said
        )
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            words = _words(said)
            raise BackupError(
                f"{failed}; nothing that was there before was touched. PostgreSQL said:\n{words}"
            )


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(PAUSE)
    except subprocess.TimeoutExpired:
        return False
    return True


def _words(said: IO[bytes]) -> str:
    """The end of what a program said."""
    said.seek(0)
    return said.read().decode("utf-8", "replace").strip()[-2000:]
