"""The installation as a whole: what it runs on, whether what must not be lost is safe, and its brands."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from amends.core.values import Role
from amends.pipeline import mail
from amends.store import checkpoints
from amends.store.models import Brand

BACKUP_TOO_OLD = timedelta(hours=26)
_TAIL = 20_000


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL's version, its size in bytes, and whether the desk runs it."""

    embedded: bool
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class Backup:
    """The newest backup that was read back whole; `old` when a newer one should be there."""

    when: datetime
    file: str
    size: int
    old: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What whoever runs the installation wants to know of it."""

    version: str
    address: str
    mailed: bool
    database: Database
    backup: Backup | None
    checkpoint: checkpoints.Checkpoint | None


@dataclass(frozen=True, slots=True)
class OneBrand:
    """One brand: how many work for it, and whether one of them is its admin."""

    id: int
    name: str
    created_at: datetime
    people: int
    has_admin: bool


def facts(now: datetime) -> Facts:
    """The installation as it is now; one query."""
    return Facts(
        version("amends"),
        settings.URL,
        mail.configured(),
        _database(),
        _backup(settings.DATA, now),
        _checkpoint(settings.CHECKPOINTS),
    )


def brands() -> list[OneBrand]:
    """All brands by name; for who runs the installation. One query."""
    admins = Count("memberships", Q(memberships__role=Role.ADMIN))
    rows = Brand.objects.annotate(people=Count("memberships"), admins=admins).order_by("name")
    return [OneBrand(row.pk, row.name, row.created_at, row.people, row.admins > 0) for row in rows]


def _database() -> Database:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        release, size = cursor.fetchone()
    return Database(not os.environ.get("DATABASE_URL", "").strip(), release, size)


def _backup(folder: Path, now: datetime) -> Backup | None:
    """The last good backup as the one who made it noted; None when there is no such note."""
    try:
        told = json.loads((folder / "backups" / "last-good.json").read_text(encoding="utf-8"))
        when = datetime.fromisoformat(told["when"])
        return Backup(when, str(told["file"]), int(told["bytes"]), now - when > BACKUP_TOO_OLD)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checkpoint(path: Path) -> checkpoints.Checkpoint | None:
    """The newest checkpoint of the record; whether it is true says `amends verify-history`."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            whole = [line for line in file.read().split(b"\n")[:-1] if line]
        return checkpoints.read_line(whole[-1])
    except (OSError, IndexError, checkpoints.NotACheckpoint):
        return None
