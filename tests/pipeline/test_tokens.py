"""API tokens: what they open, what they never open, and when they end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import people, tokens
from amends.pipeline.people_checks import BadField, NotForYou
from amends.store import brands, history
from amends.store.models import ApiToken, Brand, Membership, User


def person(brand: Brand, role: Role, name: str) -> Membership:
    user = User.objects.create_user(f"{name}@example.com", None, name=name)
    return Membership.objects.create(user=user, brand=brand, role=role)


@pytest.fixture
def brand(desk: None, now: datetime) -> Brand:
    return brands.get_or_create("Firm", now)


def test_a_token_opens_its_brand_within_its_scopes(brand: Brand, now: datetime) -> None:
    agent = person(brand, Role.AGENT, "ann")
    token, secret = tokens.make_token(agent.user, brand.pk, " Night\u202e job ", ["read"], None, now)
    assert secret.startswith("am_")
    assert len(secret) > 40
    assert token.name == "Night job"
    key = tokens.find_token(secret, now)
    assert key is not None
    assert (key.user, key.brand, key.role) == (agent.user, brand, Role.AGENT)
    assert key.scopes == {Scope.READ}
    assert not [row for row in ApiToken.objects.values() if secret in str(row.values())]
    assert list(history.faults()) == []


def test_the_role_is_that_in_the_tokens_own_brand(brand: Brand, now: datetime) -> None:
    agent = person(brand, Role.AGENT, "ann")
    other = brands.get_or_create("Other", now)
    Membership.objects.create(user=agent.user, brand=other, role=Role.ADMIN)
    _, secret = tokens.make_token(agent.user, brand.pk, "job", ["read", "write"], None, now)
    key = tokens.find_token(secret, now)
    assert key is not None
    assert (key.brand, key.role) == (brand, Role.AGENT)


def test_anything_else_opens_nothing(brand: Brand, now: datetime) -> None:
    _, secret = tokens.make_token(person(brand, Role.AGENT, "ann").user, brand.pk, "job", ["read"], None, now)
    for presented in [
        "",
        "am_",
        "am_" + "x" * 43,
        secret[:-1],
        secret.upper(),
        "\x00",
        "\ud800",
        "ü" * 100_000,
    ]:
        assert tokens.find_token(presented, now) is None


def test_a_token_never_gives_more_than_the_role(brand: Brand, now: datetime) -> None:
    agent = person(brand, Role.AGENT, "ann")
    admin = person(brand, Role.ADMIN, "bob")
    with pytest.raises(BadField, match="leave out: admin, import"):
        tokens.make_token(agent.user, brand.pk, "job", ["read", "admin", "import"], None, now)
    _, secret = tokens.make_token(admin.user, brand.pk, "job", list(Scope), None, now)
    person(brand, Role.ADMIN, "cleo")
    people.set_role(admin, "agent", admin.user, now)
    key = tokens.find_token(secret, now)
    assert key is not None
    assert key.scopes == {Scope.READ, Scope.WRITE}


def test_a_token_ends_with_the_membership_and_does_not_come_back(brand: Brand, now: datetime) -> None:
    admin, agent = person(brand, Role.ADMIN, "bob"), person(brand, Role.AGENT, "ann")
    _, secret = tokens.make_token(agent.user, brand.pk, "job", ["read"], None, now)
    people.remove(agent, admin.user, now)
    assert tokens.find_token(secret, now) is None
    Membership.objects.create(user=agent.user, brand=brand, role=Role.ADMIN)
    assert tokens.find_token(secret, now) is None


def test_a_token_ends_at_its_time_when_revoked_and_with_its_person(brand: Brand, now: datetime) -> None:
    agent = person(brand, Role.AGENT, "ann")
    later = now + timedelta(days=30)
    _, dated = tokens.make_token(agent.user, brand.pk, "dated", ["read"], later, now)
    assert tokens.find_token(dated, later - timedelta(seconds=1))
    assert tokens.find_token(dated, later) is None
    token, secret = tokens.make_token(agent.user, brand.pk, "other", ["read"], None, now)
    User.objects.update(is_active=False)
    assert tokens.find_token(secret, now) is None
    User.objects.update(is_active=True)
    tokens.revoke(token, agent.user, now)
    tokens.revoke(token, agent.user, now + timedelta(days=1))
    assert tokens.find_token(secret, now) is None
    assert ApiToken.objects.get(pk=token.pk).revoked_at == now


def test_only_its_person_or_an_admin_revokes(brand: Brand, now: datetime) -> None:
    admin, agent = person(brand, Role.ADMIN, "bob"), person(brand, Role.SUPERVISOR, "ann")
    token, secret = tokens.make_token(admin.user, brand.pk, "job", ["read"], None, now)
    with pytest.raises(NotForYou):
        tokens.revoke(token, agent.user, now)
    assert tokens.find_token(secret, now)
    mine, secret = tokens.make_token(agent.user, brand.pk, "job", ["read"], None, now)
    tokens.revoke(mine, admin.user, now)
    assert tokens.find_token(secret, now) is None


def test_absurd_ends_and_unknown_scopes_are_refused(brand: Brand, now: datetime) -> None:
    admin = person(brand, Role.ADMIN, "bob").user
    for days in (0, -1, 4000):
        with pytest.raises(BadField):
            tokens.make_token(admin, brand.pk, "job", ["read"], now + timedelta(days=days), now)
    for scopes in ([], ["root"], ["read", "\x00"]):
        with pytest.raises(BadField):
            tokens.make_token(admin, brand.pk, "job", scopes, None, now)
    assert not ApiToken.objects.exists()


def test_a_stranger_makes_no_token(brand: Brand, now: datetime) -> None:
    stranger = person(brands.get_or_create("Other", now), Role.ADMIN, "eve")
    with pytest.raises(NotForYou):
        tokens.make_token(stranger.user, brand.pk, "job", ["read"], None, now)
    assert not ApiToken.objects.exists()


def test_use_is_noted_at_most_once_a_minute(brand: Brand, now: datetime) -> None:
    _, secret = tokens.make_token(person(brand, Role.AGENT, "ann").user, brand.pk, "job", ["read"], None, now)
    for seconds in (0, 30, 59):
        tokens.find_token(secret, now + timedelta(seconds=seconds))
    assert ApiToken.objects.get().last_used_at == now
    tokens.find_token(secret, now + timedelta(seconds=60))
    assert ApiToken.objects.get().last_used_at == now + timedelta(seconds=60)
