"""What a stream tells is kept like what a poll brings, once; and polls come less often beside it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from procrastinate.contrib.django.utils import connector_params
from tests.channels.conftest import MastodonStage
from tests.pipeline.conftest import Town, settled
from tests.rig.processes import until

from amends.channels.mastodon import Mastodon
from amends.channels.protocol import Event, Heard
from amends.pipeline import accounts, act, looking, poll, streams
from amends.pipeline.take import take_in
from amends.store import models
from amends.store import streams as open_streams


@pytest.fixture
def there(desk: None) -> Town:
    """The Brand on Mastodon."""
    return settled(MastodonStage())


def stage(there: Town) -> MastodonStage:
    assert isinstance(there.stage, MastodonStage)
    return there.stage


def complain(there: Town, text: str = "@brand my parcel is lost and nobody answers") -> str:
    posted = there.stage.customer_says(text)
    there.turn()
    return posted


def account(there: Town) -> models.Account:
    return models.Account.objects.get(pk=there.account.pk)


def test_a_network_is_asked_less_often_beside_its_stream(there: Town) -> None:
    there.turn()
    now = there.now()
    with open_streams.Held(connector_params("default")) as held:
        held.opened(there.account.pk)
        assert poll.due_accounts(now + timedelta(seconds=20)) == []
        assert poll.due_accounts(now + timedelta(seconds=30)) == [there.account.pk]
    until(lambda: poll.due_accounts(now + timedelta(seconds=20)), 20, "it is asked as often as before")


def heard(there: Town, name: str, data: object) -> Heard:
    text = data if isinstance(data, str) else json.dumps(data)
    return Mastodon().hear(act.connected(account(there)), Event(name, text))


def taken(there: Town, *told: Heard) -> None:
    streams.store(there.account.pk, told, there.now())
    while take_in(there.model, there.now()):
        pass


def test_what_a_stream_tells_is_kept_once_with_what_the_poll_brings(there: Town) -> None:
    there.turn()
    posted = there.stage.customer_says("@brand my parcel is lost")
    post = stage(there).double.state.posts[posted]
    notification = stage(there).double._notification(post)
    taken(there, heard(there, "notification", notification), heard(there, "notification", notification))
    assert models.Post.objects.get().remote_id == posted
    assert models.Raw.objects.get().source == "stream"
    there.turn(minutes=1)
    assert models.Raw.objects.count() == 1
    there.stage.customer_edits(posted, "@brand my parcel came")
    edited = stage(there).double._status(stage(there).double.state.posts[posted])
    taken(there, heard(there, "status.update", edited))
    assert models.Post.objects.get().version == 2


def test_a_deletion_that_a_stream_tells_is_looked_at(there: Town) -> None:
    posted = complain(there)
    told = heard(there, "delete", posted)
    assert told.again == (posted,)
    assert looking.look_at(there.account.pk, told.again, there.stage.wire, there.now()) == 0, "it stands"
    there.stage.customer_deletes(posted)
    assert looking.look_at(there.account.pk, [posted, "77"], there.stage.wire, there.now()) == 1
    taken(there)
    assert models.Post.objects.get().deleted_at is not None


def test_nothing_is_kept_for_an_account_that_was_disconnected(there: Town) -> None:
    posted = complain(there)
    told = heard(
        there, "notification", stage(there).double._notification(stage(there).double.state.posts[posted])
    )
    models.Membership.objects.update(role="admin")
    accounts.disconnect(account(there), there.agent, there.now())
    models.Raw.objects.all().delete()
    taken(there, told)
    assert models.Raw.objects.count() == 0
    assert streams.wanted() == {}


def test_a_stream_is_wanted_once_its_server_has_told_where(there: Town) -> None:
    assert streams.wanted() == {}
    there.turn()
    [source] = streams.wanted().values()
    assert source.request.url == "https://streaming.double.example/api/v1/streaming/user"
    assert [source] == list(streams.wanted().values())


def test_a_fake_network_has_no_stream(town: Town) -> None:
    town.turn()
    assert streams.wanted() == {}
