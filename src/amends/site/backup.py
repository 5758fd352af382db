"""Backups: the database and the files that belong to it in one archive, without the keys; and back again.

The keys are kept apart on purpose: whoever finds a backup cannot open the account tokens in it. Somebody must
have put `secret.key` and `history.key` away once, by hand, elsewhere.
"""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amends.site import backup_archive as archives
from amends.site import backup_database as database
from amends.site import places
from amends.site.cluster_config import APPLICATION, OWNER
from amends.site.errors import BackupError

KEPT = 7
LAST_GOOD = "last-good.json"
CARRIED = (places.CHECKPOINTS, places.FAKE_NETWORK)
"""What of the data folder goes into a backup beside the database."""

KeyOpens = Callable[[str], bool]
"""Whether the present key opens what is sealed in the database at the given (owner's) address."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The newest backup that was written whole and read back."""

    when: datetime
    file: str
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did; `key_opens` is None when nobody looked, `aside` where replaced files went."""

    when: datetime | None
    key_opens: bool | None
    aside: Path | None

    @property
    def advice(self) -> str:
        """What is left to do by hand, in words for the terminal."""
        if self.key_opens:
            return "The key in place opens what is sealed. The desk may be started."
        found = "The key in place does not open what is sealed here. " if self.key_opens is False else ""
        return (
            f"{found}Keys are not part of a backup: before the desk is started, put back "
            f"{places.SECRET_KEY} and {places.HISTORY_KEY} from where you keep them "
            "(or set AMENDS_SECRET_KEY and AMENDS_HISTORY_KEY). Without the old key every account must be "
            "connected anew."
        )


def back_up(folder: Path, urls: tuple[str, str], now: datetime) -> Path:
    """A new archive below `folder`/backups, read back whole; a BackupError leaves the older as they were."""
    began = time.monotonic()
    with _alone(folder) as backups, _stage(backups) as stage:
        target = backups / f"amends-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"
        # Files first: a checkpoint must never know of history that the database in the same backup lacks.
        for name in CARRIED:
            _copy(folder / name, stage / archives.FILES / name)
        database.dump(urls[1], stage / archives.DUMP)
        about = archives.About(now, database.role_of(urls[0]), database.role_of(urls[1]))
        draft = stage.with_suffix(".tar")
        try:
            archives.pack(stage, draft, about)
            _sync(draft)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        good = LastGood(now, target.name, target.stat().st_size, round(time.monotonic() - began, 3))
        _record(backups, good)
        _prune(backups, target)
    return target


def last_good(folder: Path) -> LastGood | None:
    """The newest good backup, as recorded when it was made; None when there is none."""
    try:
        told: Any = json.loads((folder / places.BACKUPS / LAST_GOOD).read_text(encoding="utf-8"))
        return LastGood(
            datetime.fromisoformat(told["when"]),
            str(told["file"]),
            int(told["bytes"]),
            float(told["seconds"]),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def restore(
    archive: Path,
    folder: Path,
    urls: tuple[str, str],
    *,
    replace: bool = False,
    key_opens: KeyOpens | None = None,
) -> Restored:
    """Put back a backup (or a bare pg_dump -Fc file): wholly, or BackupError and everything as it was."""
    with _alone(folder) as backups, _stage(backups) as stage:
        about = archives.unpack(archive, stage)
        database.check(stage / archives.DUMP)
        database.ready_for(urls[1], replace=replace)
        # A bare dump is one of our own cluster's: that is the way from one major to the next.
        made_for = (about.application, about.owner) if about.when else (APPLICATION, OWNER)
        same_roles = made_for == (database.role_of(urls[0]), database.role_of(urls[1]))
        database.load(stage / archives.DUMP, urls, same_roles=same_roles)
        aside = _put_back(stage / archives.FILES, folder, backups)
    return Restored(about.when, key_opens(urls[1]) if key_opens else None, aside)


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """The folder of backups, for one backup or restore at a time."""
    backups = places.open_folder(folder) / places.BACKUPS
    backups.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(backups / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield backups
    except BlockingIOError:
        raise BackupError(
            "Another backup or restore is at work; nothing was touched. Try again later."
        ) from None
    except OSError as error:
        raise BackupError(
            f"{error.filename or backups}: {error.strerror}. Older backups and the database are as they "
            "were. Free some space or mend the disk, then try again."
        ) from error
    finally:
        os.close(handle)


@contextmanager
def _stage(backups: Path) -> Iterator[Path]:
    """A private folder for what is unfinished; whatever a killed run left behind is swept away first."""
    for left in backups.glob(".new-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    stage = Path(tempfile.mkdtemp(prefix=".new-", dir=backups))
    try:
        yield stage
    finally:
        shutil.rmtree(stage)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or the files below a folder; links and anything that is no plain file stay behind."""
    if source.is_symlink():
        return
    if source.is_dir():
        for inner in source.iterdir():
            _copy(inner, target / inner.name)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _put_back(files: Path, folder: Path, backups: Path) -> Path | None:
    """Give the files of a backup their places; what was there before goes aside, never away."""
    aside = None
    for name in CARRIED:
        fresh, place = files / name, folder / name
        try:
            if fresh.exists() and (place.exists() or place.is_symlink()):
                aside = aside or Path(tempfile.mkdtemp(prefix="replaced-", dir=backups))
                place.rename(aside / name)
            if fresh.exists():
                fresh.rename(place)
        except OSError as error:
            raise BackupError(
                f"The database was put back, but {place} was not ({error.strerror}). Mend that and restore "
                "once more with --replace."
            ) from error
    return aside


def _record(backups: Path, good: LastGood) -> None:
    told = {"when": good.when.isoformat(), "file": good.file, "bytes": good.bytes, "seconds": good.seconds}
    draft = backups / f".new-{LAST_GOOD}"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(told), encoding="utf-8")
    _sync(draft)
    draft.rename(backups / LAST_GOOD)
    places.sync_folder(backups)


def _prune(backups: Path, newest: Path) -> None:
    """Keep the seven last, by the time in their names, and in any case the one just made."""
    for old in sorted(backups.glob("amends-*.tar"))[:-KEPT]:
        if old != newest:
            old.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
