"""The sweep over many clocks: how long it takes, and that each due thing is done once, whoever dies."""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from amends import clock
from amends.language.stand_in import StandIn
from amends.pipeline.sweep import sweep
from amends.site.cluster import Cluster
from bench import desk, importer, made
from bench.progress import say
from bench.result import Result, at_most
from bench.scale import Scale

MOST = 1.0
WORKERS, KILLED = 4, 2
PATIENCE = 60.0
_LATE = timedelta(days=60)
_QUIET = "UPDATE store_case SET look_at = %s, clock_offset = '0'"
"""Nothing is due, and the cases are live: nobody is alerted for imported history."""
_DUE = """
UPDATE store_case SET waiting_since = waiting_since - %s, due_at = due_at - %s, look_at = %s
WHERE id IN (SELECT id FROM store_case WHERE climbed_at IS NULL ORDER BY id LIMIT %s)
"""
_PLAIN = """
WITH taken AS (SELECT id FROM store_case ORDER BY id DESC LIMIT %s),
done AS (UPDATE store_case SET sort_at = sort_at WHERE id IN (SELECT id FROM taken) RETURNING id, brand_id)
INSERT INTO store_alert (brand_id, case_id, cause, does, role, at)
SELECT brand_id, id, 'plain ' || id, 'alert', 'supervisor', %s FROM done
"""
_DONE = """
SELECT count(*), count(DISTINCT case_id), (SELECT count(*) FROM store_case WHERE look_at <= %s)
FROM store_alert
"""


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """How long one sweep takes with so many due, and what four do of which two are killed."""
    with desk.fresh(cluster) as database:
        say(f"{scale.clocks:,} cases in which somebody waits …")
        importer.seconds(importer.content(list(_lines(scale.clocks))), StandIn(1.0), "Bench")
        now = clock.now()
        _run(_QUIET, [now + timedelta(days=1)])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE store_case")
        plain = _plain(scale.due, now)
        taken = [_alone(scale.due, now) for _ in range(scale.rounds)]
        return [_time(scale, plain, min(taken)), _killed(database, scale, now)]


def _lines(count: int) -> Iterator[bytes]:
    """A complaint each of so many people, of just now."""
    at = clock.now().isoformat()
    for number, post in enumerate(made.posts(count)):
        post |= {
            "author_id": f"a{number}",
            "author_handle": f"person{number}",
            "direction": "in",
            "created_at": at,
        }
        post.pop("in_reply_to", None)
        yield json.dumps(post).encode() + b"\n"


def _run(statement: str, values: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _plain(due: int, now: datetime) -> float:
    """The yardstick: as many cases written and alerts made by one statement that decides nothing."""
    begun = time.perf_counter()
    _run(_PLAIN, [due, now])
    taken = time.perf_counter() - begun
    _run("DELETE FROM store_alert", [])
    return taken


def _alone(due: int, now: datetime) -> float:
    _fall_due(due, now)
    gc.collect()
    begun = time.perf_counter()
    sweep(now)
    taken = time.perf_counter() - begun
    if (found := _done(now)) != (due, due, 0):
        raise RuntimeError(f"{due} were due; alerts, cases with one, still due: {found}")
    _run("DELETE FROM store_alert", [])
    return taken


def _fall_due(number: int, now: datetime) -> None:
    """So many that nothing was done for yet have waited for months."""
    _run(_DUE, [_LATE, _LATE, now - timedelta(seconds=1), number])


def _done(now: datetime) -> tuple[int, int, int]:
    """The alerts, the cases that have any, and what is still due."""
    with connection.cursor() as cursor:
        cursor.execute(_DONE, [now])
        alerts, cases, left = cursor.fetchone()
    return alerts, cases, left


def _time(scale: Scale, plain: float, taken: float) -> Result:
    return Result(
        f"sweep, {scale.due:,} due of {scale.clocks:,} clocks",
        taken,
        "s",
        f"{plain:.3f} s for one plain statement that writes as many cases and alerts; best of {scale.rounds}",
        taken / plain,
        f"< {MOST:g} s",
        taken < MOST,
    )


def _killed(database: str, scale: Scale, now: datetime) -> Result:
    """Rounds of four sweeping processes of which two are killed at a random moment."""
    chance = random.Random(5)
    wrong = cut = 0
    for number in range(scale.killings):
        _fall_due(scale.due, now)
        cut += _round(database, now, chance)
        alerts, cases, left = _done(now)
        wrong += abs(alerts - scale.due) + (scale.due - cases) + left
        _run("DELETE FROM store_alert", [])
        say(f"killing, round {number + 1}: {alerts} alerts in {cases} cases, {left} left")
    told = f"{scale.killings} rounds of {scale.due:,}; in {cut} of them the killed left work undone"
    return at_most("sweep, done twice or never while two of four are killed", wrong, "due things", 0, told)


def _round(database: str, now: datetime, chance: random.Random) -> bool:
    """Returns whether something was left to do when two were killed."""
    command = [sys.executable, "-m", "bench.sweeper", database, now.isoformat()]
    each = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(WORKERS)]
    try:
        for process in each:
            assert process.stdout is not None
            process.stdout.readline()
        for process in each:
            assert process.stdin is not None
            os.write(process.stdin.fileno(), b"go\n")
        time.sleep(chance.uniform(0, 0.4))
        for process in chance.sample(each, KILLED):
            process.kill()
        cut = _done(now)[2] > 0
        _wait(now)
        return cut
    finally:
        for process in each:
            process.kill()
            process.communicate()


def _wait(now: datetime) -> None:
    until = time.monotonic() + PATIENCE
    while _done(now)[2] and time.monotonic() < until:
        time.sleep(0.05)
