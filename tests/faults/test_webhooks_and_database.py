"""The database dies again and again under deliveries: whatever was acknowledged is there, and only once."""

from __future__ import annotations

import signal
from collections import Counter

import httpx2
import pytest
from tests.faults.proof import quiet
from tests.faults.test_database_away import _untaken, kill_database
from tests.rig.desk import Rig
from tests.rig.processes import until
from tests.rig.sender import Delivering, Sender

from amends.site.cluster import Cluster

RESTARTS = (signal.SIGQUIT, signal.SIGKILL, signal.SIGINT)
"""Immediate, killed, and stopped as an operator stops it."""


def promised(senders: list[Delivering]) -> list[str]:
    return [post for sender in senders for post in sender.promised]


def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(place: Rig) -> None:
    web = place.web()
    source = Sender.of(place)
    senders = [Delivering(source, 1_000_000 * n, at_once) for n, at_once in ((1, 1), (2, 1), (3, 7))]
    for sender in senders:
        sender.start()
    try:
        for number in RESTARTS:
            before = len(promised(senders))
            until(lambda before=before: len(promised(senders)) > before + 60, 60, "deliveries are taken")  # type: ignore[misc]
            kill_database(place, number)
            until(lambda: _says_away(source), 20, "a delivery is told to come again")
            Cluster(place.data).start()
        before = len(promised(senders))
        until(lambda: len(promised(senders)) > before + 60, 60, "deliveries are taken again")
    finally:
        for sender in senders:
            sender.over.set()
        for sender in senders:
            sender.join()
    kept = Counter(row[0] for row in place.ask("SELECT remote_id FROM store_raw"))
    assert set(promised(senders)) <= set(kept), set(promised(senders)) - set(kept)
    assert max(kept.values()) == 1
    statuses = {status for sender in senders for status in sender.statuses}
    assert statuses <= {200, 503}, statuses
    assert web.alive
    place.start("worker")
    until(lambda: not _untaken(place), 60, "everything is taken in and read")
    posts = Counter(row[0] for row in place.ask("SELECT remote_id FROM store_post"))
    assert posts == kept
    assert source.secret not in place.processes.said()
    quiet(place)


def _says_away(source: Sender) -> bool:
    with httpx2.Client(trust_env=False, timeout=30) as client:
        answer = source.deliver(source.post(0), client)
    if answer.status_code != 503:
        return False
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], int(answer.headers["retry-after"]) > 0) == ("database-away", True)
    return True


def test_a_source_that_nobody_has_asked_for_yet_is_503_while_the_database_is_away(place: Rig) -> None:
    place.web()
    source = Sender.of(place)
    kill_database(place, signal.SIGKILL)
    until(lambda: _says_away(source), 20, "a delivery is told to come again")
    wrong = Sender(source.site, source.path, "whsec_" + "A" * 44)
    with httpx2.Client(trust_env=False, timeout=30) as client:
        assert wrong.deliver(wrong.post(1), client).status_code == 503, "nobody can tell yet"
    Cluster(place.data).start()
    with httpx2.Client(trust_env=False, timeout=30) as client:
        until(lambda: source.deliver(source.post(1), client).status_code == 200, 20, "it is taken")
        assert wrong.deliver(wrong.post(1), client).status_code == 401


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_web_process_that_ends_has_kept_what_it_acknowledged(place: Rig, end: str) -> None:
    web = place.web()
    source = Sender.of(place)
    senders = [Delivering(source, 1_000_000 * n) for n in (1, 2, 3)]
    for sender in senders:
        sender.start()
    until(lambda: len(promised(senders)) > 60, 60, "deliveries are taken")
    if end == "kill":
        web.kill()
    else:
        assert web.stop() == 0
    for sender in senders:
        sender.over.set()
        sender.join()
    kept = {row[0] for row in place.ask("SELECT remote_id FROM store_raw")}
    assert set(promised(senders)) <= kept
