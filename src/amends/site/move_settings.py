"""Addresses of a database that a desk moves to, and the private file that says which settings to set."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from amends.site import places
from amends.site.errors import MoveError

_SETTING = re.compile(r"^(DATABASE_URL|DATABASE_OWNER_URL)='([^'\n]*)'$", re.MULTILINE)
_MOVED = "# Moved"


UNTOUCHED = "Nothing was touched."


def parts(url: str) -> dict[str, str]:
    """What an address says, or MoveError, which never repeats the address: it may hold a password."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise MoveError(f"Give an address that begins with postgresql://, of the new database. {UNTOUCHED}")
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise MoveError(
            "That is no address that PostgreSQL understands: characters such as @ : / # % in a name or "
            f"password must be written as %40 %3A %2F %23 %25. {UNTOUCHED}"
        ) from None
    return {key: str(value) for key, value in found.items() if value is not None}


def address(given: dict[str, str], **changes: str) -> str:
    """The address again, with some of its parts changed; no part stands in it that is empty."""
    every = {key: value for key, value in (given | changes).items() if value}
    user, password = every.pop("user", ""), every.pop("password", "")
    host, port, database = every.pop("host", ""), every.pop("port", ""), every.pop("dbname", "")
    if not re.fullmatch(r"[A-Za-z0-9.-]*", host):  # a socket's folder, several hosts, IPv6
        every = {"host": host, **({"port": port} if port else {}), **every}
        host = port = ""
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = (f"{who}@" if who else "") + host + (f":{port}" if port else "")
    more = f"?{urlencode(every, quote_via=quote)}" if every else ""
    return f"postgresql://{where}/{quote(database, safe='')}{more}"


def shown(url: str) -> str:
    """The address as it may stand on a terminal: without a password."""
    return address({key: str(value) for key, value in conninfo_to_dict(url).items() if value}, password="")


def settings_file(folder: Path, where: str) -> Path:
    """The file for one database; `where` is its host, port and name."""
    name = re.sub(r"[^A-Za-z0-9._]+", "-", where).strip("-")[:80]
    return folder / places.MOVES / f"{name}-{hashlib.sha256(where.encode()).hexdigest()[:8]}.env"


def old_checkpoints(path: Path) -> Path:
    """The record's checkpoints as they were when the desk left the database before."""
    return path.with_suffix(".checkpoints.jsonl")


def kept(path: Path) -> tuple[str, str] | None:
    """The addresses that an earlier move to this database noted, for the application and for the owner."""
    try:
        found = dict(_SETTING.findall(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    return (found["DATABASE_URL"], found["DATABASE_OWNER_URL"]) if len(found) == 2 else None


def is_moved(path: Path) -> bool:
    """Whether a move to this database came to its end."""
    try:
        return path.read_text(encoding="utf-8").startswith(_MOVED)
    except FileNotFoundError:
        return False


def finished(folder: Path) -> list[Path]:
    """The files of moves that came to their end, the newest last."""
    found = [path for path in (folder / places.MOVES).glob("*.env") if is_moved(path)]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def keep(path: Path, urls: tuple[str, str], moved_at: datetime | None) -> None:
    """Write the settings down, private to us and whole; `moved_at` is None while the move is under way."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    head = (
        f"{_MOVED} to this database on {moved_at:%Y-%m-%d %H:%M} UTC by amends move-database."
        if moved_at
        else "# A move to this database has begun and is not finished: do not use this yet."
    )
    lines = [
        head,
        f"DATABASE_URL='{_safe(urls[0])}'",
        f"DATABASE_OWNER_URL='{_safe(urls[1])}'",
        "# Only where DATABASE_URL is later changed to a pooler's address; else leave it unset:",
        f"# DATABASE_DIRECT_URL='{_safe(urls[0])}'",
        "",
    ]
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
        file.flush()
        os.fsync(handle)
    draft.rename(path)
    places.sync_folder(path.parent)


def _safe(url: str) -> str:
    """As it can stand between single quotes."""
    return url.replace("'", "%27").replace("\n", "%0A")
