"""Streams and their bounds, without a server: what is sent, what gives way, who goes for whom."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from amends.site.live import hub, messages
from amends.site.live.desk import MOST_NAMED, Pending
from amends.site.live.hub import Full, Hub, Stream
from amends.store import live
from amends.store.live import Listener, Notice

ANN, BEN = Listener(1, frozenset({7}), session="a"), Listener(2, frozenset({7, 8}), session="b")


def waiting(stream: Stream) -> list[bytes]:
    return [stream.queue.get_nowait() for _ in range(stream.queue.qsize())]


def test_a_brand_is_told_to_those_who_listen_to_it() -> None:
    found = Hub()
    ann, ben = found.open(ANN), found.open(BEN)
    found.tell(8, b"eight")
    found.tell(7, b"seven")
    assert (waiting(ann), waiting(ben)) == ([b"seven"], [b"eight", b"seven"])
    found.close(ann)
    found.close(ann)
    found.tell(7, b"later")
    assert waiting(ann) == []
    assert set(found.brands) == {7, 8}
    found.close(ben)
    assert not found.brands


def test_what_cannot_be_taken_in_time_becomes_one_reload() -> None:
    stream = Hub().open(ANN)
    for number in range(hub.QUEUED + 1):
        stream.put(b"%d" % number)
    assert waiting(stream) == [messages.RELOAD]


def test_nothing_comes_behind_the_end() -> None:
    stream = Hub().open(ANN)
    stream.put(b"before")
    stream.end("stopping")
    stream.put(b"after")
    stream.end("again")
    assert waiting(stream) == [messages.end("stopping")]


def test_the_oldest_of_one_who_has_too_many_ends() -> None:
    found = Hub()
    mine = [found.open(ANN) for _ in range(hub.MOST_EACH + 1)]
    found.open(BEN)
    assert waiting(mine[0]) == [messages.end("too many")]
    assert len(found.streams) == hub.MOST_EACH + 1
    assert waiting(mine[1]) == []


def test_a_process_has_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST", 1)
    found = Hub()
    found.open(ANN)
    with pytest.raises(Full):
        found.open(BEN)


def test_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PATIENCE", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(_: Any) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        stream = Hub().open(ANN)
        stream.put(b"x")
        await asyncio.wait_for(stream.flow(receive, send), 2)
        assert stream.ends

    asyncio.run(run())


def told_in(message: bytes) -> dict[str, object]:
    name, data = message.decode().strip().split("\n")
    assert name == "event: changed"
    told: dict[str, object] = json.loads(data.removeprefix("data: "))
    return told


def test_much_is_told_as_many() -> None:
    pending = Pending()
    pending.add(Notice(7, (3, 1), (9,)))
    pending.add(Notice(7, (2,)))
    told = told_in(pending.message(7))
    mark = told.pop("mark")
    assert told == {"brand": 7, "cases": [1, 2, 3], "conversations": [9]}
    pending.add(Notice(7, tuple(range(MOST_NAMED))))
    told = told_in(pending.message(7))
    assert told.pop("mark") != mark
    assert told == {"brand": 7, "cases": None, "conversations": None}
    pending.add(Notice(7, (2,)))
    assert b'"cases":null' in pending.message(7)


@pytest.mark.parametrize(
    "payload", ["", "x", "[]", "1", '{"b":"x"}', '{"c":[null]}', '{"v":3}', "null", '{"c":{}}']
)
def test_what_somebody_else_says_on_our_channel_is_nothing_or_harmless(payload: str) -> None:
    assert live.heard(payload) in (None, Notice())
