"""The time of a post: what is believed of it, whoever's clock it was written by."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from tests.channels.conftest import MastodonStage
from tests.pipeline.conftest import Town, settled

from amends.channels.mastodon import Mastodon
from amends.channels.protocol import Event, Json
from amends.core.values import Direction
from amends.pipeline import act, answers, decide, streams
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import models

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SLOW = -5 * HOUR
WORDS = "@brand my parcel is lost"


def times(remote_id: str = "") -> tuple[datetime, datetime | None]:
    """The believed and the claimed time of a post, or of the only one of a person."""
    found = models.Post.objects.filter(direction=Direction.IN)
    post = found.get(remote_id=remote_id) if remote_id else found.get()
    return post.posted_at, post.claimed_at


def wrong_by(town: Town, off: timedelta) -> None:
    """Anna writes by a clock of her own."""
    town.stage.network.set_clock(town.stage.customer(), off)


def taken(town: Town) -> None:
    while take_in(town.model, town.now()):
        pass


def test_the_right_time_stands_alone(town: Town) -> None:
    town.stage.customer_says(WORDS)
    said = town.now()
    town.turn(minutes=1)
    assert times() == (said, None)
    assert town.question().received_at == said + MINUTE


def test_a_slow_clock_makes_nobody_wait_since_before_they_were_heard(town: Town) -> None:
    wrong_by(town, SLOW)
    town.stage.customer_says(WORDS)
    said = town.now()
    town.turn(minutes=1)
    assert times() == (said, said + SLOW)
    assert (town.case().opened_at, town.case().waiting_since) == (said, said)


def test_a_fast_clock_puts_nobody_behind(town: Town) -> None:
    wrong_by(town, 5 * HOUR)
    town.stage.customer_says(WORDS)
    said = town.now()
    town.turn(minutes=1)
    assert times() == (town.now(), said + 5 * HOUR)
    assert town.case().waiting_since == town.now()


def test_an_answer_ends_the_wait_however_fast_the_clock(town: Town) -> None:
    wrong_by(town, 5 * HOUR)
    town.stage.customer_says(WORDS)
    town.turn(minutes=1)
    ada = decide.person(town.agent.pk)
    answers.reply(town.case(), town.question(), "We are looking for it.", ada, town.now())
    town.turn(minutes=1)
    assert town.case().waiting_since is None
    assert town.question().answered_at == models.Post.objects.get(direction=Direction.OUT).posted_at


def test_a_time_more_than_a_day_ahead_is_refused_with_the_reason(town: Town) -> None:
    wrong_by(town, 2 * DAY)
    town.stage.customer_says(WORDS)
    town.turn(minutes=1)
    assert "in the future" in models.Raw.objects.get().reason


def test_a_clock_set_right_is_believed_again(town: Town) -> None:
    wrong_by(town, HOUR)
    wrong_by(town, timedelta(0))
    town.stage.customer_says(WORDS)
    said = town.now()
    town.turn(minutes=1)
    assert times() == (said, None)


def test_what_comes_again_later_does_not_move_a_time_that_was_cut(town: Town) -> None:
    wrong_by(town, 5 * HOUR)
    posted = town.stage.customer_says(WORDS)
    town.turn(minutes=1)
    before = times()
    town.stage.customer_edits(posted, WORDS + " today")
    town.turn(minutes=1)
    assert (town.question().version, times()) == (2, before)


@pytest.fixture
def there(desk: None) -> Town:
    """The Brand on Mastodon, and Anna on another server with a slow clock."""
    made = settled(MastodonStage())
    made.turn()
    wrong_by(made, SLOW)
    return made


def status(there: Town, posted: str) -> dict[str, Json]:
    """A post as our server shows it."""
    assert isinstance(there.stage, MastodonStage)
    return there.stage.double._status(there.stage.double.state.posts[posted])


def notification(there: Town, posted: str, at: datetime) -> dict[str, Json]:
    """The notification by which our server told of a post at this time."""
    shown = status(there, posted)
    return {"id": posted, "type": "mention", "created_at": at.isoformat(), "status": shown}


def hear(there: Town, name: str, said: dict[str, Json]) -> None:
    """The stream tells something, and it is taken in."""
    known = act.connected(models.Account.objects.get(pk=there.account.pk))
    heard = Mastodon().hear(known, Event(name, json.dumps(said)))
    streams.store(there.account.pk, [heard], there.now())
    taken(there)


def test_the_notification_bounds_it_polled_or_streamed(there: Town) -> None:
    polled = there.stage.customer_says(WORDS)
    at = there.now()
    there.turn(minutes=1)
    assert times(polled) == (at, at + SLOW)
    streamed = there.stage.customer_says(WORDS + " still")
    at = there.now()
    there.stage.pass_time(1)
    hear(there, "notification", notification(there, streamed, at))
    assert times(streamed) == (at, at + SLOW)
    there.turn(minutes=1)
    assert models.Raw.objects.count() == 2, "poll and stream tell the same"


def test_what_comes_again_without_a_notification_moves_nothing(there: Town) -> None:
    posted = there.stage.customer_says(WORDS)
    at = there.now()
    there.turn(minutes=1)
    there.stage.customer_edits(posted, WORDS + " today")
    hear(there, "status.update", status(there, posted))
    assert models.Post.objects.get().version == 2
    assert times() == (at, at + SLOW)
    assert there.case().waiting_since == at


def test_a_notification_that_comes_later_bounds_it_once(there: Town) -> None:
    posted = there.stage.customer_says(WORDS)
    at = there.now()
    there.stage.customer_edits(posted, WORDS + " today")
    hear(there, "status.update", status(there, posted))
    assert times() == (at + SLOW, None)
    there.turn(minutes=1)
    assert times() == (at, at + SLOW)
    assert (there.case().opened_at, there.case().waiting_since) == (at, at)
    there.stage.pass_time(3600)
    hear(there, "notification", notification(there, posted, at + HOUR))
    assert times() == (at, at + SLOW)


def test_all_tellings_of_a_post_in_one_batch_are_bounded_by_the_first(there: Town) -> None:
    said = there.now()
    there.stage.pass_time(60)
    for noticed in (None, said + MINUTE / 2, said + MINUTE / 4, said + MINUTE):
        item = Item("mastodon", "77", "anna", WORDS, said + SLOW, noticed_at=noticed)
        receive(there.brand.pk, [(item, b"")], source="poll", now=there.now())
    taken(there)
    assert times() == (said + MINUTE / 4, said + SLOW)


def test_our_servers_own_people_are_taken_at_their_word(there: Town) -> None:
    wrong_by(there, timedelta(0))
    posted = there.stage.customer_says(WORDS)
    at = there.now()
    there.stage.pass_time(120)
    hear(there, "notification", notification(there, posted, at + MINUTE))
    assert times() == (at, None)


def test_history_is_never_after_receipt_on_its_own_clock(town: Town) -> None:
    years = 3 * 365 * DAY
    before, after = town.now() - years - HOUR, town.now() - years + HOUR
    items = [Item("x", name, "ann", WORDS, at) for name, at in (("1", before), ("2", after))]
    receive(town.brand.pk, [(item, b"") for item in items], source="import", now=town.now(), offset=years)
    taken(town)
    assert times("1") == (before, None)
    assert times("2") == (town.now() - years, after)
