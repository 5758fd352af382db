"""One backup as one file: a tar of the database's dump and the files, with a list of what is in it."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from amends.site.errors import BackupError

FORMAT = 1
ABOUT = "about.json"
DUMP = "database.dump"
FILES = "files"
DUMP_MAGIC = b"PGDMP"
"""How a file of pg_dump's custom format begins."""


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says about itself; `when` and the roles are unknown for a bare dump."""

    when: datetime | None
    application: str
    owner: str


def pack(stage: Path, target: Path, about: About) -> None:
    """Write everything below `stage` into the archive `target`, private to us, and read it back."""
    names = sorted(path.relative_to(stage) for path in stage.rglob("*") if path.is_file())
    digests = {name.as_posix(): _digest(stage / name) for name in names}
    content = {
        "format": FORMAT,
        "when": about.when and about.when.isoformat(),
        "application": about.application,
        "owner": about.owner,
        "files": digests,
    }
    (stage / ABOUT).write_text(json.dumps(content, indent=1), encoding="utf-8")
    target.touch(mode=0o600)
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in [Path(ABOUT), *names]:
            tar.add(stage / name, name.as_posix(), recursive=False)
    _read_back(target, digests)


def _read_back(target: Path, digests: Mapping[str, str]) -> None:
    with tarfile.open(target, "r:") as tar:
        read = {member.name: _digest_of(tar.extractfile(member)) for member in tar if member.name != ABOUT}
    if read != digests:
        raise BackupError(f"{target} does not read back as it was written: the disk may be failing.")


def unpack(archive: Path, stage: Path) -> About:
    """Put what the archive holds below `stage`, every byte checked, or BackupError."""
    try:
        with archive.open("rb") as file:
            bare = file.read(len(DUMP_MAGIC)) == DUMP_MAGIC
        if bare:
            shutil.copyfile(archive, stage / DUMP)
            return About(None, "", "")
        with tarfile.open(archive, "r:") as tar:
            return _unpack(tar, stage)
    except (tarfile.TarError, EOFError, KeyError, ValueError, TypeError) as error:
        raise BackupError(
            f"{archive} is no whole backup of Amends ({error}); nothing was touched. Take another one."
        ) from error
    except OSError as error:
        raise BackupError(
            f"{archive} cannot be read or unpacked ({error.strerror}); nothing was touched. "
            "Make it readable and see to free space in the data folder, then try again."
        ) from error


def _unpack(tar: tarfile.TarFile, stage: Path) -> About:
    first = tar.next()
    source = tar.extractfile(first) if first is not None and first.name == ABOUT else None
    if source is None:
        raise ValueError("it does not begin with what it is about")
    told: Any = json.loads(source.read())
    if told["format"] != FORMAT:
        raise ValueError(f"it has format {told['format']}, this Amends reads {FORMAT}")
    expected = {_safe(str(name)): str(digest) for name, digest in told["files"].items()}
    for member in tar:
        if member.name == ABOUT:
            continue
        _take(tar, member, stage, expected)
    if expected:
        raise ValueError(f"{min(expected)} is missing")
    if not (stage / DUMP).is_file():
        raise ValueError("it holds no database")
    return About(datetime.fromisoformat(told["when"]), str(told["application"]), str(told["owner"]))


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, stage: Path, expected: dict[str, str]) -> None:
    digest = expected.pop(_safe(member.name), None)
    source = tar.extractfile(member) if member.isreg() else None
    if digest is None or source is None:
        raise ValueError(f"{member.name!r} does not belong in it")
    target = stage / member.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") as file:
        shutil.copyfileobj(source, file)
    target.chmod(0o600)
    if _digest(target) != digest:
        raise ValueError(f"{member.name!r} is not as it was")


def _safe(name: str) -> str:
    path = PurePosixPath(name)
    below = len(path.parts) > 1 and path.parts[0] == FILES and ".." not in path.parts
    if name != DUMP and not below:
        raise ValueError(f"{name!r} does not belong in it")
    return name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _digest_of(file)


def _digest_of(stream: IO[bytes] | None) -> str:
    found = hashlib.sha256()
    while stream is not None and (part := stream.read(1 << 20)):
        found.update(part)
    return found.hexdigest()
