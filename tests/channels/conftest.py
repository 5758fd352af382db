"""The stages on which channels are put to the test: a channel, a network, and hands on that network.

A later channel joins the contract by adding its stage to `STAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import pytest
from tests.channels.mastodon_double import DOMAIN, MastodonDouble

from amends.channels.drive import Http, run
from amends.channels.fake import Fake
from amends.channels.fake_deeds import Saying
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_server import transport
from amends.channels.fake_trouble import Fault, Trouble
from amends.channels.mastodon import Mastodon
from amends.channels.protocol import Channel, Connected
from amends.core.values import Visibility

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Stage(Protocol):
    """What the contract needs of a network: to act on it as its people do."""

    channel: Channel
    connected: Connected
    wire: Http
    handle: str
    """The customer's."""

    def now(self) -> datetime: ...
    def pass_time(self, seconds: float) -> None: ...
    def customer_says(self, text: str, *, re: str | None = None, private: bool = False) -> str: ...
    def customer_edits(self, post_id: str, text: str) -> None: ...
    def customer_deletes(self, post_id: str) -> None: ...
    def customer_blocks_us(self) -> None: ...
    def customer(self) -> str: ...
    def break_next_send(self, trouble: Trouble) -> None: ...
    def break_next_poll(self, trouble: Trouble) -> None: ...
    def said_by_us(self) -> list[str]: ...


@dataclass
class FakeStage:
    """The fake network, in this process, behind the real driver."""

    handle = "anna"
    clock: list[datetime] = field(default_factory=lambda: [START])

    def __post_init__(self) -> None:
        self.network = FakeNetwork(self.now)
        brand = self.network.join("brand", "The Brand")
        self.network.join("anna", "Anna")
        self.network.admit(brand.id, "secret-token")
        self.channel: Channel = Fake()
        self.connected = Connected("http://127.0.0.1:9", "brand", brand.id, "secret-token")
        self.wire = Http(
            allow_hosts=frozenset({"127.0.0.1:9"}), now=self.now, transport=transport(self.network)
        )

    def now(self) -> datetime:
        return self.clock[0]

    def pass_time(self, seconds: float) -> None:
        self.clock[0] += timedelta(seconds=seconds)

    def customer(self) -> str:
        return self.network.state.handles["anna"]

    def customer_says(self, text: str, *, re: str | None = None, private: bool = False) -> str:
        to = self.connected.remote_id if private else None
        visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
        self.pass_time(1)
        return self.network.say(Saying(self.customer(), text, re, to, visibility)).id

    def customer_edits(self, post_id: str, text: str) -> None:
        self.pass_time(1)
        self.network.edit(self.customer(), post_id, text)

    def customer_deletes(self, post_id: str) -> None:
        self.pass_time(1)
        self.network.delete(self.customer(), post_id)

    def customer_blocks_us(self) -> None:
        self.network.block(self.customer(), self.connected.remote_id)

    def break_next_send(self, trouble: Trouble) -> None:
        self.network.fail(Fault(trouble, "POST"))

    def break_next_poll(self, trouble: Trouble) -> None:
        self.network.fail(Fault(trouble, "GET"))

    def said_by_us(self) -> list[str]:
        ours = self.connected.remote_id
        return [post.text for post in self.network.state.posts.values() if post.author_id == ours]


@dataclass
class MastodonStage(FakeStage):
    """A little Mastodon in the place of the fake network."""

    newest_first: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.double = MastodonDouble(self.now, newest_first=self.newest_first)
        brand = self.double.join("brand", "The Brand")
        self.double.join("anna", "Anna")
        self.double.admit(brand.id, "secret-token")
        self.network = self.double
        self.channel = Mastodon()
        self.connected = Connected("http://127.0.0.1:9", f"brand@{DOMAIN}", brand.id, "secret-token")
        self.wire = Http(
            allow_hosts=frozenset({"127.0.0.1:9"}), now=self.now, transport=transport(self.network)
        )
        self.connected = replace(self.connected, settings=run(self.channel.about(self.connected), self.wire))

    def said_by_us(self) -> list[str]:
        return [text.removeprefix("@anna ") for text in super().said_by_us()]


STAGES: dict[str, Callable[[], Stage]] = {
    "fake": FakeStage,
    "mastodon": MastodonStage,
    "mastodon, newest first": partial(MastodonStage, newest_first=True),
}


@pytest.fixture(params=list(STAGES.values()), ids=list(STAGES))
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each channel on its stage, in turn."""
    made: Stage = request.param()
    yield made
    made.wire.close()


@pytest.fixture
def fake_stage() -> FakeStage:
    """The fake network, for tests of its own."""
    return FakeStage()


@pytest.fixture
def mastodon_stage() -> MastodonStage:
    """The little Mastodon, for tests of its own."""
    return MastodonStage()
