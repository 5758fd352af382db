"""What is new on Mastodon is read whole and once, however a server pages it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.mastodon_double import MastodonDouble
from tests.channels.mastodon_shapes import NETWORK, NOW, STATUS, US, answering, notification, only, status

from amends.channels.drive import Http, run
from amends.channels.fake_deeds import Saying
from amends.channels.fake_server import transport
from amends.channels.mastodon_poll import MAYBE_CUT, PAGE, Place, advance
from amends.channels.protocol import Json, Response


class Feed:
    """A double whose people speak between polls, read to its end each time."""

    def __init__(self, *, newest_first: bool, page: int) -> None:
        self.at = NOW
        self.double = MastodonDouble(lambda: self.at, newest_first=newest_first)
        self.double.page = page
        brand, self.anna = self.double.join("brand", "B").id, self.double.join("anna", "A").id
        self.double.admit(brand, "token")
        self.wire = Http(
            allow_hosts=frozenset({"here.example:443"}), now=lambda: self.at, transport=transport(self.double)
        )
        self.us = replace(US, remote_id=brand)
        self.cursor = ""

    def say(self, count: int) -> list[str]:
        said = []
        for _ in range(count):
            self.at += timedelta(seconds=1)
            said.append(self.double.say(Saying(self.anna, "@brand hello")).id)
        return said

    def read(self) -> list[str]:
        found = []
        while True:
            page = run(NETWORK.poll(self.us, self.cursor), self.wire)
            assert not page.unread
            found += [item.id for item in page.items]
            self.cursor = page.cursor
            if not page.more:
                return found


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 90), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from([MAYBE_CUT, 31, PAGE]),
)
def test_everything_new_is_read_once_whatever_the_server_calls_a_page(
    counts: list[int], newest_first: bool, page: int
) -> None:
    feed = Feed(newest_first=newest_first, page=page)
    for count in counts:
        assert feed.read() == feed.say(0)
        said = feed.say(count)
        assert feed.read() == said


def test_a_flood_is_read_in_several_polls_without_a_gap() -> None:
    feed = Feed(newest_first=True, page=PAGE)
    feed.say(3)
    feed.read()
    said = feed.say(PAGE * 12)
    first = run(NETWORK.poll(feed.us, feed.cursor), feed.wire)
    assert (first.more, len(first.items)) == (True, PAGE * 8)
    feed.say(0)
    assert sorted(feed.read()) == sorted(said)


def test_an_account_that_is_new_to_the_desk_begins_a_week_back() -> None:
    feed = Feed(newest_first=False, page=PAGE)
    feed.say(50)
    feed.at += timedelta(days=8)
    recent = feed.say(60)
    assert feed.read() == recent


def test_a_server_that_stands_still_is_left() -> None:
    full = [notification(status(id=str(number))) | {"id": str(number)} for number in range(100, 140)]
    cursor, pages = "", 0
    while pages < 5:
        page = run(NETWORK.poll(US, cursor), answering(v1_notifications=full))
        cursor, pages = page.cursor, pages + 1
        if not page.more:
            break
    assert pages < 5


def test_a_server_without_conversations_is_read_all_the_same() -> None:
    missing = Response(404, {}, b'{"error":"Not Found"}', NOW)
    page = run(
        NETWORK.poll(US, ""), answering(v1_notifications=[notification(status())], v1_conversations=missing)
    )
    assert only(page).id == STATUS["id"]


def test_a_page_of_old_items_moves_nothing_back() -> None:
    old: list[Json] = [{"id": str(number)} for number in range(100, 150)]
    assert advance(lambda item: item.key("id"), Place("200"), NOW, old) == ([], Place("200"), False)


def test_items_without_a_time_or_an_id_are_not_left_out() -> None:
    odd: list[Json] = [{"id": "7"}, {"created_at": "2020-01-01T00:00:00Z"}, 5]
    fresh, place, more = advance(lambda item: item.key("id"), Place(), NOW, odd)
    assert (fresh, place, more) == (odd, Place("7"), False)
