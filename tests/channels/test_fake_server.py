"""The fake network as a process: it answers, breaks on order, stops cleanly and remembers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from amends.channels.drive import Http, run
from amends.channels.errors import Maybe, Transient
from amends.channels.fake import Fake
from amends.channels.fake_deeds import Saying
from amends.channels.fake_journal import Journal, JournalError
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_state import State
from amends.channels.protocol import Connected, Intent
from amends.core.values import Visibility

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROGRAM = (
    "import sys; from datetime import UTC, datetime; from amends.channels import fake_server;"
    "sys.exit(fake_server.main(sys.argv[1:], now=lambda: datetime.now(UTC)))"
)


@contextmanager
def running(folder: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The network as a process of its own; stopped at the end if the test did not."""
    command = [sys.executable, "-c", PROGRAM, "--state", str(folder), *more]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "AMENDS_FAKE_TOKEN": "token"}
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("fake network ready on http://127.0.0.1:")
        try:
            yield line.split()[-1], process
        finally:
            process.terminate()
            process.wait(5)


def told(url: str, path: str, /, **body: object) -> dict[str, object]:
    answer = httpx2.post(f"{url}{path}", json=body, headers={"authorization": "Bearer token"})
    assert answer.status_code == 201
    result: dict[str, object] = answer.json()
    return result


def test_a_day_at_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as (url, process):
        post = str(told(url, "/control/posts", handle="anna", name="Anna", text="@brand hello?")["id"])
        connected = Connected(url, "brand", "u1", "token")
        place = url.removeprefix("http://")
        intent = Intent("k", "We are here.", post, None, Visibility.PUBLIC, None, datetime.now(UTC))  # noqa: TID251
        with Http(allow_hosts=frozenset({place}), now=lambda: NOW) as http:
            for trouble in ("drop", "error_after", "reset"):
                told(url, "/control/faults", trouble=trouble, method="POST", path="/api/posts")
                with pytest.raises(Maybe):
                    run(Fake().send(connected, intent), http)
            found = run(Fake().read_back(connected, intent), http)
            assert found is not None
            told(url, "/control/faults", trouble="reset", path="/api/timeline", count=2)
            with pytest.raises(Transient):  # a kept connection that breaks is one free try for a reader
                run(Fake().poll(connected, ""), http)
            items = run(Fake().poll(connected, ""), http).items
        assert [item.text for item in items] == ["@brand hello?", "We are here.", "We are here."]
        page = httpx2.get(found.url)
        assert "We are here." in page.text
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - began < 2


def test_what_was_said_outlives_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as (url, process):
        told(url, "/control/posts", handle="anna", text="@brand first")
        process.kill()
        process.wait(5)
    with running(tmp_path) as (url, _):
        told(url, "/control/posts", handle="anna", text="@brand second")
        timeline = httpx2.get(f"{url}/api/timeline", headers={"authorization": "Bearer token"}).json()
    assert [event["seq"] for event in timeline["events"]] == [1, 2]
    assert [event["post"]["id"] for event in timeline["events"]] == ["100001", "100002"]
    assert "token" not in (tmp_path / "journal.jsonl").read_text()


def test_no_start_without_a_token_or_on_a_journal_in_use(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "--state", str(tmp_path)]
    bare = {name: value for name, value in os.environ.items() if name != "AMENDS_FAKE_TOKEN"}
    without = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=10)
    assert (without.returncode, "AMENDS_FAKE_TOKEN" in without.stderr) == (2, True)
    with running(tmp_path):
        env = {**os.environ, "AMENDS_FAKE_TOKEN": "token"}
        second = subprocess.run(command, env=env, capture_output=True, text=True, timeout=10)
    assert (second.returncode, "in use" in second.stderr) == (1, True)


def test_it_stops_with_its_parent(tmp_path: Path) -> None:
    outer = (
        "import subprocess, sys; child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True);"
        "print(child.stdout.readline().split()[-1], flush=True)"
    )
    command = [
        sys.executable,
        "-c",
        outer,
        sys.executable,
        "-c",
        PROGRAM,
        "--with-parent",
        "--state",
        str(tmp_path),
    ]
    env = {**os.environ, "AMENDS_FAKE_TOKEN": "token"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=10)
    url = done.stdout.strip()
    assert url.startswith("http://127.0.0.1:")
    deadline = time.monotonic() + 5
    while answers(url):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def filled(folder: Path) -> tuple[State, list[str]]:
    """A journal with one of everything, and its lines."""
    journal = Journal(folder)
    network = FakeNetwork(lambda: NOW, state=journal.replay(), record=journal.record)
    anna, brand = network.join("anna", "Anna"), network.join("brand", "B", messages=False)
    root = network.say(Saying(anna.id, "@brand café 😡 \ud800", lang="fr", beat="b1"))
    reply = network.say(Saying(brand.id, "Sorry!", root.id))
    network.say(Saying(brand.id, "Hello", None, anna.id, Visibility.PRIVATE))
    network.edit(anna.id, root.id, "@brand edited")
    network.delete(brand.id, reply.id)
    network.block(anna.id, brand.id)
    journal.close()
    return network.state, (folder / "journal.jsonl").read_text().splitlines(keepends=True)


def same(one: State, other: State) -> bool:
    return (one.posts, one.accounts, one.blocks, one.seq, one.beats) == (
        other.posts, other.accounts, other.blocks, other.seq, other.beats,
    ) and all(one.timeline(each, 0, 99) == other.timeline(each, 0, 99) for each in one.accounts)  # fmt: skip


def test_the_journal_is_the_whole_network(tmp_path: Path) -> None:
    state, lines = filled(tmp_path)
    assert len(lines) == 8
    journal = Journal(tmp_path)
    assert same(state, journal.replay())
    journal.close()


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, cut: int) -> None:
    _, lines = filled(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    journal = Journal(tmp_path)
    replayed = journal.replay()
    assert not replayed.blocks
    FakeNetwork(lambda: NOW, state=replayed, record=journal.record).join("carl", "Carl")
    journal.close()
    again = path.read_text().splitlines()
    assert [json.loads(line)["entry"] for line in again][-2:] == ["deletion", "account"]
    assert again[:-1] == [line.rstrip("\n") for line in lines[:-1]]


@pytest.mark.parametrize(
    "line", ["{}", "nonsense", '{"entry": "edit", "post_id": "no", "text": "x", "at": "y"}', "[]"]
)
def test_a_damaged_journal_is_refused_untouched(tmp_path: Path, line: str) -> None:
    _, lines = filled(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_text("".join([lines[0], line + "\n", *lines[1:]]))
    before = path.read_bytes()
    journal = Journal(tmp_path)
    with pytest.raises(JournalError, match="line 2"):
        journal.replay()
    journal.close()
    assert path.read_bytes() == before
