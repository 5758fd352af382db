"""A lost password, set anew by whoever has the machine."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from amends import clock
from amends.pipeline import people
from amends.pipeline.passwords import set_password
from amends.pipeline.people_checks import PeopleError
from amends.store.models import HistoryContent, HistoryEntry, User

OLD, NEW = "seven sad seagulls", "eight elegant eels"


def signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    assert client.get("/settings/profile/").status_code == 200
    return client


@pytest.fixture
def ruth(desk: None) -> User:
    made = people.first_admin(
        email="ruth@example.com", name="Ruth", password=OLD, brand="Firm", time_zone="", now=clock.now()
    )
    return made.user


def test_it_holds_at_once_and_ends_the_sessions_of_that_person_alone(ruth: User) -> None:
    other = User.objects.create_user("ben@example.com", OLD, name="Ben")
    first, second, his = signed_in(ruth), signed_in(ruth), signed_in(other)
    assert set_password(" RUTH@example.com ", NEW, clock.now()) == 2
    for client in (first, second):
        assert client.get("/settings/profile/").status_code == 302
    assert his.get("/settings/profile/").status_code == 200
    ruth.refresh_from_db()
    assert ruth.check_password(NEW)
    last = HistoryEntry.objects.filter(chain="desk").latest("pk")
    assert last.action == "password set"
    assert HistoryContent.objects.get(entry=last).body == {"person": ruth.pk, "sessions ended": 2}
    assert NEW not in str(list(HistoryContent.objects.values_list("body", flat=True)))


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("nobody@example.com", NEW, "Nobody signs in as nobody@example.com."),
        ("no address", NEW, "not an e-mail address"),
        ("ruth@example.com", "short", "too short"),
        ("ruth@example.com", "", "too short"),
        ("ruth@example.com", "x" * 1001, "at most 1000"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    ruth: User, now: datetime, email: str, password: str, said: str
) -> None:
    client = signed_in(ruth)
    with pytest.raises(PeopleError, match=said):
        set_password(email, password, now)
    ruth.refresh_from_db()
    assert ruth.check_password(OLD)
    assert client.get("/settings/profile/").status_code == 200
