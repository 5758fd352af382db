"""What tests of sign-in and settings share: people of a first brand, and a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping

from django.test import Client
from django.urls import reverse

from amends.core.values import Role
from amends.store.models import Brand, Membership, User

PASSWORD = "seven sad seagulls"
NASTY = "<script>alert(1)</script>\u202e{{ 7|add:7 }}"
SETTINGS = ["people", "accounts", "policy", "policy_text", "tokens", "brand"]
Filled = Mapping[str, object]


def stranger() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


def signed_in(user: User) -> Client:
    client = stranger()
    client.force_login(user)
    return client


def person(brand: Brand, role: Role, name: str) -> Membership:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
    return Membership.objects.create(user=user, brand=brand, role=role)


def page(client: Client, url: str) -> str:
    answer = client.get(url, follow=True)
    assert answer.status_code == 200, url
    return answer.content.decode()


def post(client: Client, url: str, filled: Filled | None = None, **fields: object) -> str:
    answer = client.post(url, {**(filled or {}), **fields}, follow=True)
    assert answer.status_code == 200, url
    return answer.content.decode()


def pages() -> list[str]:
    return [reverse(name, args=["firm"]) for name in SETTINGS]
