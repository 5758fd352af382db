"""Who works for a brand: invitations, roles, and what is closed to whom."""

from __future__ import annotations

import re

from django.test import override_settings
from django.urls import reverse
from tests.web.settings_pages import NASTY, PASSWORD, page, pages, person, post, signed_in, stranger

from amends import clock
from amends.core.values import Role
from amends.pipeline import invitations, tokens
from amends.store import brands, history
from amends.store.models import Account, Brand, Invitation, Mail, Membership, User


def link_on(html: str) -> str:
    found = re.search(r'value="([^"]*/invitation#[^"]+)"', html)
    assert found
    return found[1]


def test_a_new_person_comes_in_by_a_link_that_is_shown_once(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("people", args=["firm"])
    link = link_on(post(admin, url, email="ann@example.com", role="agent"))
    assert "/invitation#" not in page(admin, url)
    secret = link.split("#")[1]
    assert secret not in str(dict(admin.session))
    visitor = stranger()
    assert "Invitation code" in page(visitor, "/invitation")
    assert "does not hold" in post(visitor, "/invitation", code="guess")
    assert "ann@example.com" in post(visitor, "/invitation", code=link)
    led = visitor.post("/invitation", {"code": link}).headers["Location"]
    assert led.endswith("/join#main"), "a browser carries a fragment on unless it is given another"
    assert secret not in str(dict(visitor.session))
    assert "too short" in post(visitor, "/invitation/join", name="Ann", password="ann", time_zone="UTC")
    joined = post(visitor, "/invitation/join", name=NASTY, password=PASSWORD, time_zone="UTC")
    assert "Welcome to Firm" in joined
    assert visitor.session["_auth_user_id"] == str(User.objects.get(email="ann@example.com").pk)
    assert "does not hold" in post(stranger(), "/invitation", code=secret)
    listed = page(admin, url)
    assert "<script>alert" not in listed
    assert "\u202e" not in listed
    assert "{{ 7|add:7 }}" in listed


def test_an_existing_person_signs_in_to_join_and_nobody_else_can(boss: Membership) -> None:
    other = brands.get_or_create("Other", clock.now())
    ann = person(other, Role.AGENT, "ann").user
    _, secret = invitations.invite(boss.brand_id, "ann@example.com", "agent", boss.user, clock.now())
    visitor = stranger()
    assert "Sign in with it" in post(visitor, "/invitation", code=secret)
    post(visitor, "/invitation/join", name="Mallory", password=PASSWORD, time_zone="UTC")
    assert not Membership.objects.filter(user=ann, brand=boss.brand).exists()
    thief = signed_in(person(other, Role.AGENT, "eve").user)
    assert "signed in as" in post(thief, "/invitation", code=secret)
    post(thief, "/invitation/join")
    assert Membership.objects.filter(brand=boss.brand).count() == 1
    visitor.post("/account/login/?next=/invitation/join", {"login": "ann@example.com", "password": PASSWORD})
    assert "join as agent" in page(visitor, "/invitation/join")
    assert "Welcome to Firm" in post(visitor, "/invitation/join")
    assert Membership.objects.get(user=ann, brand=boss.brand).role == Role.AGENT


def test_invitations_are_withdrawn_and_tell_what_became_of_their_mail(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("people", args=["firm"])
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        post(admin, url, email="ann@example.com", role="agent")
        assert "on its way" in page(admin, url)
    Mail.objects.update(state="unknown", body=None)
    assert "may have arrived" in page(admin, url)
    withdraw = reverse("withdraw", args=["firm", Invitation.objects.get().pk])
    assert admin.get(withdraw).status_code == 405
    assert "does not hold any more" in post(admin, withdraw)
    assert "Open invitations" not in page(admin, url)


def test_roles_and_leaving(boss: Membership) -> None:
    admin, ann = signed_in(boss.user), person(boss.brand, Role.AGENT, "ann")
    assert "is supervisor now" in post(admin, reverse("set_role", args=["firm", ann.pk]), role="supervisor")
    assert "Choose one of" in post(admin, reverse("set_role", args=["firm", ann.pk]), role=NASTY)
    assert "last admin" in post(admin, reverse("set_role", args=["firm", boss.pk]), role="agent")
    assert "last admin" in post(admin, reverse("remove_person", args=["firm", boss.pk]))
    remove = reverse("remove_person", args=["firm", ann.pk])
    hers = signed_in(ann.user)
    assert hers.get("/b/firm/settings/tokens/").status_code == 200
    assert "No open case" in page(admin, remove)
    assert "does not work for Firm" in post(admin, remove)
    assert hers.get("/b/firm/settings/tokens/").status_code == 404
    assert Membership.objects.count() == 1
    assert list(history.faults()) == []


def test_what_the_role_does_not_cover_is_refused(boss: Membership) -> None:
    account = Account.objects.create(brand=boss.brand, channel="fake", handle="us", created_at=clock.now())
    closed = [
        *(url for url in pages() if "tokens" not in url),
        reverse("remove_person", args=["firm", boss.pk]),
        reverse("reconnect", args=["firm", account.pk]),
        reverse("disconnect", args=["firm", account.pk]),
        reverse("policy_version", args=["firm", 1]),
        reverse("installation"),
    ]
    for role in (Role.AGENT, Role.SUPERVISOR):
        member = person(boss.brand, role, role)
        client = signed_in(member.user)
        for url in closed:
            assert client.get(url).status_code == 403, url
            assert client.post(url, {"role": "admin"}).status_code in (403, 405), url
        promotion = reverse("set_role", args=["firm", member.pk])
        assert client.post(promotion, {"role": "admin"}).status_code == 403
        assert client.post(reverse("adopt", args=[boss.brand_id])).status_code == 403
        assert Membership.objects.get(pk=member.pk).role == role
    for url in [*closed, *pages()]:
        assert stranger().get(url).status_code == 302, url


def test_what_belongs_to_another_brand_is_not_there(boss: Membership) -> None:
    now = clock.now()
    outsider = signed_in(person(brands.get_or_create("Other", now), Role.ADMIN, "eve").user)
    made, _ = invitations.invite(boss.brand_id, "new@example.com", "agent", boss.user, now)
    token, _ = tokens.make_token(boss.user, boss.brand_id, "job", ["read"], None, now)
    account = Account.objects.create(brand=boss.brand, channel="fake", handle="us", created_at=now)
    for url in [*pages(), reverse("policy_version", args=["firm", 1])]:
        assert outsider.get(url).status_code == 404, url
        assert outsider.post(url).status_code in (404, 405), url
    for slug in ("firm", "other"):
        for name, pk in (("set_role", boss.pk), ("withdraw", made.pk), ("revoke", token.pk)):
            assert outsider.post(reverse(name, args=[slug, pk]), {"role": "agent"}).status_code == 404
        for name, pk in (("reconnect", account.pk), ("disconnect", account.pk), ("remove_person", boss.pk)):
            assert outsider.get(reverse(name, args=[slug, pk])).status_code == 404
            assert outsider.post(reverse(name, args=[slug, pk])).status_code == 404
    Membership.objects.create(user=boss.user, brand=Brand.objects.get(slug="other"), role=Role.ADMIN)
    both = signed_in(boss.user)
    assert both.get(reverse("disconnect", args=["other", account.pk])).status_code == 404
    assert both.get(reverse("disconnect", args=["firm", account.pk])).status_code == 200
    assert Invitation.objects.get().withdrawn_at is None
