"""A desk connected to a little network in this process, behind the real driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import time_machine
from tests.channels.conftest import FakeStage
from tests.pipeline.consenting import Desk

from amends.core.values import Role
from amends.language.reading import Text
from amends.language.stand_in import StandIn
from amends.pipeline import act, looking, poll, sweep
from amends.pipeline.take import read_again, take_in
from amends.store import brands, models, sealed

ALL_COMPLAIN = StandIn(1.0)


@dataclass
class Town:
    """A brand on the fake network, with an agent; `turn` lets the desk do everything it would do."""

    stage: FakeStage
    brand: models.Brand
    account: models.Account
    agent: models.User
    model: StandIn = field(default=ALL_COMPLAIN)

    def now(self) -> datetime:
        return self.stage.now()

    def fetch(self) -> None:
        poll.poll_account(self.account.pk, self.stage.wire, self.now())
        looking.look_again(self.account.pk, self.stage.wire, self.now())
        while take_in(self.model, self.now()) or read_again(self.model, self.now()):
            pass

    def send(self) -> None:
        while act.send_next(self.stage.wire, self.now):
            pass

    def look(self) -> None:
        while act.look_next(self.stage.wire, self.now):
            pass

    def turn(self, minutes: float = 0) -> None:
        self.stage.pass_time(minutes * 60)
        self.fetch()
        self.send()
        self.look()
        sweep.sweep(self.now())

    def case(self) -> models.Case:
        return models.Case.objects.get()

    def question(self) -> models.Post:
        return models.Post.objects.filter(direction="in").earliest("posted_at")


def settled(stage: FakeStage) -> Town:
    """A town on this network, a day after it began."""
    stage.pass_time(timedelta(days=1).total_seconds())
    brand = brands.get_or_create("The Brand", stage.now())
    agent = models.User.objects.create_user("ada@example.org", name="Ada")
    models.Membership.objects.create(user=agent, brand=brand, role=Role.AGENT)
    account = models.Account.objects.create(
        brand=brand,
        channel=stage.channel.name,
        handle=stage.connected.handle,
        remote_id=stage.connected.remote_id,
        base_url=stage.connected.base_url,
        token=sealed.seal(stage.connected.token),
        created_at=stage.now(),
    )
    return Town(stage, brand, account, agent)


@pytest.fixture
def town(desk: None) -> Town:
    return settled(FakeStage())


class BrokenModel:
    """A model that always fails."""

    name = "broken"

    def read(self, texts: list[Text]) -> list[object]:
        raise RuntimeError("no model today")


@pytest.fixture
def place(desk: None, now: datetime) -> Iterator[Desk]:
    """A brand with an admin who may sign in on a server."""
    with time_machine.travel(now, tick=False):
        brand = brands.get_or_create("The Brand", now)
        admin = models.User.objects.create_user("boss@example.org", None, name="Boss")
        models.Membership.objects.create(user=admin, brand=brand, role=Role.ADMIN)
        yield Desk(brand, admin, now)
