"""The same on a small server of many: no streams, no keys, no deletes, and ids that change with edits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx2
import pytest
from tests.peers.desk import Watched, watched
from tests.peers.mastodons import Server
from tests.peers.people import Person
from tests.rig.processes import until

from amends import clock
from amends.channels.drive import Http, run
from amends.channels.mastodon import Mastodon
from amends.channels.protocol import Connected, Seen, Standing
from amends.core.values import Direction, Visibility

COMPLAINT = "my parcel is lost and nobody answers me for weeks! This is a disgrace."
ANSWER = "We are sorry about this. We are looking for your parcel now and tell you today."


@pytest.fixture(scope="module")
def desk(small: Server) -> Iterator[Watched]:
    with watched(small) as made:
        yield made


def same(one: str, other: str) -> bool:
    """Ids begin with the time of the last change there; the rest is what names a status."""
    return one[10:] == other[10:]


def test_a_strangers_mention_is_answered_under_it(desk: Watched) -> None:
    anna = desk.server.stranger()
    posted = anna.says(f"@{desk.brand.handle} {COMPLAINT} ref one")
    case = desk.case(anna)
    assert [same(post["remote_id"], posted) for post in case["posts"]] == [True]
    assert (desk.posts("ref one")[0][0], case["posts"][0]["lang"]) == ("poll", "en")
    desk.sent(desk.answer(case, ANSWER))
    [under] = until(lambda: anna.answers_to(posted), 60, "it stands under the post")
    assert same(under["in_reply_to_id"], posted)
    assert ANSWER in under["content"]
    [told] = until(anna.mentions, 60, "the person is told")
    assert same(told["id"], under["id"])
    again = anna.says(f"@{desk.brand.handle} thank you, and when? ref two", re=under["id"])
    until(lambda: len(desk.case(anna)["posts"]) == 3, 60, "what they say to that joins the case")
    assert same(desk.case(anna)["posts"][-1]["remote_id"], again)


def test_direct_messages_go_both_ways(desk: Watched) -> None:
    bert = desk.server.stranger()
    posted = bert.says(f"@{desk.brand.handle} {COMPLAINT} my number is 4711", visibility="direct")
    case = desk.case(bert)
    assert [post["visibility"] for post in case["posts"]] == ["private"]
    send = desk.answer(case, "Thank you. We have found it under that number.")
    desk.sent(send)
    [told] = until(bert.mentions, 60, "the person is told")
    assert same(told["in_reply_to_id"], posted)
    assert told["visibility"] in ("direct", "private")


def test_a_sending_cut_in_the_middle_is_found_again(desk: Watched) -> None:
    cleo = desk.server.stranger()
    posted = cleo.says(f"@{desk.brand.handle} {COMPLAINT} ref three")
    case = desk.case(cleo)
    desk.line.lose_answer_to(b"POST /api/v1/statuses")
    desk.sent(desk.answer(case, "One answer, once."))
    assert desk.line.swallow == b"", "the cable was not cut at all"
    assert len(until(lambda: cleo.answers_to(posted), 60, "it stands there")) == 1


def test_edits_and_deletions_are_found_by_looking(small: Server, desk: Watched) -> None:
    dora = desk.server.stranger()
    place = desk.line.url.removeprefix("http://")
    network = Mastodon()
    with Http(allow_hosts=frozenset({place}), now=clock.now) as wire:
        known = Connected(desk.line.url, "", desk.brand.account_id(), desk.brand.token)
        told = run(network.about(known), wire)
        ours = Connected(desk.line.url, "", known.remote_id, known.token, told)
        posted = dora.says(f"@{desk.brand.handle} {COMPLAINT} ref four")

        def polled() -> Seen | None:
            items = run(network.poll(ours, ""), wire).items
            return next((item for item in items if same(item.id, posted)), None)

        def looked() -> Seen | None:
            return next(iter(run(network.look_again(ours, [standing]), wire)), None)

        seen = until(polled, 60, "it is polled")
        at: datetime = seen.created_at
        standing = Standing(seen.id, seen.author_id, at, Direction.IN, Visibility.PUBLIC)
        assert looked() is None
        dora.edits(posted, f"@{desk.brand.handle} it came, with a scratch!")
        edited = until(looked, 60, "the edit is seen")
        assert (edited.id, "scratch" in edited.text) == (seen.id, True)
        standing = Standing(seen.id, seen.author_id, at, Direction.IN, Visibility.PUBLIC, edited.edited_at)
        deleted_by_hand(small, dora, seen.url)
        gone = until(looked, 60, "the deletion is seen")
        assert (gone.id, gone.deleted, gone.text) == (seen.id, True, "")


def deleted_by_hand(server: Server, person: Person, url: str) -> None:
    """On the page of the person themselves, since the server deletes nothing by its API."""
    form = {
        "id": url,
        "actor": f"{server.url}/{person.handle}",
        "action": "Delete",
        "redir": "x",
        "hash": "y",
    }
    secret = (person.handle, server.passwords[person.handle])
    with httpx2.Client(trust_env=False, timeout=10) as browser:
        answer = browser.post(f"{server.url}/{person.handle}/admin/action", data=form, auth=secret)
    assert answer.status_code == 303, answer.text
