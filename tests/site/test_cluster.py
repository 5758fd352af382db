"""Real clusters in folders of their own: made, started, attached to, killed, refused."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from amends.site import cluster_config, cluster_process
from amends.site.cluster import Cluster, database_urls, running
from amends.site.cluster_binaries import wheel_programs
from amends.site.errors import ClusterError
from amends.site.server_user import server_user

USER_OF_THE_CLUSTER = """
import sys, pathlib
from amends.site.cluster import running
with running(pathlib.Path(sys.argv[1])) as cluster:
    print("up", flush=True)
    sys.stdin.readline()
"""


def another_user(folder: Path) -> subprocess.Popen[str]:
    """A process that uses the cluster of `folder` until its standard input ends."""
    command = [sys.executable, "-c", USER_OF_THE_CLUSTER, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def over(process: subprocess.Popen[str]) -> int:
    with process:
        if process.stdin is not None:
            process.stdin.close()
        return process.wait(30)


def pid_of(cluster: Cluster) -> int:
    server = cluster_process.postmaster(cluster.folder / "pg")
    assert server is not None
    return server.pid


def ask(cluster: Cluster, question: str, role: str = "amends_app") -> object:
    with psycopg.connect(cluster.url(role)) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def write(cluster: Cluster, statement: str, role: str = "amends_owner") -> None:
    with psycopg.connect(cluster.url(role), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_the_last_to_leave_stops_it(made: Path) -> None:
    with running(made) as first:
        other = another_user(made)
        assert says(other) == "up"
        with running(made):
            server = pid_of(first)
        assert pid_of(first) == server
    assert pid_of(first) == server
    assert over(other) == 0
    assert not first.is_running()


def test_a_user_that_is_killed_leaves_a_server_that_the_next_one_takes_over(made: Path) -> None:
    killed = another_user(made)
    assert says(killed) == "up"
    cluster = Cluster(made)
    server = pid_of(cluster)
    killed.kill()
    assert over(killed) == -signal.SIGKILL
    with running(made):
        assert pid_of(cluster) == server
    assert not cluster.is_running()


def test_what_was_committed_outlives_a_killed_server(made: Path) -> None:
    cluster = Cluster(made)
    cluster.start()
    write(
        cluster,
        "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')",
    )
    os.kill(pid_of(cluster), signal.SIGKILL)
    cluster.start()
    assert ask(cluster, "SELECT word FROM kept") == "still here"
    write(cluster, "DROP TABLE kept")
    cluster.stop()
    assert not cluster.is_running()
    cluster.stop()  # twice is no error


def test_a_server_that_waits_for_its_clients_to_leave_is_started_anew(made: Path) -> None:
    cluster = Cluster(made)
    cluster.start()
    with psycopg.connect(cluster.url()) as idle:
        idle.execute("SELECT 1")
        server = pid_of(cluster)
        os.kill(server, signal.SIGTERM)  # what a service manager sends to all of a service's processes
        wait_for_status(cluster, "stopping")
        cluster.start()
        assert pid_of(cluster) != server
        assert ask(cluster, "SELECT 1") == 1
        with suppress(psycopg.OperationalError):
            idle.execute("SELECT 1")


def wait_for_status(cluster: Cluster, status: str) -> None:
    def reached() -> bool:
        server = cluster_process.postmaster(cluster.folder / "pg")
        return server is not None and server.status == status

    cluster_process.wait_until(reached, 10)


def test_many_may_make_it_at_once_whatever_else_lies_there(data: Path) -> None:
    (data / "lost+found").mkdir()
    (data / "pg").mkdir()
    starters = [another_user(data) for _ in range(3)]
    assert [says(starter) for starter in starters] == ["up"] * 3
    assert Cluster(data).is_running()
    assert [over(starter) for starter in starters] == [0] * 3
    assert not Cluster(data).is_running()


def test_a_start_that_is_killed_half_way_is_done_again(data: Path) -> None:
    killed = another_user(data)
    cluster_process.wait_until((data / "pg.new" / "PG_VERSION").exists, 10)
    killed.kill()
    over(killed)
    assert not (data / "pg").exists()
    with running(data) as cluster:
        assert ask(cluster, "SELECT 1") == 1
    assert not (data / "pg.new").exists()


def test_a_pid_file_whose_pid_went_to_somebody_else_is_no_obstacle(made: Path) -> None:
    user = server_user()
    bystander = subprocess.Popen(["sleep", "60"], user=user.uid if user.apart else None)
    try:
        stale = made / "pg" / "postmaster.pid"
        stale.write_text(f"{bystander.pid}\n{made / 'pg'}\n1\n5432\n{made / 'pg'}\n\n  1 1\nready   \n")
        user.hand_over(stale)
        assert not Cluster(made).is_running()
        with running(made) as cluster:
            assert ask(cluster, "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("name", ["n" * 120, "a, b 'c' \"d\" ü%40"])
def test_any_folder_name_works_and_the_socket_stays_private(copied: Path, name: str) -> None:
    folder = copied / name
    folder.mkdir(mode=0o700)
    (copied / "pg").rename(folder / "pg")
    if server_user().apart:
        copied.chmod(0o711)
    with running(folder) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        sockets = cluster.socket_folder
        assert sockets.parent in (Path("/run"), Path("/tmp"))
        assert sockets.stat().st_mode & 0o077 == 0
    sockets.rmdir()


def test_a_socket_folder_that_somebody_else_prepared_is_refused(data: Path) -> None:
    folder = data / ("n" * 120)
    if server_user().apart:
        data.chmod(0o711)
    sockets = Cluster(folder).socket_folder
    sockets.mkdir()
    sockets.chmod(0o777)
    try:
        with pytest.raises(ClusterError, match="not ours alone"), running(folder):
            pass
    finally:
        sockets.rmdir()
    sockets.symlink_to(data)
    try:
        with pytest.raises(ClusterError, match="not ours alone"), running(folder):
            pass
    finally:
        sockets.unlink()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cluster_of_another_major_is_left_alone_and_the_way_out_named(data: Path) -> None:
    (data / "pg").mkdir()
    (data / "pg" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 17(?s:.*)pg_dump(?s:.*)amends restore"):
        Cluster(data).start()
    assert contents(data / "pg") == {str(data / "pg" / "PG_VERSION"): b"17\n"}


def test_the_commands_that_bring_another_majors_data_over_do_so(copied: Path) -> None:
    with running(copied) as cluster:
        write(cluster, "CREATE TABLE kept (word text)")
        sockets = cluster.socket_folder
    told = cluster_config.foreign_major(copied / "pg", copied / "pg-config", sockets, "17", "18")
    commands = [line for line in told.splitlines() if line.startswith("  ")]
    # The programs of 17 are not here; ours stand in for them, and amends restore has tests of its own.
    bring = [f"OLD={wheel_programs()}", *commands[3:-1]]
    if not server_user().apart:
        bring = [line for line in bring if not line.startswith("  AS=")]
    subprocess.run(["bash", "-e", "-c", "\n".join(bring)], check=True, stdout=subprocess.DEVNULL)
    assert (copied / "pg-17" / "PG_VERSION").exists()
    assert b"kept" in (copied / "pg-17.dump").read_bytes()
    assert commands[-1] == f"  amends restore {copied}/pg-17.dump"


def test_a_folder_that_is_no_cluster_is_left_alone(data: Path) -> None:
    (data / "pg").mkdir()
    (data / "pg" / "letter.txt").write_text("dear")
    with pytest.raises(ClusterError, match="no database of ours"):
        Cluster(data).start()
    assert contents(data / "pg") == {str(data / "pg" / "letter.txt"): b"dear"}


def test_a_server_that_cannot_start_says_why(made: Path) -> None:
    (made / "pg-config" / "local.conf").write_text("max_connections = many\n")
    cluster = Cluster(made)
    with pytest.raises(ClusterError, match='"max_connections": "many"'):
        cluster.start()
    (made / "pg-config" / "local.conf").write_text("max_connections = 7\n")
    cluster.start()
    assert ask(cluster, "SHOW max_connections") == "7"
    (made / "pg-config" / "local.conf").write_text("")


def test_a_long_recovery_is_announced_and_waited_for(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(cluster_process, "QUIET", 0.0)
    cluster = Cluster(made, heard.append)
    cluster.start()
    os.kill(pid_of(cluster), signal.SIGKILL)
    cluster.start()
    assert cluster.is_running()
    assert any("replaying its log" in word for word in heard)


def test_later_starts_are_quick(made: Path) -> None:
    began = time.monotonic()
    with running(made):
        taken = time.monotonic() - began
    assert taken < 2, "0.1 s where nothing else runs"


def test_a_server_of_ones_own_is_used_instead(tmp_path: Path) -> None:
    own = "postgresql://desk:pw@db.example/desk"
    assert database_urls({"DATABASE_URL": own}, tmp_path) == (own, own)
    assert database_urls({"DATABASE_URL": own, "DATABASE_OWNER_URL": own + "2"}, tmp_path) == (own, own + "2")
    app, owner = database_urls({"DATABASE_OWNER_URL": own}, tmp_path)
    assert app.startswith("postgresql://amends_app@/amends?host=%2F")
    assert owner.startswith("postgresql://amends_owner@/amends?host=%2F")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_another_kind_of_database_is_refused_without_telling_its_password(tmp_path: Path, name: str) -> None:
    given = {"DATABASE_URL": "postgresql://db.example/desk", name: "mysql://desk:hunter2@db.example/desk"}
    with pytest.raises(ClusterError, match=name) as refused:
        database_urls(given, tmp_path)
    assert "hunter2" not in str(refused.value)
