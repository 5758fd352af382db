"""How it ends, and what comes without it: a stop with many streams, and a database that tells nothing."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from tests.live.wire import listening
from tests.live.work import a_case
from tests.rig.desk import BRAND, Rig
from tests.rig.pooler import Pooler
from tests.rig.processes import Running

from amends.site import ports

PEOPLE = [f"Person{number}:agent" for number in range(4)]


@contextmanager
def another_web(place: Rig, **settings: str) -> Iterator[tuple[Rig, Running]]:
    """A second web process of the same desk, on a port of its own."""
    second = dataclasses.replace(place, port=ports.free(), environment={**place.environment, **settings})
    running = second.web()
    try:
        yield second, running
    finally:
        running.stop()


def test_a_stop_ends_all_streams_at_once_and_says_so(place: Rig) -> None:
    sessions = place.inside("people", BRAND, *PEOPLE).split()
    with another_web(place) as (second, running), ExitStack() as stack:
        streams = [stack.enter_context(listening(second, session)) for session in sessions for _ in range(10)]
        for stream in streams:
            stream.wait_for("hello")
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 3
        for stream in streams:
            assert stream.over.wait(5)
            assert stream.named("end")[-1].data == {"why": "stopping"}
        assert "Traceback" not in running.said()
        assert "refused to gracefully stop" not in running.said()


def test_behind_a_pooler_that_tells_nothing_changes_are_looked_for(working: Rig, ann: str) -> None:
    case = a_case(working, "pooled")
    server = Path(str(conninfo_to_dict(working.url)["host"]))
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        pooler = Pooler(Path(folder), server)
        url = f"postgresql://amends_app@/amends?host={folder}"
        with another_web(working, DATABASE_DIRECT_URL=url) as (second, running):
            with listening(second, ann) as stream:
                stream.wait_for("reload", lambda _: True, 20)
                stream.forget()
                assert working.api("POST", f"/cases/{case}/note", {"text": "x"}).status_code < 300
                stream.wait_for("reload", lambda _: True, 5)
            assert running.said().count("LISTEN lets nothing through") == 1
        assert pooler.swallowed
        pooler.close()
