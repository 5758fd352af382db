"""Which system user runs the embedded PostgreSQL, and what exactly that user is let into."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from amends.site.errors import ClusterError

SYSTEM_USER = "amends-db"
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user that owns the cluster's files and runs its processes; `apart` when that is not ourselves."""

    name: str
    uid: int
    gid: int
    apart: bool

    def run(
        self,
        command: Sequence[str | Path],
        stderr: IO[bytes] | int = subprocess.STDOUT,
        hand_down: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` as this user, out of reach of ctrl-C, with nothing of our environment."""
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_ENVIRONMENT,
                cwd="/",
                umask=0o077,
                pass_fds=hand_down,
                start_new_session=True,
                user=self.uid if self.apart else None,
                group=self.gid if self.apart else None,
                extra_groups=[] if self.apart else None,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ClusterError(
                f"{command[0]} cannot be run as the user {self.name} ({error}); nothing was changed. "
                "Mend that, or use a PostgreSQL server of your own by setting DATABASE_URL."
            ) from error

    def can(self, test: str, path: Path) -> bool:
        """Whether the shell's `test` (`-r`, `-x`) on `path` holds for this user, as the kernel sees it."""
        return self.run(["/bin/sh", "-c", f'test {test} "$1"', "sh", path]).returncode == 0

    def hand_over(self, path: Path) -> None:
        """Make this user the owner of `path`, which must be ours."""
        if self.apart:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def share(self, path: Path) -> None:
        """Let this user's group read `path`, ours: a folder may be entered, a file read, neither changed."""
        if self.apart:
            os.chown(path, -1, self.gid, follow_symlinks=False)
            path.chmod(0o750 if path.is_dir() else 0o640)

    def let_through(self, folder: Path) -> None:
        """See to it that this user can pass through the data folder, or refuse; nothing above it is changed.

        A data folder closed to everybody is opened to the group of this user alone, to pass but not to list
        (0710). A folder that somebody opened to another group is left as it is.
        """
        if not self.apart or self.can("-x", folder):
            return
        barrier = next((p for p in reversed(folder.parents) if not self.can("-x", p)), None)
        if barrier is None and stat.S_IMODE(folder.stat().st_mode) == 0o700:
            os.chown(folder, -1, self.gid)
            folder.chmod(0o710)
            return
        raise ClusterError(
            f"PostgreSQL must not run as root, and the user it runs as, {self.name}, cannot pass through "
            f"{barrier or folder}. No access was widened. Name a data folder in AMENDS_DATA that users can "
            "get near, such as /var/lib/amends, or run amends as an ordinary user."
        )


def server_user() -> ServerUser:
    """Ourselves, or, since PostgreSQL refuses root, the system user `amends-db`, created when missing."""
    uid = os.geteuid()
    if uid == 0:
        return _system_user()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(
            f"The user id {uid} has no name on this machine, so PostgreSQL cannot tell who we are. "
            "Run amends as a user listed in /etc/passwd, or set DATABASE_URL."
        ) from None
    return ServerUser(entry.pw_name, uid, entry.pw_gid, apart=False)


def _system_user() -> ServerUser:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _create_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    if entry.pw_uid == 0:
        raise ClusterError(f"The user {SYSTEM_USER} is root by another name. Give it an id of its own.")
    return ServerUser(SYSTEM_USER, entry.pw_uid, entry.pw_gid, apart=True)


def _create_system_user() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        made = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, check=False)
        reason = made.stderr.strip()
    except OSError as error:
        reason = str(error)
    try:
        pwd.getpwnam(SYSTEM_USER)  # also when another process was quicker
    except KeyError:
        raise ClusterError(
            f"PostgreSQL must not run as root, and a user for it cannot be created ({reason}). "
            f"Create it yourself ({' '.join(command)}), run amends as an ordinary user, or set DATABASE_URL."
        ) from None
