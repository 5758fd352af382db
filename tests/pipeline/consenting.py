"""A brand whose admin signs in on a small server of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.channels.consent import ConsentServer

from amends.core.values import Role
from amends.pipeline import coming_back, connecting, revoking
from amends.pipeline.coming_back import Answer
from amends.pipeline.connecting import Begun
from amends.store.models import Account, Brand, Membership, User

SESSION = "a session"


@dataclass
class Desk:
    """A brand with an admin, and the server they sign in on."""

    brand: Brand
    admin: User
    at: datetime
    server: ConsentServer = field(default_factory=ConsentServer)

    def begin(self, typed: str = "social.example", **changed: Any) -> Begun:
        wanted: dict[str, Any] = {"session": SESSION, "pasted": False, "by": self.admin} | changed
        brand = wanted.pop("brand", self.brand)
        return connecting.begin(brand.pk, "mastodon", typed, now=self.at, wire=self.server, **wanted)

    def again(self, account: Account, *, pasted: bool = False) -> Begun:
        return connecting.begin_again(
            account, session=SESSION, pasted=pasted, by=self.admin, now=self.at, wire=self.server
        )

    def come_back(self, address: str, session: str = SESSION, by: User | None = None) -> Account:
        return self.answer(read(address), session, by)

    def answer(self, answer: Answer, session: str = SESSION, by: User | None = None) -> Account:
        person = by or self.admin
        claimed = coming_back.claim(answer, session=session, by=person, now=self.at)
        return coming_back.finish(claimed, answer, by=person, now=self.at, wire=self.server)

    def paste(self, begun: Begun, code: str, session: str = SESSION, by: User | None = None) -> Account:
        return coming_back.paste(
            begun.sign_in, code, session=session, by=by or self.admin, now=self.at, wire=self.server
        )

    def connect(self, typed: str = "social.example", account: str = "brand") -> Account:
        return self.come_back(self.server.consent(self.begin(typed).url, account))

    def revoke(self) -> int:
        done = 0
        while revoking.revoke_next(self.server, lambda: self.at):
            done += 1
        return done

    def person(self, role: Role, email: str = "other@example.org") -> User:
        made = User.objects.create_user(email, None, name=email)
        Membership.objects.create(user=made, brand=self.brand, role=role)
        return made


def read(address: str) -> Answer:
    assert address.startswith(connecting.back() + "?")
    query = dict(parse_qsl(urlsplit(address).query))
    return Answer(query.get("state", ""), query.get("code", ""), query.get("error", ""), query.get("iss", ""))
