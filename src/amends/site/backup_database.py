"""The database into one file and back: pg_dump out, and in by one transaction that holds or does not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from amends.site.cluster_binaries import wheel_programs
from amends.site.cluster_process import wait_until
from amends.site.errors import BackupError

LEAVING = 2.0
"""Seconds that a connection which was just closed may take to disappear."""

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


def dump(url: str, target: Path) -> None:
    """Write the database at one moment to `target`, and read all of it back."""
    address, environment = _without_password(url)
    command: list[str | Path] = [_program("pg_dump"), "-Fc", "--no-password", "-f", target, "-d", address]
    _run(command, environment, "The database could not be written out")
    check(target)


def check(target: Path) -> None:
    """Read a dump from its first to its last byte; BackupError when it is damaged or cut off."""
    # Not `--list` alone: that reads the table of contents at the beginning and never sees a missing end.
    _run([_program("pg_restore"), "-f", "/dev/null", target], dict(os.environ), f"{target} is no whole dump")


def ready_for(url: str, *, replace: bool) -> None:
    """Refuse a database in use, and, unless it is to be replaced, one that holds anything."""
    try:
        with psycopg.connect(url) as connection:
            alone = _alone(connection)
            ours, schemas = connection.execute(_OURS), connection.execute(_SCHEMAS)
            filled = ours.fetchone() is not None or schemas.fetchone() is not None
    except psycopg.Error as error:
        raise BackupError(f"The database cannot be reached ({error}); nothing was touched.") from error
    if not alone:
        raise BackupError(
            "The database is in use; nothing was touched. Stop the desk "
            "(amends serve, its workers, open shells) and try again."
        )
    if filled and not replace:
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


def load(source: Path, urls: tuple[str, str], *, same_roles: bool) -> None:
    """Put a dump in the place of whatever the database holds, or, on any failure, change nothing."""
    address, environment = _without_password(urls[1])
    psql: list[str | Path] = [
        _program("psql"),
        "-X",
        "-q",
        "--no-password",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        address,
    ]
    options = ["--no-owner", "--no-comments", *([] if same_roles else ["--no-privileges"])]
    before, after = _around(role_of(urls[0]), role_of(urls[1]), same_roles=same_roles)
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
        ) as into,
    ):
        whole = _feed(source, options, _pipe(into.stdin), before, after)
        code = into.wait()
        said.seek(0)
        words = said.read().decode("utf-8", "replace").strip()
    if code != 0 or not whole:
        raise BackupError(
            f"The backup could not be put back; the database is as it was. PostgreSQL said:\n"
            f"{words[-2000:]}\nMend that, or take another backup."
        )
    with psycopg.connect(urls[1], autocommit=True) as connection:
        connection.execute("ANALYZE")


def _feed(source: Path, options: list[str], into: IO[bytes], before: str, after: str) -> bool:
    """Hand psql one transaction; it is closed only once the whole dump went through."""
    command: list[str | Path] = [_program("pg_restore"), "-f", "-", *options, source]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as out:
            into.write(before.encode())
            # Servers before 17 do not know this setting, which the dump's head turns off.
            into.write(_pipe(out.stdout).read(65536).replace(b"SET transaction_timeout = 0;\n", b""))
            shutil.copyfileobj(_pipe(out.stdout), into)
            whole = out.wait() == 0
        if whole:
            into.write(after.encode())
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


def _run(command: Sequence[str | Path], environment: Mapping[str, str], failed: str) -> None:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip()[-2000:]
        raise BackupError(f"{failed}; nothing that was there before was touched. PostgreSQL said:\n{words}")
