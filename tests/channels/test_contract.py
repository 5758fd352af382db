"""The contract that every channel keeps, on every stage of `conftest.STAGES`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

import pytest

from amends.channels.drive import run
from amends.channels.errors import (
    Again,
    AuthExpired,
    ChannelError,
    Maybe,
    NotAllowedByPerson,
    ParentGone,
    RateLimited,
    Refused,
    Transient,
)
from amends.channels.fake_trouble import Trouble
from amends.channels.protocol import Event, Heard, Intent, Receipt, Seen, Standing
from amends.core.values import Direction, Visibility

if TYPE_CHECKING:
    from tests.channels.conftest import Stage

WENT_OUT_UNSEEN = (Trouble.DROP, Trouble.ERROR_AFTER, Trouble.SLOW)
NEVER_WENT_OUT_UNSURE = (Trouble.ERROR, Trouble.RESET)
NEVER_WENT_OUT = {Trouble.RATE: RateLimited, Trouble.EXPIRE: AuthExpired}


def all_of(stage: Stage, cursor: str = "") -> tuple[list[Seen], str]:
    """Every item from `cursor` on, as the pipeline reads them."""
    items: list[Seen] = []
    while True:
        page = run(stage.channel.poll(stage.connected, cursor), stage.wire)
        assert not page.unread
        items += page.items
        cursor = page.cursor
        if not page.more:
            return items, cursor


def news(stage: Stage, cursor: str, before: list[Seen]) -> list[Seen]:
    """What came after `cursor`, with the changes of what was there before: polled or looked for again."""
    items, _ = all_of(stage, cursor)
    if stage.channel.capabilities.tells_changes:
        return items
    known = [
        Standing(item.id, item.author_id, item.created_at, item.direction, item.visibility, item.edited_at)
        for item in before
    ]
    return [*items, *run(stage.channel.look_again(stage.connected, known), stage.wire)]


def reply(stage: Stage, parent: str | None, text: str = "We are on it, Anna.") -> Intent:
    who = (stage.customer(), stage.now(), frozenset[str](), stage.handle)
    key = str(uuid5(NAMESPACE_OID, f"{parent} {text}"))
    return Intent(key, text, parent, None, Visibility.PUBLIC, *who)


def message(stage: Stage, text: str = "Please tell us your booking.") -> Intent:
    who = (stage.customer(), stage.now(), frozenset[str](), stage.handle)
    return Intent("key-2", text, None, None, Visibility.PRIVATE, *who)


def test_a_token_says_whose_it_is(stage: Stage) -> None:
    own = run(stage.channel.own(stage.connected), stage.wire)
    assert (own.remote_id, own.handle) == (stage.connected.remote_id, stage.connected.handle)


def test_a_wrong_token_is_told_apart_from_a_hiccup(stage: Stage) -> None:
    wrong = replace(stage.connected, token="wrong-token")
    with pytest.raises(AuthExpired):
        run(stage.channel.own(wrong), stage.wire)


def test_pages_come_in_order_without_gaps_or_doubles(stage: Stage) -> None:
    said = [stage.customer_says(f"@brand post number {number}") for number in range(230)]
    items, cursor = all_of(stage)
    assert [item.id for item in items] == said
    assert [item.created_at for item in items] == sorted(item.created_at for item in items)
    assert all_of(stage, cursor) == ([], cursor)
    late = stage.customer_says("@brand and one more")
    assert [item.id for item in all_of(stage, cursor)[0]] == [late]


def test_polling_the_same_cursor_again_gives_the_same(stage: Stage) -> None:
    stage.customer_says("@brand once")
    assert all_of(stage) == all_of(stage)


def test_a_post_comes_whole(stage: Stage) -> None:
    first = stage.customer_says("@brand  my train — «never» came 😡")
    [seen] = all_of(stage)[0]
    assert (seen.id, seen.text, seen.author_handle) == (first, "@brand  my train — «never» came 😡", "anna")
    assert (seen.direction, seen.visibility, seen.deleted) == (Direction.IN, Visibility.PUBLIC, False)
    assert seen.created_at == stage.now()
    assert seen.url.startswith("http")
    assert first.encode() in seen.raw


def test_threads_keep_parent_and_conversation(stage: Stage) -> None:
    root = stage.customer_says("@brand where is my train?")
    run(stage.channel.send(stage.connected, reply(stage, root)), stage.wire)
    stage.customer_says("thanks for looking", re=root)
    items, _ = all_of(stage)
    assert [item.direction for item in items] == [Direction.IN, Direction.OUT, Direction.IN]
    assert [item.in_reply_to for item in items] == [None, root, root]
    assert len({item.conversation_id for item in items}) == 1


def test_an_edit_is_seen_with_its_new_words(stage: Stage) -> None:
    post = stage.customer_says("@brand 2 hours late")
    before, cursor = all_of(stage)
    stage.customer_edits(post, "@brand 3 hours late")
    [seen] = news(stage, cursor, before)
    assert (seen.id, seen.text, seen.edited_at) == (post, "@brand 3 hours late", stage.now())


def test_a_deletion_is_seen_and_its_words_are_gone(stage: Stage) -> None:
    post = stage.customer_says("@brand my number is 0123456")
    before, cursor = all_of(stage)
    stage.customer_deletes(post)
    [seen] = news(stage, cursor, before)
    assert (seen.id, seen.deleted, seen.text) == (post, True, "")
    again, _ = all_of(stage)
    assert all(item.deleted and b"0123456" not in item.raw for item in again)


def test_a_private_message_comes_as_private(stage: Stage) -> None:
    stage.customer_says("my booking is 77", private=True)
    [seen], _ = all_of(stage)
    assert (seen.visibility, seen.direction, seen.url) == (Visibility.PRIVATE, Direction.IN, "")


def test_a_reply_goes_out_once_and_comes_back_as_ours(stage: Stage) -> None:
    root = stage.customer_says("@brand where is my train?")
    sent = run(stage.channel.send(stage.connected, reply(stage, root)), stage.wire)
    assert stage.said_by_us() == ["We are on it, Anna."]
    ours = [item for item in all_of(stage)[0] if item.direction is Direction.OUT]
    assert [(item.id, item.url) for item in ours] == [(sent.remote_id, sent.url)]


@pytest.mark.parametrize("trouble", WENT_OUT_UNSEEN)
@pytest.mark.parametrize("private", [False, True])
def test_what_went_out_unseen_is_found_again(stage: Stage, trouble: Trouble, private: bool) -> None:
    root = stage.customer_says("@brand where is my train?")
    intent = message(stage) if private else reply(stage, root)
    stage.break_next_send(trouble)
    with pytest.raises(Maybe) as caught:
        run(stage.channel.send(stage.connected, intent), stage.wire)
    assert caught.value.again is Again.LOOK_FIRST
    found = run(stage.channel.read_back(stage.connected, intent), stage.wire)
    assert found is not None
    assert found.posted_at == stage.now()
    assert len(stage.said_by_us()) == 1


@pytest.mark.parametrize("trouble", NEVER_WENT_OUT_UNSURE)
@pytest.mark.parametrize("private", [False, True])
def test_what_never_went_out_is_not_found(stage: Stage, trouble: Trouble, private: bool) -> None:
    root = stage.customer_says("@brand where is my train?")
    intent = message(stage) if private else reply(stage, root)
    stage.break_next_send(trouble)
    with pytest.raises(Maybe):
        run(stage.channel.send(stage.connected, intent), stage.wire)
    assert run(stage.channel.read_back(stage.connected, intent), stage.wire) is None
    run(stage.channel.send(stage.connected, intent), stage.wire)
    assert len(stage.said_by_us()) == 1


@pytest.mark.parametrize(("trouble", "error"), NEVER_WENT_OUT.items())
def test_a_clear_no_is_no_maybe(stage: Stage, trouble: Trouble, error: type[ChannelError]) -> None:
    root = stage.customer_says("@brand where is my train?")
    stage.break_next_send(trouble)
    with pytest.raises(error):
        run(stage.channel.send(stage.connected, reply(stage, root)), stage.wire)
    assert stage.said_by_us() == []


def test_a_rate_limit_says_when(stage: Stage) -> None:
    stage.break_next_poll(Trouble.RATE)
    with pytest.raises(RateLimited) as caught:
        run(stage.channel.poll(stage.connected, ""), stage.wire)
    assert caught.value.retry_at == stage.now() + timedelta(seconds=2)


@pytest.mark.parametrize("trouble", [Trouble.DROP, Trouble.RESET, Trouble.ERROR, Trouble.SLOW])
def test_a_broken_poll_loses_nothing(stage: Stage, trouble: Trouble) -> None:
    post = stage.customer_says("@brand hello?")
    stage.break_next_poll(trouble)
    with pytest.raises(Transient):
        run(stage.channel.poll(stage.connected, ""), stage.wire)
    assert [item.id for item in all_of(stage)[0]] == [post]


def test_read_back_survives_what_the_network_does_to_a_text(stage: Stage) -> None:
    root = stage.customer_says("@brand hi")
    intent = reply(stage, root, "  Cafe\u0301 in coach 5 \n is open.  ")
    stage.break_next_send(Trouble.DROP)
    with pytest.raises(Maybe):
        run(stage.channel.send(stage.connected, intent), stage.wire)
    assert run(stage.channel.read_back(stage.connected, intent), stage.wire) is not None


def test_read_back_is_not_fooled_by_what_looks_alike(stage: Stage) -> None:
    root, other = stage.customer_says("@brand hi"), stage.customer_says("@brand ho")
    for parent in (root, other):
        run(stage.channel.send(stage.connected, reply(stage, parent)), stage.wire)
    stage.customer_says("We are on it, Anna.", re=root)
    stage.pass_time(60)
    later = reply(stage, root)
    assert run(stage.channel.read_back(stage.connected, later), stage.wire) is None


def test_read_back_looks_through_every_page(stage: Stage) -> None:
    root = stage.customer_says("@brand hi")
    for number in range(130):
        stage.customer_says(f"me too, number {number}", re=root)
    intent = reply(stage, root)
    run(stage.channel.send(stage.connected, intent), stage.wire)
    assert run(stage.channel.read_back(stage.connected, intent), stage.wire) is not None


def test_a_person_who_blocked_us_is_left_alone(stage: Stage) -> None:
    root = stage.customer_says("@brand leave me alone")
    stage.customer_blocks_us()
    for intent in (reply(stage, root), message(stage)):
        with pytest.raises(NotAllowedByPerson):
            run(stage.channel.send(stage.connected, intent), stage.wire)
    assert stage.said_by_us() == []


def test_an_answer_to_a_post_that_is_gone_is_refused(stage: Stage) -> None:
    root = stage.customer_says("@brand wrong brand, sorry")
    stage.customer_deletes(root)
    with pytest.raises(ParentGone):
        run(stage.channel.send(stage.connected, reply(stage, root)), stage.wire)


def test_the_limit_is_the_networks(stage: Stage) -> None:
    root = stage.customer_says("@brand hi")
    settings = stage.connected.settings
    limit = stage.channel.limits(settings).text
    family = "👨‍👩‍👧‍👦"
    fits = family * (limit + 1 - stage.channel.length(family, stage.handle, settings))
    assert stage.channel.length(fits, stage.handle, settings) == limit
    run(stage.channel.send(stage.connected, reply(stage, root, fits)), stage.wire)
    with pytest.raises(Refused):
        run(stage.channel.send(stage.connected, reply(stage, root, fits + family)), stage.wire)
    assert len(stage.said_by_us()) == 1


def test_what_a_server_says_of_itself_can_be_remembered(stage: Stage) -> None:
    told = run(stage.channel.about(stage.connected), stage.wire)
    assert all(isinstance(part, str) for pair in told.items() for part in pair)
    assert stage.channel.limits(told).text > 0
    assert stage.channel.limits({}).private_text > 0


def test_a_stream_is_offered_where_the_network_is_said_to_have_one(stage: Stage) -> None:
    has_stream = Receipt.STREAM in stage.channel.capabilities.receipts
    assert (stage.channel.stream(stage.connected) is not None) is has_stream
    assert stage.channel.hear(stage.connected, Event("unheard of", "{}")) == Heard()
    assert run(stage.channel.look_again(stage.connected, []), stage.wire) == ()


def test_the_token_is_never_shown(stage: Stage) -> None:
    token = stage.connected.token
    request = next(stage.channel.poll(stage.connected, ""))
    assert token not in repr(stage.connected) + repr(request) + request.url
