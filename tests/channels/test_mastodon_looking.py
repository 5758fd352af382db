"""Posts looked at again, conversations read around, and servers that are a little different."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.channels.mastodon_shapes import NETWORK, NOW, STATUS, US, answering, notification, only, status

from amends.channels.drive import run
from amends.channels.errors import AuthExpired, Transient
from amends.channels.mastodon import AT_ONCE, connected_by
from amends.channels.protocol import Intent, Page, Request, Response, Seen, Standing
from amends.core.values import Direction, Visibility

if TYPE_CHECKING:
    from tests.channels.conftest import MastodonStage

OLD = replace(US, settings={"domain": "old.example"})
SNAC = replace(US, settings={"domain": "snac.example", "ids": "dated", "languages": "untold"})
GONE = Response(404, {}, b'{"error":"Record not found"}', NOW)


def standing(remote_id: str = STATUS["id"], **more: Any) -> Standing:
    return replace(Standing(remote_id, "971724", NOW, Direction.IN, Visibility.PUBLIC), **more)


def looked(*posts: Standing, us: Any = US, **said: Any) -> tuple[Seen, ...]:
    me = {"v1_accounts_verify_credentials": {"id": "1", "acct": "brand"}}
    return run(NETWORK.look_again(us, posts), answering(**{**me, **said}))


def test_what_stands_as_it_was_is_no_news() -> None:
    assert looked(standing(), v1_statuses=[status()]) == ()
    assert looked(standing(edited_at=NOW), v1_statuses=[status(edited_at="2026-03-02T09:00:00Z")]) == ()


def test_an_edit_is_told_with_its_words() -> None:
    [seen] = looked(standing(), v1_statuses=[status(edited_at="2026-03-02T09:01:00Z", content="<p>new</p>")])
    assert (seen.edited_at, seen.text) == (NOW + timedelta(minutes=1), "rant\n\nnew")


def test_what_a_list_leaves_out_is_asked_for_by_itself() -> None:
    alone = {f"v1_statuses_{STATUS['id']}": status()}
    assert looked(standing(), v1_statuses=[], **alone) == ()
    [seen] = looked(standing(), v1_statuses=[], **{f"v1_statuses_{STATUS['id']}": GONE})
    assert (seen.id, seen.deleted, seen.text, seen.author_id) == (STATUS["id"], True, "", "971724")


def test_what_cannot_be_read_is_there_all_the_same() -> None:
    alone = {f"v1_statuses_{STATUS['id']}": ["no status"]}
    assert looked(standing(), v1_statuses=["odd", 7], **alone) == ()
    odd = status(edited_at="2026-03-02T09:01:00Z", account="nobody")
    assert looked(standing(), v1_statuses=[odd]) == ()
    assert looked(standing(), v1_statuses=[status(edited_at="yesterday")]) == ()


def test_a_server_that_cannot_say_who_we_are_has_deleted_nothing() -> None:
    gone = {f"v1_statuses_{STATUS['id']}": GONE}
    with pytest.raises(AuthExpired):
        looked(standing(), v1_accounts_verify_credentials=Response(422, {}, b"{}", NOW), **gone)
    with pytest.raises(Transient):
        looked(standing(), v1_accounts_verify_credentials=Response(503, {}, b"{}", NOW), **gone)


def test_where_nobody_says_who_blocks_whom_gone_is_gone() -> None:
    gone = {f"v1_statuses_{STATUS['id']}": GONE, "v1_accounts_relationships": GONE}
    [seen] = looked(standing(), **gone)
    assert seen.deleted


def test_an_older_server_is_asked_for_a_few_one_by_one() -> None:
    asked: list[str] = []

    def wire(request: Request) -> Response:
        asked.append(request.url)
        return Response(200, {}, json.dumps(status()).encode(), NOW)

    posts = [standing(str(number)) for number in range(50)]
    assert run(NETWORK.look_again(OLD, posts), wire) == ()
    assert len(asked) == AT_ONCE


def test_ids_that_begin_with_a_date_keep_their_other_part() -> None:
    number = "a3064b1acee9a7c1265a8fea3cdc05bf"
    before, after = f"1795379614{number}", f"1795379999{number}"
    told = status(id=before, in_reply_to_id=f"1795370000{number}", language="en")
    seen = only(run(NETWORK.poll(SNAC, ""), answering(v1_notifications=[notification(told)])))
    assert (seen.id, seen.in_reply_to, seen.lang) == (f"0000000000{number}", f"0000000000{number}", "")
    edited = status(id=after, edited_at="2026-03-02T09:01:00Z")
    [again] = looked(standing(seen.id), us=SNAC, **{f"v1_statuses_{seen.id}": edited})
    assert again.id == seen.id


def test_the_server_that_writes_such_ids_is_known_by_its_version() -> None:
    said = {"uri": "s.example", "version": "4.0.0 (not true; really snac/2.75)"}
    told = run(NETWORK.about(US), answering(v2_instance=GONE, v1_instance=said))
    assert (told["ids"], told["languages"]) == ("dated", "untold")


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ("wss://stream.example", "https://stream.example"),
        ("ws://stream.example:4000", "http://stream.example:4000"),
        ("https://stream.example", "https://stream.example"),
        ("WSS://stream.example", "https://stream.example"),
        ("stream.example", "https://stream.example"),
    ],
)
def test_where_a_stream_is_opened(told: str, opened: str) -> None:
    assert connected_by(told) == opened


def test_a_handle_that_is_whole_already_is_left_alone() -> None:
    account = {"id": "1", "acct": "brand@elsewhere.example"}
    own = run(NETWORK.own(US), answering(v1_accounts_verify_credentials=account))
    assert own.handle == "brand@elsewhere.example"


# --- conversations that the notifications were silent of ---------------------------------------------


def message(number: str, **more: Any) -> dict[str, Any]:
    return status(id=number, visibility="direct", in_reply_to_id=None, **more)


def conversation(last: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": "c1", "unread": True, "accounts": [], "last_status": last}


CURSOR = json.dumps(
    {name: {"after": "100", "before": "", "top": ""} for name in ("mentions", "messages", "ours")}
)


def read(**said: Any) -> Page:
    return run(NETWORK.poll(US, CURSOR), answering(**said))


def test_messages_before_the_last_one_are_read_around_it() -> None:
    context = {
        "ancestors": [message("099"), message("101"), status(id="102")],
        "descendants": [message("104"), 7],
    }
    page = read(v1_conversations=[conversation(message("103"))], v1_statuses_103_context=context)
    assert [item.id for item in page.items] == ["101", "103", "104"]
    assert len(page.unread) == 1


def test_a_conversation_whose_context_is_gone_has_its_last_message() -> None:
    page = read(v1_conversations=[conversation(message("103"))], v1_statuses_103_context=GONE)
    assert [item.id for item in page.items] == ["103"]


def test_a_message_that_a_notification_told_of_needs_no_second_look() -> None:
    last = message("103")
    page = read(v1_notifications=[notification(last)], v1_conversations=[conversation(last)])
    assert [item.id for item in page.items] == ["103"]


def test_a_conversation_without_a_message_is_nothing() -> None:
    page = read(v1_conversations=[conversation(None), "odd"])
    assert (page.items, len(page.unread)) == ((), 1)


# --- sending and finding, where servers differ --------------------------------------------------------


def test_something_said_to_nobody_is_said_to_all(mastodon_stage: MastodonStage) -> None:
    stage = mastodon_stage
    plain = Intent("k1", "We are open again.", None, None, Visibility.PUBLIC, None, stage.now())
    sent = run(NETWORK.send(stage.connected, plain), stage.wire)
    assert stage.said_by_us() == ["We are open again."]
    assert run(NETWORK.read_back(stage.connected, plain), stage.wire) == sent


def test_an_answer_is_found_behind_many_others(mastodon_stage: MastodonStage) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    who = (stage.customer(), stage.now(), frozenset[str](), "anna")
    asked = Intent("k2", "On it.", root, None, Visibility.PUBLIC, *who)
    sent = run(NETWORK.send(stage.connected, asked), stage.wire)
    for number in range(95):
        other = replace(asked, key=f"k{number + 10}", text=f"And more, number {number}.")
        run(NETWORK.send(stage.connected, other), stage.wire)
    assert run(NETWORK.read_back(stage.connected, asked), stage.wire) == sent


def test_where_a_thread_cannot_be_read_our_own_posts_have_the_last_word(
    mastodon_stage: MastodonStage,
) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    who = (stage.customer(), stage.now(), frozenset[str](), "anna")
    asked = Intent("k2", "On it.", root, None, Visibility.PUBLIC, *who)
    stage.double.absent = {f"/api/v1/statuses/{root}/context"}
    assert run(NETWORK.read_back(stage.connected, asked), stage.wire) is None


def test_without_the_typed_words_what_is_shown_decides(mastodon_stage: MastodonStage) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    who = (stage.customer(), stage.now(), frozenset[str](), "anna")
    asked = Intent("k2", "On it!", root, None, Visibility.PUBLIC, *who)
    sent = run(NETWORK.send(stage.connected, asked), stage.wire)
    stage.double.absent = {f"/api/v1/statuses/{sent.remote_id}/source"}
    assert run(NETWORK.read_back(stage.connected, replace(asked, text="On it?")), stage.wire) == sent
