"""When a person first had a post on screen, and when the answer was given that ended its wait."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from tests.pipeline.conftest import BrokenModel, Town

from amends.channels.fake_deeds import Saying
from amends.core import events
from amends.core.values import Direction, Doing
from amends.pipeline import answers, decide
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.site.cluster import Cluster
from amends.store import models, presence

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = "@brand my parcel is lost"


def post(remote_id: str = "") -> models.Post:
    """A post, or the only one of a person."""
    found = models.Post.objects.filter(direction=Direction.IN)
    return found.get(remote_id=remote_id) if remote_id else found.get()


def ours() -> models.Post:
    return models.Post.objects.get(direction=Direction.OUT)


def complain(town: Town) -> str:
    posted = town.stage.customer_says(WORDS)
    town.turn(minutes=1)
    return posted


def answer(town: Town, to: str = "") -> None:
    words = "We are looking for it."
    answers.reply(town.case(), post(to), words, decide.person(town.agent.pk), town.now())


def say_elsewhere(town: Town, to: str, words: str = "Found it!") -> str:
    """The firm answers from another app."""
    town.stage.pass_time(60)
    return town.stage.network.say(Saying(town.stage.connected.remote_id, words, to)).id


def look(town: Town, window: str = "a1") -> None:
    place = presence.Place(town.agent.pk, window)
    presence.put(place, town.brand.pk, town.case().pk, Doing.READING, town.now())


def taken(town: Town) -> None:
    while take_in(town.model, town.now()):
        pass


def test_the_first_look_counts_and_what_came_since_has_its_own(town: Town) -> None:
    first = complain(town)
    assert post().seen_at is None
    town.stage.pass_time(60)
    look(town)
    at = town.now()
    again = town.stage.customer_says("@brand hello?", re=first)
    town.turn(minutes=1)
    assert (post(first).seen_at, post(again).seen_at) == (at, None)
    look(town)
    look(town, "another window")
    assert (post(first).seen_at, post(again).seen_at) == (at, town.now())


def test_our_own_answers_and_other_cases_are_not_seen_with_it(town: Town) -> None:
    complain(town)
    answer(town)
    town.turn(minutes=1)
    look(town)
    assert (post().seen_at, ours().seen_at) == (town.now(), None)
    models.Post.objects.update(seen_at=None)
    presence.put(presence.Place(town.agent.pk, "a1"), town.brand.pk, 10**9, Doing.READING, town.now())
    assert post().seen_at is None


def test_what_somebody_changes_now_is_left_to_the_next_sign_of_life(town: Town, cluster: Cluster) -> None:
    complain(town)
    with psycopg.connect(cluster.url()) as somebody:
        somebody.execute("SELECT FROM store_post FOR UPDATE")
        look(town)
    assert post().seen_at is None
    look(town)
    assert post().seen_at == town.now()


def test_an_answer_of_the_desk_ends_the_wait_of_what_came_before(town: Town) -> None:
    first = complain(town)
    answer(town)
    town.turn(minutes=1)
    again = town.stage.customer_says("@brand and now?", re=first)
    town.turn(minutes=1)
    assert (post(first).answered_at, post(again).answered_at) == (ours().posted_at, None)
    assert ours().answered_at is None


def test_an_answer_from_elsewhere_and_an_earlier_one_that_is_heard_of_later(town: Town) -> None:
    posted = complain(town)
    first = town.now()
    town.stage.pass_time(2 * 3600)
    for name, at, then in (
        ("o2", first + HOUR, first + HOUR),
        ("o1", first, first),
        ("o3", town.now(), first),
    ):
        item = Item("fake", name, "u1", "Hello", at, in_reply_to=posted, direction=Direction.OUT)
        receive(town.brand.pk, [(item, b"")], source="poll", now=town.now())
        taken(town)
        assert post().answered_at == then


def test_an_answer_that_is_deleted_was_given_all_the_same(town: Town) -> None:
    said = say_elsewhere(town, complain(town))
    town.turn(minutes=1)
    at = ours().posted_at
    town.stage.network.delete(town.stage.connected.remote_id, said)
    town.turn(minutes=1)
    assert (post().answered_at, town.case().waiting_since) == (at, post().posted_at)


def test_who_waits_for_nothing_any_more_is_not_answered(town: Town) -> None:
    posted = complain(town)
    decide.happen(town.case().pk, events.NeedsNoAnswer(), decide.person(town.agent.pk), town.now())
    say_elsewhere(town, posted, "Thank you!")
    town.turn(minutes=1)
    assert post().answered_at is None


def test_who_was_answered_stays_so_though_the_case_needs_none_any_more(town: Town) -> None:
    first = complain(town)
    answer(town)
    town.turn(minutes=1)
    at = post().answered_at
    town.stage.customer_says("@brand thanks", re=first)
    town.turn(minutes=1)
    decide.happen(town.case().pk, events.NeedsNoAnswer(), decide.person(town.agent.pk), town.now())
    say_elsewhere(town, first)
    town.turn(minutes=1)
    assert at is not None
    assert post(first).answered_at == at


def test_a_post_that_nobody_could_know_of_is_not_answered(town: Town) -> None:
    first = complain(town)
    late = town.stage.customer_says("@brand my insulin is in it", re=first)
    town.stage.pass_time(30)
    answer(town, first)
    town.send()
    town.turn(minutes=1)
    assert post(first).answered_at is not None
    assert (post(late).answered_at, town.case().waiting_since) == (None, post(late).posted_at)


def test_a_post_read_later_has_the_answer_that_was_given_meanwhile(town: Town) -> None:
    works, town.model = town.model, BrokenModel()  # type: ignore[assignment]
    say_elsewhere(town, complain(town))
    town.turn(minutes=1)
    assert post().answered_at is None
    town.model = works
    town.turn(minutes=1)
    assert post().answered_at == ours().posted_at


@pytest.mark.parametrize("turned", [False, True], ids=["question first", "answers first"])
def test_history_is_answered_in_whatever_order_it_comes(town: Town, turned: bool) -> None:
    years = 3 * 365 * DAY
    at = town.now() - years - DAY
    asked = Item("x", "1", "ann", WORDS, at)
    told = [
        Item("x", name, "us", "Hello", at + hours * HOUR, in_reply_to="1", direction=Direction.OUT)
        for name, hours in (("2", 2), ("3", 1))
    ]
    for item in [*told, asked] if turned else [asked, *told]:
        receive(town.brand.pk, [(item, b"")], source="import", now=town.now(), offset=years)
        taken(town)
    assert post().answered_at == at + HOUR
