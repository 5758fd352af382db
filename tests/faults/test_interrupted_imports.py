"""Imports of one file at the same time, cut off in the middle: every post is there, once."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.rig.desk import Rig
from tests.rig.processes import until

POSTS = 6000


def written(path: Path) -> None:
    """Posts, answers before and after what they answer, and some lines twice."""
    rng = random.Random(7)
    lines = []
    for number in range(POSTS):
        line = {
            "id": str(number),
            "channel": "made",
            "author_id": f"a{rng.randrange(POSTS // 5)}",
            "text": f"@brand my parcel {number} is lost" if number % 3 == 0 else f"Hello number {number}",
            "created_at": f"2026-03-0{1 + number % 9}T10:00:{number % 60:02d}Z",
        }
        if number % 4 == 1:
            line["in_reply_to"] = str(rng.randrange(POSTS))
        lines.append(json.dumps(line))
    lines += rng.sample(lines, POSTS // 20)
    path.write_text("\n".join(lines) + "\n")


def test_two_at_once_and_one_killed_double_and_lose_nothing(place: Rig, tmp_path: Path) -> None:
    file = tmp_path / "made.jsonl"
    written(file)
    command = ("import", "--brand", "The Brand", str(file))
    worker = place.start("worker")
    one, other = place.start(*command), place.start(*command)
    until(lambda: place.one("SELECT count(*) FROM store_raw") > POSTS // 10, 60, "something is received")
    other.kill()
    until(lambda: not one.alive, 180, "the other import is done", one.said)
    assert one.process.returncode == 0, one.said()
    again = place.amends(*command)
    assert "Traceback" not in place.processes.said() + again.stderr
    until(lambda: not _waiting(place), 60, "everything is taken in")
    told = json.loads(place.amends("stats", "--json").stdout)
    assert told["total"]["posts"] == POSTS
    assert place.one("SELECT count(DISTINCT remote_id) FROM store_post") == POSTS
    assert place.one("SELECT count(*) FROM store_raw") == POSTS
    assert place.one("SELECT count(*) FROM store_post WHERE read_at IS NULL") == 0
    lost = "SELECT count(*) FROM store_post WHERE wants_answer AND case_id IS NULL"
    assert place.one(lost) == 0
    assert told["total"]["cases"] > 0
    assert place.inside("recount") == ""
    place.amends("verify-history")
    assert worker.alive


def _waiting(place: Rig) -> int:
    count: int = place.one("SELECT count(*) FROM store_waiting")
    return count
