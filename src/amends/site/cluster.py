"""The embedded PostgreSQL of one data folder: made once, started or attached to, stopped by its last user.

It is closed to everybody else on the machine: no network, a socket in a folder that only its user and root
can enter, and a list of who may sign in. As root it runs as a system user of its own, which is let into the
cluster's folder and nothing else. Whatever dies at whatever moment, the next start finds its way.
"""

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg

from amends.site import cluster_config as config
from amends.site import places
from amends.site.cluster_binaries import major, server_programs
from amends.site.cluster_process import Life, Notify, await_ready, end, ended_by_itself, launch, postmaster
from amends.site.errors import ClusterError
from amends.site.server_user import ServerUser, server_user

LONGEST_SOCKET = 106
"""Bytes: the kernel's limit for the path of a socket, less its closing zero."""


def _say_nothing(_message: str) -> None:
    """What is called with progress when nobody wants to hear it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The PostgreSQL that keeps its data in `folder`/pg; `notify` hears why a start takes long."""

    folder: Path
    notify: Notify = _say_nothing

    def start(self) -> None:
        """Return once the server runs and is fully set up: attach to a live one, else start, else make it."""
        with self._alone():
            self._start()

    def stop(self) -> None:
        """Stop the server if it runs, whoever uses it; everything committed is kept."""
        with self._alone():
            end(self._data, self._life)

    def is_running(self) -> bool:
        """Whether the server takes connections now."""
        server = postmaster(self._data)
        return server is not None and server.status == "ready"

    def url(self, role: str = config.APPLICATION, database: str = config.DATABASE) -> str:
        """A libpq address without a password: who we are is what signs us in."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{role}@/{database}?host={host}&port={config.PORT}"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: with the data, or, where that path is too long, in a private folder."""
        socket = os.fsencode(self._data / f".s.PGSQL.{config.PORT}")
        # libpq takes a comma for the end of one host and the start of the next.
        if len(socket) <= LONGEST_SOCKET and b"," not in socket:
            return self._data
        # Not XDG_RUNTIME_DIR: it differs between a shell and a service, and goes when its user logs out.
        base = Path("/run" if os.geteuid() == 0 else "/tmp")  # noqa: S108 - see _open_socket_folder
        name = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        return base / f"amends-{os.geteuid()}-{name}"

    @contextmanager
    def in_use(self) -> Iterator["Cluster"]:
        """Started, and counted as used by us; at the end stopped unless somebody else still uses it."""
        mine = os.open(self._file("pg.users"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._alone():
                fcntl.flock(mine, fcntl.LOCK_SH)
                self._start()
            try:
                yield self
            finally:
                with self._alone():
                    if _only_holder(mine):
                        end(self._data, self._life)
        finally:
            os.close(mine)

    @property
    def _data(self) -> Path:
        return self.folder / places.CLUSTER

    @property
    def _config(self) -> Path:
        return self.folder / "pg-config"

    @property
    def _life(self) -> Life:
        return Life(self._file("pg.alive"))

    def _file(self, name: str) -> Path:
        return places.open_folder(self.folder) / name

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start or stop at a time; the lock goes with its holder, however that ends."""
        handle = os.open(self._file("pg.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _start(self) -> None:
        if not self._attached():
            self._await_end_of_the_last()
            user = server_user()
            user.let_through(self.folder)
            programs = server_programs(self.folder, user)
            self._refuse_what_is_not_ours(programs, user)
            if not _holds_something(self._data):
                self._create(programs, user)
            self._configure(user)
            _open_socket_folder(self.socket_folder, self._data, user)
            configured = f"config_file={self._config}/postgresql.conf"
            command: list[str | Path] = [programs / "postgres", "-D", self._data, "-c", configured]
            launch(command, user, self._data, self._life, self.notify)
        self._set_up()

    def _attached(self) -> bool:
        server = postmaster(self._data)
        if server is None or server.status == "stopping":
            return False
        if not await_ready(self._data, self._life, self.notify):
            return False
        try:
            psycopg.connect(self.url(config.SUPERUSER, "postgres")).close()
        except psycopg.OperationalError:
            # A server that was killed a moment ago still looks alive; one that only refuses us stays.
            return not ended_by_itself(self._data)
        return True

    def _await_end_of_the_last(self) -> None:
        """A server told to end, or what is left of a killed one, must be gone before another may start."""
        end(self._data, self._life)
        # PostgreSQL itself would refuse to start where the pid in these has gone to another process.
        for stale in (self._data / "postmaster.pid", self.socket_folder / f".s.PGSQL.{config.PORT}.lock"):
            stale.unlink(missing_ok=True)

    def _refuse_what_is_not_ours(self, programs: Path, user: ServerUser) -> None:
        if not _holds_something(self._data):
            return
        mark = self._data / "PG_VERSION"
        if self._data.is_symlink() or not mark.is_file() or mark.is_symlink():
            raise ClusterError(
                f"{self._data} holds something that is no database of ours; nothing was touched. "
                "Move it away, or put back the backup that belongs there (amends restore)."
            )
        theirs, ours = mark.read_text(encoding="ascii", errors="replace").strip(), major(programs, user)
        if theirs != ours:
            raise ClusterError(
                config.foreign_major(self._data, self._config, self.socket_folder, theirs, ours)
            )

    def _create(self, programs: Path, user: ServerUser) -> None:
        """Make the cluster under another name, then give it its own: what bears that name is always whole."""
        draft = self._data.with_name("pg.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        user.hand_over(draft)
        # The ctype matters beside the provider: under C, pg_trgm takes every letter beyond ASCII for a blank.
        options = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-E", "UTF8"]
        options += ["-k", "-U", config.SUPERUSER, "--auth=reject", "-D", str(draft)]
        handle = self._life.begin()
        try:
            made = user.run([programs / "initdb", *options], hand_down=[handle])
        finally:
            os.close(handle)
        if made.returncode != 0:
            raise ClusterError(
                f"The database could not be made in {self.folder}; nothing was kept of it. initdb said:\n"
                f"{made.stdout.strip()[-2000:]}\nMend the cause and start again."
            )
        draft.rename(self._data)
        places.sync_folder(self.folder)

    def _configure(self, user: ServerUser) -> None:
        self._config.mkdir(mode=0o700, exist_ok=True)
        user.share(self._config)
        texts = {
            "postgresql.conf": config.settings_text(self._config, self.socket_folder),
            "pg_hba.conf": config.HBA,
            "pg_ident.conf": config.ident_text({"root", user.name}),
        }
        for name, text in texts.items():
            path = self._config / name
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            user.share(path)
        operators = self._config / "local.conf"
        operators.touch(mode=0o600)
        user.share(operators)

    def _set_up(self) -> None:
        """Bring roles, rights and extensions to what they should be; one question when they already are."""
        marked = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        try:
            with psycopg.connect(self.url(config.SUPERUSER, "postgres"), autocommit=True) as connection:
                row = connection.execute(marked, [config.DATABASE]).fetchone()
                if row is not None and row[0] == config.MARK:
                    return
                connection.execute(config.roles_sql())
                if row is None:
                    connection.execute(f"CREATE DATABASE {config.DATABASE} OWNER {config.OWNER}")
            with psycopg.connect(self.url(config.SUPERUSER), autocommit=True) as connection:
                connection.execute(config.DATABASE_SQL)
                connection.execute(config.VECTOR_SQL)
                connection.execute(f"COMMENT ON DATABASE {config.DATABASE} IS '{config.MARK}'")
        except psycopg.Error as error:
            raise ClusterError(
                f"PostgreSQL runs but could not be set up ({error}). Nothing was lost; start again."
            ) from error


@contextmanager
def running(folder: Path, notify: Notify = _say_nothing) -> Iterator[Cluster]:
    """The cluster of `folder`, started or attached to; at the end stopped unless somebody else uses it."""
    with Cluster(places.open_folder(folder), notify).in_use() as cluster:
        yield cluster


def database_urls(environ: Mapping[str, str], folder: Path) -> tuple[str, str]:
    """The addresses for the application and for the owner of its tables: as given, else the cluster's."""
    given = environ.get("DATABASE_URL", "").strip()
    if not given:
        cluster = Cluster(folder.resolve())
        return cluster.url(), cluster.url(config.OWNER)
    owner = environ.get("DATABASE_OWNER_URL", "").strip() or given
    for name, value in (("DATABASE_URL", given), ("DATABASE_OWNER_URL", owner)):
        if urlsplit(value).scheme not in ("postgresql", "postgres"):
            raise ClusterError(f"{name} must begin with postgresql:// - Amends keeps its data in PostgreSQL.")
    return given, owner


def _holds_something(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir())))


def _only_holder(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_socket_folder(folder: Path, data: Path, user: ServerUser) -> None:
    """A folder for the socket that nobody but the server's user (and root) can enter, or a refusal."""
    if folder == data:
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        ours = status.st_uid in (user.uid, os.geteuid()) and not status.st_mode & 0o077
        if not ours or not stat.S_ISDIR(status.st_mode):
            raise ClusterError(
                f"{folder}, where the database's socket should lie, is not ours alone; it was not used. "
                "Remove it, or name a data folder with a shorter path in AMENDS_DATA."
            )
        user.hand_over(folder)
    except OSError as error:
        raise ClusterError(
            f"{folder} cannot be made for the database's socket ({error.strerror}). "
            "Name a data folder with a shorter path in AMENDS_DATA."
        ) from error
