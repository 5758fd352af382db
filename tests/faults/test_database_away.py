"""The database dies under load and comes back; and so does everything else, by itself."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field

import pytest
from tests.faults.proof import quiet
from tests.rig.desk import Rig
from tests.rig.processes import children_of, until

from amends.site.cluster import Cluster
from amends.site.cluster_process import postmaster


@dataclass
class Caller(threading.Thread):
    """A firm's system that brings posts in, one after the other, and notes what the desk promised to keep."""

    rig: Rig
    promised: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        number = 0
        while not self.over.wait(0.02):
            number += 1
            post = {
                "id": f"c{number}",
                "channel": "shop",
                "author_id": f"a{number % 7}",
                "text": f"My parcel {number} is lost and nobody answers me!",
                "created_at": "2026-03-01T10:00:00Z",
            }
            answer = self.rig.api("POST", "/posts", {"posts": [post]})
            self.statuses.add(answer.status_code)
            if answer.status_code == 200 and answer.json()["kept"] + answer.json()["repeated"]:
                self.promised.append(post["id"])


def kill_database(place: Rig, number: signal.Signals) -> None:
    server = postmaster(place.data / "pg")
    assert server is not None
    os.kill(server.pid, number)
    until(lambda: not Cluster(place.data).is_running(), 20, "the database is gone")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL], ids=["immediate", "killed"])
def test_web_and_workers_outlive_a_database_that_dies(place: Rig, number: signal.Signals) -> None:
    web, worker = place.web(), place.start("worker")
    caller = Caller(place)
    caller.start()
    try:
        until(lambda: len(caller.promised) > 20, 60, "posts come in")
        kill_database(place, number)
        away = until(lambda: _away(place), 20, "a page says that the database is away")
        assert "Traceback" not in away
        assert "try again" in away.lower()
        told = place.api("GET", "/cases")
        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
        assert place.page("/static/amends/desk.js").status_code == 200
        Cluster(place.data).start()
        until(lambda: place.page("/account/login/").status_code == 200, 20, "pages are there again")
        before = len(caller.promised)
        until(lambda: len(caller.promised) > before + 20, 60, "posts come in again")
    finally:
        caller.over.set()
        caller.join()
    until(lambda: not _untaken(place), 60, "everything is taken in and read")
    kept = {row[0] for row in place.ask("SELECT remote_id FROM store_post")}
    assert set(caller.promised) <= kept
    assert caller.statuses <= {200, 503}, caller.statuses
    assert web.alive
    assert worker.alive
    place.amends("verify-history")
    quiet(place)


def _away(place: Rig) -> str:
    page = place.page("/account/login/")
    return page.text if page.status_code == 503 else ""


def _untaken(place: Rig) -> int:
    waiting: int = place.one("SELECT count(*) FROM store_waiting")
    unread: int = place.one("SELECT count(*) FROM store_post WHERE read_at IS NULL")
    return waiting + unread


def test_a_served_desk_starts_its_own_database_again(place: Rig) -> None:
    serving = place.start("serve", "--port", str(place.port))
    until(lambda: "Stop: ctrl-C" in serving.said(), 90, "the desk is served", serving.said)
    before = set(children_of(serving.process.pid))
    kill_database(place, signal.SIGKILL)
    until(lambda: "database" in serving.said(), 20, "it is noticed")
    until(lambda: place.page("/account/login/").status_code == 200, 60, "pages are there again")
    assert serving.alive
    assert set(children_of(serving.process.pid)) == before, "nothing else had to be started again"
    posts = {"posts": [{"id": "1", "author_id": "a", "text": "Lost!", "created_at": "2026-03-01T10:00:00Z"}]}
    until(lambda: place.api("POST", "/posts", posts).status_code == 200, 30, "posts are taken")
    until(lambda: place.one("SELECT count(*) FROM store_post"), 60, "a post is taken in")
    assert serving.stop() == 0
    quiet(place)
