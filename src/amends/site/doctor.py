"""What is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amends import clock
from amends.site import backup, desk, doctor_address, doctor_alerts, move_settings, nightly, places
from amends.site.errors import SiteError
from amends.site.finding import Finding, Level
from amends.site.setting import SettingError

LITTLE_SPACE, TOO_LITTLE_SPACE = 2 << 30, 256 << 20
OLDEST_POSTGRES = 150000
MANY_WAITING = 10_000
SILENT_WORKER = timedelta(seconds=30)
STUCK = timedelta(minutes=10)
CLOCK_APART = timedelta(seconds=5)


def look() -> Iterator[Finding]:
    """All that can be looked at; where something stands in the way, what lies behind it is left out."""
    yield _python()
    try:
        desk.must_exist(os.environ)
        folder = places.data_folder(os.environ)
    except SiteError as error:
        yield Finding("data folder", Level.BAD, str(error))
        return
    yield from (
        _folder(folder),
        _space(folder),
        *_keys(folder),
        doctor_address.address(),
        doctor_address.trusted(),
        doctor_alerts.mail(),
        _backups(folder),
    )
    try:
        with desk.place() as found:
            yield _server(found)
            import django

            django.setup()
            yield from (*_database(), *doctor_address.reached())
    except SiteError as error:
        yield Finding("settings" if isinstance(error, SettingError) else "database", Level.BAD, str(error))


def _python() -> Finding:
    version = sys.version.split()[0]
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever copies the package into an old Python sees why
        return Finding("python", Level.BAD, version, "Install Python 3.11 or newer, then `make setup`.")
    return Finding("python", Level.OK, version)


def _folder(folder: Path) -> Finding:
    if folder.stat().st_mode & 0o007:
        return Finding(
            "data folder",
            Level.WARN,
            f"{folder} can be listed by others ({stat.filemode(folder.stat().st_mode)})",
            f"chmod o-rwx {folder}",
        )
    return Finding("data folder", Level.OK, str(folder))


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GB free"
    if free < TOO_LITTLE_SPACE:
        return Finding(
            "disk", Level.BAD, text, "Free some space now: PostgreSQL stops when the disk is full."
        )
    if free < LITTLE_SPACE:
        return Finding("disk", Level.WARN, text, "Free some space, or move AMENDS_DATA to a larger disk.")
    return Finding("disk", Level.OK, text)


def _keys(folder: Path) -> Iterator[Finding]:
    makers: dict[str, Callable[[], object]] = {
        places.SECRET_KEY: lambda: places.secret_key(folder, os.environ),
        places.HISTORY_KEY: lambda: places.history_key(folder, os.environ),
    }
    for name, make in makers.items():
        try:
            make()
        except SiteError as error:
            yield Finding("keys", Level.BAD, str(error))
        else:
            yield Finding("keys", Level.OK, f"{name} (keep a copy elsewhere: no backup holds it)")


def _backups(folder: Path) -> Finding:
    try:
        hour = nightly.hour(os.environ)
    except SettingError as error:
        return Finding("backup", Level.BAD, str(error))
    good = backup.last_good(folder)
    if good is None or clock.now() - good.when > nightly.TOO_OLD:
        text = (
            "none was made yet" if good is None else f"the last good one is of {good.when:%Y-%m-%d %H:%M} UTC"
        )
        advice = "Run `amends backup`; `amends serve` makes one every night."
        return Finding("backup", Level.WARN, text, advice)
    if hour is None:
        return Finding("backup", Level.WARN, "the nightly backup is off", f"Unset {nightly.VARIABLE}.")
    return Finding("backup", Level.OK, f"{good.file} of {good.when:%Y-%m-%d %H:%M} UTC")


def _server(found: desk.Desk) -> Finding:
    moved = move_settings.finished(found.folder)
    if found.embedded and moved:
        text = "the embedded one, though the desk was moved away from it"
        return Finding("database", Level.WARN, text, f"Set what {moved[-1]} says, unless you went back.")
    return Finding("database", Level.OK, "the embedded one" if found.embedded else "a server of yours")


def _database() -> Iterator[Finding]:
    from django.db import DatabaseError

    checks: tuple[Callable[[], Finding], ...] = (
        _version,
        _tables,
        _durable,
        _roles,
        _clocks,
        _worker,
        _waiting,
        _unread,
        _outbox,
        _accounts,
        doctor_alerts.alerts,
        doctor_address.features,
    )
    for check in checks:
        try:
            yield check()
        except DatabaseError as error:
            said = (str(error).strip().splitlines() or ["no reason given"])[0]
            yield Finding(check.__name__.strip("_"), Level.BAD, said, "Run `amends migrate`.")


def _version() -> Finding:
    version, shown = _row(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
    )
    if version < OLDEST_POSTGRES:
        return Finding("postgresql", Level.BAD, shown, "Use PostgreSQL 15 or newer.")
    return Finding("postgresql", Level.OK, shown)


def _tables() -> Finding:
    if waiting := desk.waiting_migrations():
        return Finding("tables", Level.BAD, f"{len(waiting)} changes are to be made", "Run `amends migrate`.")
    return Finding("tables", Level.OK, "up to date")


def _durable() -> Finding:
    off = _row(
        "SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE setting = 'off' "
        "AND name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
    )[0]
    if off:
        return Finding(
            "durability",
            Level.WARN,
            f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off: what was acknowledged can be lost",
            "Switch it on in the server's configuration; networks do not deliver twice what we said we have.",
        )
    return Finding("durability", Level.OK, "what is acknowledged is on disk")


def _roles() -> Finding:
    owned, bypass = _row(
        "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user), "
        "(SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user)"
    )
    if owned or bypass:
        return Finding(
            "roles",
            Level.WARN,
            "the desk signs in as a role that could rewrite its own record",
            "Give it a role that owns nothing in DATABASE_URL, and the owner in DATABASE_OWNER_URL.",
        )
    return Finding("roles", Level.OK, "the desk's role owns no table")


def _clocks() -> Finding:
    (theirs,) = _row("SELECT clock_timestamp()")
    apart = abs(theirs - clock.now())
    if apart > CLOCK_APART:
        return Finding(
            "clock",
            Level.BAD,
            f"this machine and the database are {apart.total_seconds():.0f} s apart",
            "Set both by NTP: every target and every look-up on a network depends on it.",
        )
    return Finding("clock", Level.OK, f"{clock.now():%Y-%m-%d %H:%M:%S} UTC")


def _worker() -> Finding:
    count, last = _row("SELECT count(*), max(last_heartbeat) FROM procrastinate_workers")
    if last is None or _age(last) > SILENT_WORKER:
        return Finding(
            "worker",
            Level.WARN,
            "none is at work: nothing is fetched, read or sent",
            "Start `amends serve` or `amends worker`.",
        )
    return Finding("worker", Level.OK, f"{count} at work")


def _waiting() -> Finding:
    items, oldest = _row(
        "SELECT count(*), min(received_at) FROM store_waiting JOIN store_raw r ON r.id = raw_id"
    )
    late = oldest is not None and _age(oldest) > STUCK
    if items > MANY_WAITING or late:
        return Finding(
            "intake", Level.WARN, f"{items} items wait to be taken in", "Start another `amends worker`."
        )
    return Finding("intake", Level.OK, f"{items} items wait to be taken in")


def _unread() -> Finding:
    (count,) = _row("SELECT count(*) FROM store_post WHERE read_at IS NULL")
    if count:
        return Finding(
            "reading",
            Level.WARN,
            f"{count} posts were read by no model yet",
            "A worker reads them; if the number stays, its log says why the model fails.",
        )
    return Finding("reading", Level.OK, "every post was read")


def _outbox() -> Finding:
    stuck, lost, mails = _row(
        "SELECT count(*) FILTER (WHERE state = 'planned' AND not_before < %s), "
        "count(*) FILTER (WHERE state = 'unknown' AND not_before > %s), "
        "(SELECT count(*) FROM store_mail WHERE state = 'planned' AND not_before < %s) FROM store_send",
        [clock.now() - STUCK, clock.now() + timedelta(days=365), clock.now() - STUCK],
    )
    if stuck or mails:
        text = f"{stuck} answers and {mails} mails should have left by now"
        return Finding(
            "outbox", Level.BAD, text, "Start `amends worker`; see the accounts and the mail server."
        )
    if lost:
        text = f"of {lost} answers nobody knows whether they went out"
        return Finding("outbox", Level.WARN, text, "Open their cases and say what stands on the network.")
    return Finding("outbox", Level.OK, "nothing is late")


def _accounts() -> Finding:
    total, troubled, example = _row(
        "SELECT count(*), count(*) FILTER (WHERE trouble <> ''), "
        "min(channel || ' ' || handle || ': ' || trouble) FILTER (WHERE trouble <> '') "
        "FROM store_account WHERE active"
    )
    if troubled:
        text = f"{troubled} of {total} are in trouble ({example})"
        return Finding("accounts", Level.WARN, text, "Open the brand's settings and reconnect them.")
    return Finding("accounts", Level.OK, f"{total} connected")


def _row(question: str, parameters: list[datetime] | None = None) -> tuple[Any, ...]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        found: tuple[Any, ...] = cursor.fetchone()
        return found


def _age(then: datetime) -> timedelta:
    return clock.now() - then
