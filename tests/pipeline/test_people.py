"""People: the first admin, brands, roles and invitations, also when two do it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connections
from tests.pipeline.conftest import Town

from amends.core import events
from amends.core.values import Role
from amends.pipeline import decide, invitations, people
from amends.pipeline.people_checks import (
    BadField,
    InvitationGone,
    LastAdmin,
    NotForYou,
    PeopleError,
    SetUpAlready,
    SignInFirst,
)
from amends.store import brands, history, policies
from amends.store.models import ApiToken, Brand, HistoryContent, HistoryEntry, Invitation, Membership, User

PASSWORD = "seven sad seagulls"


def first(now: datetime, *, email: str = "Root@Example.com", brand: str = "Firm") -> Membership:
    return people.first_admin(
        email=email, name="Ruth", password=PASSWORD, brand=brand, time_zone="Europe/Berlin", now=now
    )


def person(brand: Brand, role: Role, name: str) -> Membership:
    user = User.objects.create_user(f"{name}@example.com", None, name=name.capitalize())
    return Membership.objects.create(user=user, brand=brand, role=role)


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """What came of deeds done at the same time: results, or the errors they raised."""
    outcomes: list[object] = [None] * len(deeds)
    start = threading.Barrier(len(deeds))

    def do(number: int) -> None:
        start.wait()
        try:
            outcomes[number] = deeds[number]()
        except PeopleError as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def kinds(outcomes: list[object]) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def actions(chain: str) -> list[str]:
    return list(
        HistoryEntry.objects.filter(chain=chain).order_by("position").values_list("action", flat=True)
    )


def test_the_first_person_runs_the_desk_and_every_brand_there_is(desk: None, now: datetime) -> None:
    imported = brands.get_or_create("Imported", now)
    assert people.needs_first_admin()
    mine = first(now)
    assert not people.needs_first_admin()
    assert (mine.user.email, mine.user.is_staff, mine.role) == ("root@example.com", True, Role.ADMIN)
    assert mine.user.check_password(PASSWORD)
    assert policies.current(mine.brand_id)[1].time_zone == "Europe/Berlin"
    assert Membership.objects.get(brand=imported).user == mine.user
    assert actions("desk") == ["first admin made"]
    assert "person joined" in actions(f"brand:{mine.brand_id}")
    with pytest.raises(SetUpAlready):
        first(now, email="eve@example.com")
    assert list(history.faults()) == []


def test_two_first_admins_at_once_make_one(desk: None, now: datetime) -> None:
    outcomes = at_once(lambda: first(now), lambda: first(now, email="eve@example.com", brand="Other"))
    assert kinds(outcomes) == ["Membership", "SetUpAlready"]
    assert User.objects.count() == Brand.objects.count() == 1


BAD_FIELDS = [
    ("email", "nobody"),
    ("email", "a@b\nBcc: c@d.example"),
    ("email", "a" * 250 + "@example.com"),
    ("name", " \u202e"),
    ("name", "n" * 121),
    ("password", "short"),
    ("password", "12345678901"),
    ("password", "ruth@example.com"),
    ("password", "\ud800 seven sad seagulls"),
    ("password", "x7" * 600),
    ("brand", "\u200b"),
    ("brand", "b" * 121),
    ("time_zone", "Mars/Olympus"),
    ("time_zone", "../../etc/passwd"),
]


def test_a_bad_field_is_named_and_nothing_is_made(desk: None, now: datetime) -> None:
    good = {
        "email": "ruth@example.com",
        "name": "Ruth",
        "password": PASSWORD,
        "brand": "Firm",
        "time_zone": "",
    }
    for field, value in BAD_FIELDS:
        with pytest.raises(BadField) as caught:
            people.first_admin(**(good | {field: value}), now=now)
        assert caught.value.field == field
    assert people.needs_first_admin()
    assert not Brand.objects.exists()


def test_only_who_runs_the_desk_makes_brands_and_names_are_taken_once(desk: None, now: datetime) -> None:
    root = first(now).user
    made = people.make_brand("  Second\tbrand ", "", root, now)
    assert (made.brand.name, made.role) == ("Second brand", Role.ADMIN)
    with pytest.raises(BadField, match="There is a brand"):
        people.make_brand("Second brand", "", root, now)
    with pytest.raises(NotForYou):
        people.make_brand("Third", "", person(made.brand, Role.ADMIN, "ann").user, now)
    assert Brand.objects.count() == 2


def test_two_brands_of_one_name_at_once_make_one(desk: None, now: datetime) -> None:
    root = first(now).user
    other = User.objects.create_user("staff@example.com", None, name="Staff", is_staff=True)
    outcomes = at_once(
        lambda: people.make_brand("New", "", root, now), lambda: people.make_brand("New", "", other, now)
    )
    assert kinds(outcomes) == ["BadField", "Membership"]
    assert Membership.objects.filter(brand__name="New").count() == 1


def test_an_ownerless_brand_is_adopted_but_never_one_with_an_admin(desk: None, now: datetime) -> None:
    root = first(now).user
    orphan = brands.get_or_create("Imported later", now)
    assert people.adopt(orphan.pk, root, now).role == Role.ADMIN
    other = User.objects.create_user("staff@example.com", None, name="Staff", is_staff=True)
    with pytest.raises(NotForYou):
        people.adopt(orphan.pk, other, now)


def test_a_brand_is_renamed_and_keeps_its_address(desk: None, now: datetime) -> None:
    mine = first(now)
    other = people.make_brand("Other", "", mine.user, now).brand
    renamed = people.rename(mine.brand_id, "The <b>Firm</b>", mine.user, now)
    assert (renamed.name, renamed.slug) == ("The <b>Firm</b>", "firm")
    with pytest.raises(BadField):
        people.rename(mine.brand_id, "Other", mine.user, now)
    with pytest.raises(NotForYou):
        people.rename(other.pk, "Stolen", person(mine.brand, Role.ADMIN, "ann").user, now)
    before = HistoryEntry.objects.count()
    people.rename(mine.brand_id, "The <b>Firm</b>", mine.user, now)
    assert HistoryEntry.objects.count() == before


def test_a_brand_never_loses_its_last_admin(desk: None, now: datetime) -> None:
    mine = first(now)
    with pytest.raises(LastAdmin):
        people.set_role(mine, "agent", mine.user, now)
    with pytest.raises(LastAdmin):
        people.remove(mine, mine.user, now)
    inactive = person(mine.brand, Role.ADMIN, "gone")
    User.objects.filter(pk=inactive.user_id).update(is_active=False)
    with pytest.raises(LastAdmin):
        people.remove(mine, mine.user, now)
    person(mine.brand, Role.ADMIN, "ann")
    people.remove(mine, mine.user, now)
    assert not Membership.objects.filter(pk=mine.pk).exists()


def test_two_admins_who_demote_each_other_leave_one(desk: None, now: datetime) -> None:
    one = first(now)
    two = person(one.brand, Role.ADMIN, "ann")
    outcomes = at_once(
        lambda: people.set_role(two, "agent", one.user, now),
        lambda: people.set_role(one, "agent", two.user, now),
    )
    assert Membership.objects.filter(brand=one.brand, role=Role.ADMIN).count() == 1
    assert kinds(outcomes) in (["LastAdmin", "Membership"], ["Membership", "NotForYou"])


def test_roles_are_set_by_admins_only_and_on_record(desk: None, now: datetime) -> None:
    mine = first(now)
    agent = person(mine.brand, Role.AGENT, "ann")
    for stranger in (agent, person(brands.get_or_create("Other", now), Role.ADMIN, "eve")):
        with pytest.raises(NotForYou):
            people.set_role(agent, "admin", stranger.user, now)
        with pytest.raises(NotForYou):
            people.remove(mine, stranger.user, now)
    with pytest.raises(BadField):
        people.set_role(agent, "owner", mine.user, now)
    assert people.set_role(agent, "supervisor", mine.user, now).role == Role.SUPERVISOR
    entry = HistoryEntry.objects.get(action="role changed")
    assert (entry.actor, entry.chain) == (f"person:{mine.user_id}", f"brand:{mine.brand_id}")
    body = HistoryContent.objects.get(entry=entry).body
    assert body == {"person": agent.user_id, "from": "agent", "to": "supervisor"}


def test_who_leaves_holds_nobody_up(town: Town) -> None:
    now = town.now()
    boss = person(town.brand, Role.ADMIN, "boss")
    leaving = Membership.objects.get(user=town.agent)
    people.set_role(leaving, "admin", boss.user, now)
    town.stage.customer_says("@brand My parcel is lost and nobody answers!")
    town.fetch()
    decide.happen(town.case().pk, events.Assigned(town.agent.pk), decide.person(town.agent.pk), town.now())
    invitations.invite(town.brand.pk, "friend@example.com", "admin", town.agent, now)
    people.remove(leaving, boss.user, town.now())
    assert town.case().assignee is None
    assert not invitations.still_open(town.brand.pk, now).exists()
    with pytest.raises(PeopleError, match="has left"):
        people.remove(leaving, boss.user, town.now())
    assert not ApiToken.objects.exists()
    assert list(history.faults()) == []


def test_a_new_person_joins_by_an_invitation_once(desk: None, now: datetime) -> None:
    mine = first(now)
    made, secret = invitations.invite(mine.brand_id, " Ann@Example.COM", "supervisor", mine.user, now)
    assert secret not in str(Invitation.objects.values().get())
    assert secret not in str(list(HistoryContent.objects.values()))
    assert invitations.link(secret) == f"http://127.0.0.1:8010/invitation#{secret}"
    seen = invitations.presented(f" {secret}\n", now)
    assert seen == made
    joined = invitations.accept_new(seen, name="Ann", password=PASSWORD, time_zone="", now=now)
    assert (joined.user.email, joined.role, joined.brand) == ("ann@example.com", "supervisor", mine.brand)
    assert not joined.user.is_staff
    with pytest.raises(InvitationGone):
        invitations.presented(secret, now)
    with pytest.raises(InvitationGone):
        invitations.accept_as(seen, joined.user, now)
    with pytest.raises(BadField, match="works for the brand already"):
        invitations.invite(mine.brand_id, "ann@example.com", "agent", mine.user, now)


def test_an_existing_person_joins_by_signing_in(desk: None, now: datetime) -> None:
    mine = first(now)
    ann = person(brands.get_or_create("Other", now), Role.AGENT, "ann").user
    made, secret = invitations.invite(mine.brand_id, "ann@example.com", "agent", mine.user, now)
    with pytest.raises(SignInFirst):
        invitations.accept_new(made, name="Mallory", password=PASSWORD, time_zone="", now=now)
    with pytest.raises(PeopleError, match="is for ann@"):
        invitations.accept_as(made, mine.user, now)
    assert invitations.accept_as(invitations.presented(secret, now), ann, now).role == Role.AGENT


def test_a_new_invitation_withdraws_the_old_and_each_ends(desk: None, now: datetime) -> None:
    mine = first(now)
    _, old = invitations.invite(mine.brand_id, "ann@example.com", "admin", mine.user, now)
    made, new = invitations.invite(mine.brand_id, "ANN@example.com", "agent", mine.user, now)
    with pytest.raises(InvitationGone):
        invitations.presented(old, now)
    assert list(invitations.still_open(mine.brand_id, now)) == [made]
    assert invitations.presented(new, now + timedelta(days=7, seconds=-1))
    with pytest.raises(InvitationGone):
        invitations.presented(new, now + timedelta(days=7))
    invitations.withdraw(made, mine.user, now)
    for late in (now, now + timedelta(days=8)):
        with pytest.raises(InvitationGone):
            invitations.accept_new(made, name="Ann", password=PASSWORD, time_zone="", now=late)
    assert not User.objects.filter(email="ann@example.com").exists()


def test_what_is_no_secret_opens_no_invitation(desk: None, now: datetime) -> None:
    invitations.invite(first(now).brand_id, "ann@example.com", "agent", User.objects.get(), now)
    for secret in ["", "x", "\x00", "\ud800", "%s%s", "a" * 1_000_000]:
        with pytest.raises(InvitationGone):
            invitations.presented(secret, now)


def test_one_invitation_used_twice_at_once_works_once(desk: None, now: datetime) -> None:
    mine = first(now)
    made, _ = invitations.invite(mine.brand_id, "ann@example.com", "agent", mine.user, now)

    def accept() -> Membership:
        return invitations.accept_new(made, name="Ann", password=PASSWORD, time_zone="", now=now)

    assert kinds(at_once(accept, accept)) == ["InvitationGone", "Membership"]
    assert User.objects.filter(email="ann@example.com").count() == 1
    assert list(history.faults()) == []


def test_two_brands_invitations_of_a_new_person_accepted_at_once(desk: None, now: datetime) -> None:
    mine = first(now)
    other = people.make_brand("Other", "", mine.user, now)
    open_doors = [
        invitations.invite(where, "ann@example.com", "agent", mine.user, now)[0]
        for where in (mine.brand_id, other.brand_id)
    ]
    deeds = [
        lambda door=door: invitations.accept_new(door, name="Ann", password=PASSWORD, time_zone="", now=now)
        for door in open_doors
    ]
    assert kinds(at_once(*deeds)) == ["Membership", "SignInFirst"]
    assert User.objects.filter(email="ann@example.com").count() == 1


def test_two_invitations_of_one_address_at_once_leave_one_open(desk: None, now: datetime) -> None:
    mine = first(now)

    def again() -> object:
        return invitations.invite(mine.brand_id, "ann@example.com", "agent", mine.user, now)

    at_once(again, again, again)
    assert invitations.still_open(mine.brand_id, now).count() == 1


def test_only_an_admin_invites_and_withdraws(desk: None, now: datetime) -> None:
    mine = first(now)
    agent = person(mine.brand, Role.SUPERVISOR, "sue").user
    made, _ = invitations.invite(mine.brand_id, "ann@example.com", "agent", mine.user, now)
    with pytest.raises(NotForYou):
        invitations.invite(mine.brand_id, "bob@example.com", "agent", agent, now)
    with pytest.raises(NotForYou):
        invitations.withdraw(made, agent, now)
    assert list(invitations.still_open(mine.brand_id, now)) == [made]
