"""What is told with a change: heard once it is committed, at most once, small, and about rows only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import tokens
from amends.site.cluster import Cluster
from amends.store import brands, live, models
from amends.store.live import Listener, Notice


class Ear:
    """Hears what is told."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute(f"LISTEN {live.CHANNEL}".encode())

    def heard(self) -> list[Notice | None]:
        return [live.heard(notify.payload) for notify in self.connection.notifies(timeout=0.2)]


@pytest.fixture
def ear(desk: None, cluster: Cluster) -> Iterator[Ear]:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        yield Ear(connection)


def test_a_change_is_told_with_its_commit(ear: Ear) -> None:
    with transaction.atomic():
        live.tell(3, [5, 4, 5], [9])
        assert ear.heard() == []
    assert ear.heard() == [Notice(3, (4, 5), (9,))]


def test_what_did_not_happen_is_not_told(ear: Ear) -> None:
    with transaction.atomic():
        live.tell(3, [5])
        transaction.set_rollback(True)
    live.tell(3)
    assert ear.heard() == []


def test_the_same_twice_in_a_transaction_is_told_once(ear: Ear) -> None:
    with transaction.atomic():
        live.tell(3, [5])
        live.tell(3, [5])
    assert ear.heard() == [Notice(3, (5,))]


def test_too_many_are_many(ear: Ear) -> None:
    live.tell(3, range(10**9, 10**9 + 5000))
    assert ear.heard() == [Notice(3, None)]


def test_who_waits_is_counted_up_to_a_hundred(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("The Brand", now)
    assert live.waiting([brand.pk, 10**6]) == {brand.pk: 0, 10**6: 0}


@pytest.fixture
def ada(desk: None, now: datetime) -> models.User:
    user = models.User.objects.create_user("ada@example.org", "a quiet green bicycle", name="Ada")
    brand = brands.get_or_create("The Brand", now)
    models.Membership.objects.create(user=user, brand=brand, role=Role.ADMIN)
    return user


def by_session(user: models.User) -> Listener:
    session = SessionStore()
    session.save()
    brand_ids = frozenset(user.memberships.values_list("brand_id", flat=True))
    key = str(session.session_key)
    return Listener(user.pk, brand_ids, session=key, proof=live.session_proof(user.password))


def by_token(user: models.User, now: datetime) -> Listener:
    brand_id = user.memberships.get().brand_id
    token, _ = tokens.make_token(user, brand_id, "t", [Scope.READ], now + timedelta(days=2), now)
    return Listener(user.pk, frozenset({brand_id}), token_id=token.pk)


def test_who_stands_may_go_on(ada: models.User) -> None:
    now = datetime.fromisoformat("2026-03-04T12:00:00Z")
    both = [by_session(ada), by_token(ada, now)]
    assert live.still_admitted(both, now) == set(both)
    assert live.still_admitted([], now) == set()


def _deactivate(user: models.User, _: datetime) -> None:
    models.User.objects.filter(pk=user.pk).update(is_active=False)


def _leave(user: models.User, _: datetime) -> None:
    models.Membership.objects.filter(user=user).delete()


def _join_another(user: models.User, now: datetime) -> None:
    models.Membership.objects.create(user=user, brand=brands.get_or_create("Another", now), role=Role.AGENT)


def _delete_session(_: models.User, __: datetime) -> None:
    Session.objects.all().delete()


def _let_session_run_out(_: models.User, now: datetime) -> None:
    Session.objects.update(expire_date=now)


def _change_password(user: models.User, _: datetime) -> None:
    user.set_password("another quiet bicycle")
    user.save()


def _revoke(user: models.User, now: datetime) -> None:
    tokens.revoke(models.ApiToken.objects.get(), user, now)


def _let_token_run_out(_: models.User, now: datetime) -> None:
    models.ApiToken.objects.update(expires_at=now)


SESSION, TOKEN = "session", "token"


@pytest.mark.parametrize(
    ("what", "ends"),
    [
        (_deactivate, {SESSION, TOKEN}),
        (_leave, {SESSION, TOKEN}),
        (_join_another, {SESSION}),
        (_delete_session, {SESSION}),
        (_let_session_run_out, {SESSION}),
        (_change_password, {SESSION}),
        (_revoke, {TOKEN}),
        (_let_token_run_out, {TOKEN}),
    ],
)
def test_who_does_not_stand_any_more_goes(
    ada: models.User, now: datetime, what: object, ends: set[str]
) -> None:
    listeners = {SESSION: by_session(ada), TOKEN: by_token(ada, now)}
    what(ada, now)  # type: ignore[operator]
    kept = live.still_admitted(list(listeners.values()), now)
    assert {name for name, listener in listeners.items() if listener not in kept} == ends


def test_nobody_listens_by_the_session_or_token_of_another(ada: models.User, now: datetime) -> None:
    ben = models.User.objects.create_user("ben@example.org", "another green bicycle", name="Ben")
    stolen = Listener(ben.pk, frozenset(), token_id=by_token(ada, now).token_id)
    assert live.still_admitted([stolen], now) == set()
