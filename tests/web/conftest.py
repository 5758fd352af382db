"""A desk with two brands, people of each role, and posts that came in by the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
import time_machine
from django.test import Client
from tests.web.settings_pages import PASSWORD

from amends import clock
from amends.core.values import Direction, Kind, Role, Severity
from amends.language.reading import Reading, Reason, Text
from amends.pipeline import people
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import brands, models

_SIGN_IN = "amends.web.signed_in.Backend"
_numbers = count(1)


class ByWord:
    """Reads a text by its first word: a severity, `question`, `praise`; everything else is chatter."""

    name = "by-word"

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        return [self._reading(text.text) for text in texts]

    def _reading(self, text: str) -> Reading:
        first = text.split(" ", 1)[0].lower()
        severity = Severity(first) if first in {*Severity} else Severity.NONE
        complaint = severity is not Severity.NONE
        kind = Kind.COMPLAINT if complaint else Kind(first) if first in {*Kind} else Kind.CHATTER
        reasons = (Reason("complaint", 0, len(first)),) if complaint else ()
        return Reading(
            0.93 if complaint else 0.04, complaint, kind, severity, (), 0.0, "en", reasons, self.name
        )


def visitor(**more: object) -> Client:
    """A browser that nobody signed in with."""
    return Client(SERVER_NAME="localhost", **more)  # type: ignore[arg-type]


@dataclass
class House:
    """Two brands, who works there, and how posts get in."""

    now: datetime
    brand: models.Brand
    other: models.Brand

    def person(self, role: Role, brand: models.Brand | None = None, name: str = "") -> models.User:
        email = f"{role}{next(_numbers)}@example.org"
        user = models.User.objects.create_user(email, "a long password", name=name or role.value.capitalize())
        models.Membership.objects.create(user=user, brand=brand or self.brand, role=role)
        return user

    def enter(self, user: models.User) -> Client:
        client = visitor()
        client.force_login(user, _SIGN_IN)
        return client

    def item(self, text: str, author: str = "ann", minutes: float = 10, **more: object) -> Item:
        at = self.now - timedelta(minutes=minutes)
        item = Item(
            "fake", f"p{next(_numbers)}", author, text, at, author_handle=author, author_name=author.title()
        )
        return replace(item, **more)  # type: ignore[arg-type]

    def arrive(
        self,
        *items: Item,
        brand: models.Brand | None = None,
        offset: timedelta = timedelta(0),
        read: bool = True,
    ) -> None:
        to = brand or self.brand
        raw = [(item, f"{next(_numbers)}".encode()) for item in items]
        receive(to.pk, raw, source="test", now=self.now, offset=offset)
        while take_in(ByWord() if read else None, self.now):
            pass

    def case(self, text: str = "high My parcel is lost", author: str = "ann", **more: object) -> models.Case:
        item = self.item(text, author, **more)  # type: ignore[arg-type]
        self.arrive(item)
        return models.Post.objects.select_related("case").get(brand=self.brand, remote_id=item.remote_id).case  # type: ignore[return-value]

    def answer(self, to: Item, text: str = "We look into it", minutes: float = 5) -> Item:
        return self.item(text, "us", minutes, direction=Direction.OUT, in_reply_to=to.remote_id)

    def connect(self) -> models.Account:
        return models.Account.objects.create(
            brand=self.brand, channel="fake", handle="thebrand", remote_id="us", created_at=self.now
        )


def lead(case: models.Case) -> models.Post:
    """The post that says the case best."""
    assert case.lead is not None
    return case.lead


@pytest.fixture
def house(desk: None, now: datetime) -> Iterator[House]:
    with time_machine.travel(now, tick=False):
        yield House(now, brands.get_or_create("The Brand", now), brands.get_or_create("Another", now))


@pytest.fixture
def agent(house: House) -> models.User:
    return house.person(Role.AGENT, name="Ada Agent")


@pytest.fixture
def supervisor(house: House) -> models.User:
    return house.person(Role.SUPERVISOR, name="Sam Super")


@pytest.fixture
def client(house: House, agent: models.User) -> Client:
    return house.enter(agent)


@pytest.fixture
def boss(desk: None) -> models.Membership:
    """Who runs the desk and is admin of its first brand."""
    return people.first_admin(
        email="ruth@example.com",
        name="Ruth",
        password=PASSWORD,
        brand="Firm",
        time_zone="Europe/Berlin",
        now=clock.now(),
    )
