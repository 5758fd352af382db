"""The desk, ready for a command: data folder, database, Django, tables up to date."""

from __future__ import annotations

import gc
import os
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amends.site.errors import SiteError

SETTINGS = "amends.site.settings"
SERVED = "AMENDS_SERVED"
"""Set by `amends serve` for what it starts."""
Notify = Callable[[str], None]


class DeskError(SiteError):
    """The desk cannot be made ready."""


class DatabaseDown(SiteError):
    """PostgreSQL does not answer."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the desk is: its data folder, and its database as the application and as the owner reach it."""

    folder: Path
    urls: tuple[str, str]
    embedded: bool


def _say_nothing(_message: str) -> None:
    """What is called with progress when nobody wants to hear it."""


@contextmanager
def place(notify: Notify = _say_nothing, *, alone: bool = False, existing: bool = False) -> Iterator[Desk]:
    """The data folder and a database that runs: the embedded one started or attached to, or the one given.

    Django is configured but not loaded. The embedded database is stopped at the end unless others use it.
    With `alone` nothing else has the desk of this folder open meanwhile, or DeskError; with `existing` there
    is a desk already, or DeskError and nothing is made.
    """
    from amends.site import cluster, places, secret_files

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    secret_files.read(os.environ)
    if existing:
        must_exist(os.environ)
    folder = places.data_folder(os.environ)
    urls = cluster.database_urls(os.environ, folder)
    with places.held(folder / places.OPENED, alone=alone) as ours:
        if not ours:
            raise DeskError(_IN_USE if alone else _TAKEN)
        if given(os.environ):
            _reach(urls)
            yield Desk(folder, urls, embedded=False)
            return
        with cluster.running(folder, notify):
            yield Desk(folder, urls, embedded=True)


def must_exist(environ: Mapping[str, str]) -> None:
    """Refuse a data folder that holds no desk; nothing is made or read of it."""
    from amends.site import places

    folder = places.named_folder(environ)
    try:
        if folder.is_dir() and (given(environ) or (folder / places.CLUSTER / "PG_VERSION").exists()):
            return
    except PermissionError:
        return  # why it cannot be used is said by whoever opens it
    raise DeskError(
        f"There is no desk in {folder}; nothing was made. If it is elsewhere, name its data folder in "
        "AMENDS_DATA; a new one is made by `amends serve`."
    )


_IN_USE = (
    "The desk is in use: amends serve, web, a worker or another command has it open. Nothing was touched. "
    "Stop them, on every machine, and try again."
)
_TAKEN = (
    "The desk's database is being moved or put back (amends move-database, amends restore); nothing was "
    "started or changed. Wait until that is over, and mind the settings that a move tells."
)


@contextmanager
def desk(notify: Notify = _say_nothing, *, existing: bool = False) -> Iterator[Desk]:
    """The same with Django loaded and every table up to date; the settings are those of the environment."""
    import django

    check(os.environ)
    with place(notify, existing=existing) as found:
        django.setup()
        if existing and not has_tables():
            raise DeskError("There is no desk in the database that is set; nothing was made in it.")
        bring_up_to_date(notify)
        yield found


def check(environ: Mapping[str, str]) -> None:
    """Raise SettingError for a setting that cannot be understood, before anything is started for it."""
    from amends.site import mail_settings, public

    public.check(environ)
    mail_settings.smtp(environ)


def given(environ: Mapping[str, str]) -> bool:
    """Whether the desk uses a PostgreSQL server of its operator's own."""
    return bool(environ.get("DATABASE_URL", "").strip())


def _reach(urls: tuple[str, str]) -> None:
    import psycopg

    for name, url in zip(("DATABASE_URL", "DATABASE_OWNER_URL"), urls, strict=True):
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.Error as error:
            raise DatabaseDown(
                f"The database in {name} cannot be reached ({_first_line(error)}). Nothing was changed. "
                "See that it runs and that the address is right, then try again."
            ) from error


def bring_up_to_date(notify: Notify = _say_nothing) -> bool:
    """Make or change the tables where this version needs it; True when something was to be done.

    Two at once wait for each other. One short question when nothing is to be done.
    """
    if not waiting_migrations():
        return False
    from django.core.management import call_command
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('amends migrate'))")
        try:
            if not waiting_migrations():
                return False
            notify("Making the tables of the desk ...")
            _share_what_comes(cursor)
            gc.disable()  # a quarter of the time: it makes ten thousand models that all stay until the end
            call_command("migrate", database="owner", verbosity=0, interactive=False)
        finally:
            gc.enable()
            cursor.execute("SELECT pg_advisory_unlock(hashtext('amends migrate'))")
            connections["owner"].close()
    return True


def has_tables() -> bool:
    """Whether the tables of a desk were ever made in the database."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def waiting_migrations() -> list[str]:
    """The migrations that the database does not have yet; DeskError when it has more than this version."""
    from django.apps import apps
    from django.db import connections

    ours = {(app.label, name) for app in apps.get_app_configs() for name in _migrations(app.path)}
    if not has_tables():
        return sorted(f"{label}.{name}" for label, name in ours)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        done = set(cursor.fetchall())
    newer = sorted(name for label, name in done - ours if label == "store")
    if newer:
        raise DeskError(
            f"The database was made by a newer Amends (it has {newer[-1]}); nothing was changed. "
            "Install that version again, or put back a backup of before: amends restore ARCHIVE --replace."
        )
    return sorted(f"{label}.{name}" for label, name in ours - done)


def _migrations(folder: str) -> list[str]:
    found = pkgutil.iter_modules([str(Path(folder) / "migrations")])
    return [module.name for module in found if not module.name.startswith("_")]


def _share_what_comes(cursor: object) -> None:
    """What the owner makes from now on may be used by the application's role, if that is another."""
    from django.db import connections
    from psycopg import sql

    application = connections["default"].settings_dict["USER"]
    if not application or application == connections["owner"].settings_dict["USER"]:
        return
    rights = {
        "TABLES": "SELECT, INSERT, UPDATE, DELETE",
        "SEQUENCES": "USAGE, SELECT",
        "FUNCTIONS": "EXECUTE",
    }
    for things, right in rights.items():
        statement = sql.SQL("ALTER DEFAULT PRIVILEGES GRANT {} ON {} TO {}")
        cursor.execute(  # type: ignore[attr-defined]
            statement.format(sql.SQL(right), sql.SQL(things), sql.Identifier(application))
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
