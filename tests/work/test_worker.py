"""Workers as processes: they stop quickly, wait for a database that is away, and leave no job to nobody."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.site.processes import Running, amends, ask, result, wait_until

from amends.site.cluster import Cluster


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """The data folder of a desk that is made and runs."""
    folder = Path(tempfile.mkdtemp(prefix="amends-work-", dir="/tmp"))
    try:
        with Cluster(folder).in_use():
            code, _, said = result(folder, "migrate")
            assert code == 0, said
            yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def worker(place: Path) -> Iterator[Running]:
    (last,) = ask(place, "SELECT coalesce(max(id), 0) FROM procrastinate_workers")
    with amends(place, "worker") as running:
        wait_until(lambda: workers(place, f"id > {last}") == 1)
        yield running


def workers(place: Path, which: str = "true") -> object:
    return ask(place, f"SELECT count(*) FROM procrastinate_workers WHERE {which}")[0]


def hints(place: Path) -> object:
    return ask(place, "SELECT count(*) FROM procrastinate_jobs")[0]


def last_tick(place: Path, task: str) -> int:
    question = (
        "SELECT coalesce(max(defer_timestamp), 0) FROM procrastinate_periodic_defers WHERE task_name = "
    )
    value = ask(place, f"{question}'{task}'")[0]
    assert isinstance(value, int)
    return value


def leave_hint(place: Path, name: str, status: str = "todo") -> None:
    with psycopg.connect(Cluster(place).url("amends_owner"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) "
            "VALUES ('default', %s, 0, '{}', %s)",
            [name, status],
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_and_signs_off(place: Path, worker: Running, number: signal.Signals) -> None:
    mine = ask(place, "SELECT max(id) FROM procrastinate_workers")[0]
    took, code = worker.stop(number)
    assert code == 0
    assert took < 6, "under 3 s on a machine of its own"
    assert workers(place, f"id = {mine}") == 0


def test_a_hint_is_taken_at_once_and_nothing_of_it_is_left(place: Path, worker: Running) -> None:
    for _ in range(20):
        leave_hint(place, "amends.sweep")
    wait_until(lambda: hints(place) == 0, 5)


def test_it_goes_on_when_the_database_comes_back(place: Path, worker: Running) -> None:
    wait_until(lambda: last_tick(place, "amends.sweep"))
    before = last_tick(place, "amends.sweep")
    Cluster(place).stop()
    wait_until(lambda: "lost the database" in worker.complaints())
    Cluster(place).start()
    wait_until(lambda: last_tick(place, "amends.sweep") > before)
    wait_until(lambda: hints(place) == 0)
    assert worker.process.poll() is None
    assert "Traceback" not in worker.complaints()
    assert worker.stop()[0] < 6


def test_a_worker_stops_while_the_database_is_away(place: Path, worker: Running) -> None:
    Cluster(place).stop()
    wait_until(lambda: "lost the database" in worker.complaints())
    took, _ = worker.stop()
    Cluster(place).start()
    assert took < 8


def test_jobs_of_a_killed_worker_hold_nothing_up(place: Path) -> None:
    """Neither its place in the queue nor its lock may outlive it."""
    leave_hint(place, "amends.take", "doing")
    with amends(place, "worker"):
        wait_until(lambda: hints(place) == 0)
