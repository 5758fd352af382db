"""A desk with two brands, somebody in both, and a token for whatever a test wants to try."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from amends.core.scopes import Scope
from amends.core.values import Direction, Role, Visibility
from amends.language.stand_in import StandIn
from amends.pipeline import decide, tokens
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import brands, models, sealed

COMPLAINTS = StandIn(1.0)
JSON = "application/json"


@dataclass
class Caller:
    """A program with one token."""

    client: Client
    secret: str

    def get(self, path: str, **query: object) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self.headers())  # type: ignore[arg-type]

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        sent = {"data": body, "content_type": JSON} if body is not None else {}
        return self.client.post(f"/api/v1{path}", **sent, headers={**self.headers(), **headers})  # type: ignore[arg-type]

    def put(self, path: str, body: object) -> Any:
        return self.client.put(f"/api/v1{path}", body, content_type=JSON, headers=self.headers())

    def patch(self, path: str, body: object) -> Any:
        return self.client.patch(f"/api/v1{path}", body, content_type=JSON, headers=self.headers())

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}", headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}


@dataclass
class Desk:
    """Two brands with one conversation each; Ada is admin of both, Ben an agent of the first."""

    brand: models.Brand
    other: models.Brand
    ada: models.User
    ben: models.User
    now: datetime

    def caller(
        self,
        *scopes: Scope,
        user: models.User | None = None,
        brand: models.Brand | None = None,
    ) -> Caller:
        chosen: Iterable[Scope] = scopes or list(Scope)
        owner = user or self.ada
        _, secret = tokens.make_token(owner, (brand or self.brand).pk, "t", chosen, None, self.now)
        return Caller(Client(SERVER_NAME="127.0.0.1"), secret)

    def case(self, brand: models.Brand | None = None) -> models.Case:
        return models.Case.objects.filter(brand=brand or self.brand).order_by("pk")[0]

    def question(self, brand: models.Brand | None = None) -> models.Post:
        return models.Post.objects.filter(brand=brand or self.brand, direction="in").earliest("posted_at")

    def take_in(self, brand: models.Brand, items: list[Item]) -> None:
        receive(brand.pk, [(item, b"{}") for item in items], source="test", now=self.now)
        while take_in(COMPLAINTS, self.now):
            pass


def talk(now: datetime) -> list[Item]:
    first = Item("fake", "1", "ann", "My parcel is lost and nobody answers", now - timedelta(hours=5), "ann")
    us = Item(
        "fake",
        "2",
        "us",
        "We look into it",
        now - timedelta(hours=4),
        "us",
        direction=Direction.OUT,
        in_reply_to="1",
    )
    again = Item("fake", "3", "ann", "Still nothing!", now - timedelta(hours=3), "ann", in_reply_to="2")
    edited = Item(
        "fake",
        "3",
        "ann",
        "Still nothing, really!",
        now - timedelta(hours=3),
        "ann",
        in_reply_to="2",
        edited_at=now - timedelta(hours=2),
    )
    ben = Item(
        "fake",
        "4",
        "bob",
        "Your shop is closed?!",
        now - timedelta(hours=1),
        "bob",
        visibility=Visibility.PRIVATE,
    )
    return [first, us, again, edited, ben]


@pytest.fixture
def api(desk: None, now: datetime) -> Any:
    with time_machine.travel(now, tick=True):
        yield seeded(now)


def seeded(now: datetime) -> Desk:
    """The desk, on whatever database is pointed at."""
    brand = brands.get_or_create("The Brand", now)
    other = brands.get_or_create("Other Brand", now)
    ada = models.User.objects.create_user("ada@example.org", name="Ada")
    ben = models.User.objects.create_user("ben@example.org", name="Ben")
    for place in (brand, other):
        models.Membership.objects.create(user=ada, brand=place, role=Role.ADMIN)
        models.Account.objects.create(
            brand=place,
            channel="fake",
            handle="us",
            remote_id="us",
            base_url="http://127.0.0.1:1",
            token=sealed.seal("token-of-the-account"),
            created_at=now,
        )
    models.Membership.objects.create(user=ben, brand=brand, role=Role.AGENT)
    found = Desk(brand, other, ada, ben, now)
    for place in (brand, other):
        for item in talk(now):
            found.take_in(place, [item])
    return found


def person(user: models.User) -> decide.Actor:
    return decide.person(user.pk)
