"""The doors of the fake network: what our account may do, what the control room may do, what pages show."""

from __future__ import annotations

import json
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amends.channels.drive import run
from amends.channels.errors import Unreadable
from amends.channels.fake_deeds import Denied, Saying
from amends.channels.fake_journal import Journal
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_state import as_json, from_json
from amends.channels.protocol import Channel, Intent, Json, Request
from amends.channels.registry import CHANNELS, driver
from amends.core.values import Visibility

if TYPE_CHECKING:
    from tests.channels.conftest import FakeStage

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def asked(stage: FakeStage, method: str, path: str, **body: Json) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {stage.connected.token}"}
    request = Request(method, f"http://x{path}", headers=headers, json=dict(body) if body else None)
    response = stage.network.handle(request)
    return response.status, response.body.decode()


def told(stage: FakeStage, method: str, path: str, **body: Json) -> dict[str, str]:
    status, text = asked(stage, method, path, **body)
    assert status in (200, 201)
    found: dict[str, str] = json.loads(text)
    return found


def test_our_own_posts_can_be_edited_and_deleted_and_no_others(fake_stage: FakeStage) -> None:
    ours = told(fake_stage, "POST", "/api/posts", text="first wrods")["id"]
    theirs = fake_stage.customer_says("@brand hi")
    assert told(fake_stage, "PATCH", f"/api/posts/{ours}", text="first words")["text"] == "first words"
    assert told(fake_stage, "GET", f"/api/posts/{ours}")["text"] == "first words"
    assert asked(fake_stage, "PATCH", f"/api/posts/{theirs}", text="x")[0] == 403
    assert asked(fake_stage, "DELETE", f"/api/posts/{theirs}")[0] == 403
    assert told(fake_stage, "DELETE", f"/api/posts/{ours}") == {"deleted": ours}
    assert asked(fake_stage, "DELETE", f"/api/posts/{ours}")[0] == 404
    assert told(fake_stage, "GET", "/api/me")["handle"] == "brand"


def test_who_writes_by_a_wrong_clock_is_told_with_when_the_network_heard_them(fake_stage: FakeStage) -> None:
    told(fake_stage, "POST", "/control/clocks", handle="anna", seconds=-18000)
    shown = told(fake_stage, "GET", f"/api/posts/{fake_stage.customer_says('@brand hello?')}")
    heard = fake_stage.now()
    assert (shown["created_at"], shown["noticed_at"]) == (
        (heard - timedelta(hours=5)).isoformat(),
        heard.isoformat(),
    )
    told(fake_stage, "POST", "/control/clocks", handle="anna", seconds=0)
    right = told(fake_stage, "GET", f"/api/posts/{fake_stage.customer_says('@brand and now?')}")
    assert right["created_at"] == fake_stage.now().isoformat()
    assert not right["noticed_at"]
    for seconds in (10**9, "soon"):
        assert asked(fake_stage, "POST", "/control/clocks", handle="anna", seconds=seconds)[0] == 400
    polled = run(fake_stage.channel.poll(fake_stage.connected, ""), fake_stage.wire).items
    assert [seen.noticed_at for seen in polled] == [heard, None]
    late = next(post for post in fake_stage.network.state.posts.values() if post.noticed_at)
    assert from_json(as_json(late)) == late


def test_a_block_keeps_somebody_out_until_it_is_undone(fake_stage: FakeStage) -> None:
    ours = told(fake_stage, "POST", "/api/posts", text="good morning")["id"]
    anna = fake_stage.customer()
    told(fake_stage, "POST", "/api/blocks", account=anna)
    with pytest.raises(Denied, match="blocked"):
        fake_stage.customer_says("rude", re=ours)
    told(fake_stage, "DELETE", f"/api/blocks/{anna}")
    fake_stage.customer_says("sorry", re=ours)
    assert asked(fake_stage, "POST", "/api/blocks", account="nobody")[0] == 404


def test_who_takes_no_messages_gets_none_until_they_write(fake_stage: FakeStage) -> None:
    shy = fake_stage.network.join("shy", "Shy", messages=False)
    assert asked(fake_stage, "POST", "/api/messages", text="hello", recipient=shy.id)[0] == 403
    brand = fake_stage.connected.remote_id
    fake_stage.network.say(Saying(shy.id, "may I ask?", None, brand, Visibility.PRIVATE))
    assert asked(fake_stage, "POST", "/api/messages", text="of course", recipient=shy.id)[0] == 201
    assert asked(fake_stage, "POST", "/api/messages", text="hello", recipient=brand)[0] == 404


def test_the_control_room_speaks_as_anybody(fake_stage: FakeStage) -> None:
    first = told(fake_stage, "POST", "/control/posts", handle="new_one", text="@brand hm", lang="de")["id"]
    told(fake_stage, "POST", "/control/posts", handle="new_one", text="psst", to="brand")
    told(fake_stage, "PATCH", f"/control/posts/{first}", text="@brand hmm")
    told(fake_stage, "POST", "/control/blocks", by="new_one", whom="brand")
    assert asked(fake_stage, "POST", "/api/posts", text="hi", in_reply_to=first)[0] == 403
    told(fake_stage, "DELETE", f"/control/posts/{first}")
    state = json.loads(asked(fake_stage, "GET", "/control/state")[1])
    assert state == {"accounts": 3, "posts": 2, "standing": 1, "events": 4}
    assert asked(fake_stage, "POST", "/control/posts", handle="a", text="b", to="nobody")[0] == 404
    assert asked(fake_stage, "POST", "/control/faults", trouble="earthquake")[0] == 422
    assert asked(fake_stage, "POST", "/control/faults", trouble="drop", count=-1)[0] == 400
    assert asked(fake_stage, "PATCH", "/control/posts/none", text="b")[0] == 404


def test_a_door_says_what_it_allows(fake_stage: FakeStage) -> None:
    assert asked(fake_stage, "PUT", "/api/posts")[0] == 405
    assert asked(fake_stage, "GET", "/api/nothing")[0] == 404
    assert asked(fake_stage, "GET", "/api/timeline?after=999")[0] == 400
    assert asked(fake_stage, "GET", "/api/timeline?limit=x")[0] == 400


def test_pages_show_the_thread_and_forget_what_was_deleted(fake_stage: FakeStage) -> None:
    root = fake_stage.customer_says("@brand where is it?")
    gone = fake_stage.customer_says("never mind", re=root)
    fake_stage.customer_edits(root, "@brand where is my parcel?")
    fake_stage.customer_deletes(gone)
    for path in (f"/posts/{root}", "/@Anna", "/"):
        status, page = asked(fake_stage, "GET", path)
        assert (status, "my parcel?" in page, "(edited)" in page, "never mind" in page) == (
            200,
            True,
            True,
            False,
        )
    assert asked(fake_stage, "GET", "/style.css")[0] == 200
    for path in (f"/posts/{gone}", "/posts/none", "/@nobody", "/elsewhere"):
        assert asked(fake_stage, "GET", path)[0] == 404


def test_a_post_of_our_own_accord_is_read_back_too(fake_stage: FakeStage) -> None:
    channel, connected, wire = fake_stage.channel, fake_stage.connected, fake_stage.wire
    intent = Intent("k", "Good morning, all.", None, None, Visibility.PUBLIC, None, fake_stage.now())
    assert run(channel.read_back(connected, intent), wire) is None
    sent = run(channel.send(connected, intent), wire)
    assert run(channel.read_back(connected, intent), wire) == sent
    fake_stage.pass_time(3600)
    late = Intent("k2", intent.text, None, None, Visibility.PUBLIC, None, fake_stage.now())
    assert run(channel.read_back(connected, late), wire) is None


def test_the_list_of_channels() -> None:
    fake: Channel = CHANNELS["fake"]
    assert all(name == channel.name for name, channel in CHANNELS.items())
    assert driver("fake") is fake
    assert driver("some_forum_nobody_drives") is None
    assert fake.capabilities.erase_within <= timedelta(hours=24)


def test_an_entry_of_unknown_kind_is_refused() -> None:
    with pytest.raises(Unreadable, match="unknown kind"):
        from_json({"entry": "earthquake"})


def test_a_full_disk_leaves_the_journal_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    network = FakeNetwork(lambda: NOW, state=journal.replay(), record=journal.record)
    anna = network.join("anna", "Anna")
    before = (tmp_path / "journal.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
    try:
        with pytest.raises(OSError, match=r".+"):
            network.say(Saying(anna.id, "too long for what is left of the disk"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "journal.jsonl").read_bytes() == before
    assert not network.state.posts
    network.say(Saying(anna.id, "there is room again"))
    assert len(journal.replay().posts) == 1
    journal.close()
