"""Mail of the desk: sent once, tried again only when surely nothing went out, honest when nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import override_settings
from tests.pipeline import smtp

from amends.core.values import Role
from amends.pipeline import invitations, mail
from amends.store import brands
from amends.store.models import Brand, Invitation, Mail, Membership, User


@pytest.fixture
def post(desk: None) -> Iterator[smtp.Post]:
    with (
        smtp.serving() as server,
        override_settings(
            EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port, EMAIL_USE_TLS=False, EMAIL_TIMEOUT=5
        ),
    ):
        yield server


@pytest.fixture
def brand(desk: None, now: datetime) -> Brand:
    return brands.get_or_create("Müller & <Söhne>", now)


@pytest.fixture
def boss(brand: Brand) -> User:
    user = User.objects.create_user("boss@example.com", None, name="Boss")
    Membership.objects.create(user=user, brand=brand, role=Role.ADMIN)
    return user


def invited(brand: Brand, boss: User, now: datetime) -> tuple[Invitation, str]:
    return invitations.invite(brand.pk, "ann@example.com", "agent", boss, now)


def send(now: datetime) -> Mail:
    assert mail.send_mail_next(lambda: now)
    return Mail.objects.get()


def test_without_smtp_nothing_is_planned(brand: Brand, boss: User, now: datetime) -> None:
    made, _ = invited(brand, boss, now)
    assert not Mail.objects.exists()
    assert invitations.mails_of([made]) == {}
    assert not mail.send_mail_next(lambda: now)


def test_an_invitation_leaves_once_and_its_text_is_dropped(
    post: smtp.Post, brand: Brand, boss: User, now: datetime
) -> None:
    made, secret = invited(brand, boss, now)
    waiting = invitations.mails_of([made])[made.pk]
    assert waiting.state == "planned"
    assert secret.encode() not in bytes(Mail.objects.get().body or b"")
    sent = send(now)
    assert (sent.state, sent.body, sent.settled_at) == ("sent", None, now)
    (letter,) = post.mails
    assert letter["To"] == "ann@example.com"
    assert letter["Subject"].strip() == "You are invited to Müller & <Söhne> on Amends"
    assert invitations.link(secret) in letter.get_content()
    assert not mail.send_mail_next(lambda: now + timedelta(days=1))


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ("greeting", 0),
        ("greeting", 554),
        ("other", 0),
        ("sender", 0),
        ("sender", 451),
        ("recipient", 0),
        ("recipient", 450),
        ("data", 421),
        ("verdict", 452),
        ("verdict", 421),
    ],
)
def test_what_surely_did_not_go_out_is_tried_again_later(
    post: smtp.Post, brand: Brand, boss: User, now: datetime, stage: str, code: int
) -> None:
    invited(brand, boss, now)
    post.faults[stage] = code
    failed = send(now)
    assert (failed.state, failed.attempts) == ("planned", 1)
    assert failed.why
    assert failed.not_before > now
    assert not mail.send_mail_next(lambda: now)
    assert not post.mails
    assert send(failed.not_before).state == "sent"
    assert len(post.mails) == 1


@pytest.mark.parametrize(("stage", "code"), [("verdict", 0), ("verdict", -1), ("data", 0)])
def test_what_may_have_gone_out_is_never_sent_again(
    post: smtp.Post, brand: Brand, boss: User, now: datetime, stage: str, code: int
) -> None:
    made, _ = invited(brand, boss, now)
    post.faults[stage] = code
    lost = send(now)
    assert (lost.state, lost.body) == ("unknown", None)
    assert "may have arrived" in invitations.mails_of([made])[made.pk].why
    sessions = post.sessions
    assert not mail.send_mail_next(lambda: now + timedelta(days=30))
    assert mail.find_stuck_mail(now + timedelta(days=30)) == 0
    assert post.sessions == sessions


def test_parting_badly_changes_nothing(post: smtp.Post, brand: Brand, boss: User, now: datetime) -> None:
    invited(brand, boss, now)
    post.faults["quit"] = 0
    assert send(now).state == "sent"


@pytest.mark.parametrize("stage", ["sender", "recipient", "verdict"])
def test_a_final_no_is_kept_with_the_servers_words(
    post: smtp.Post, brand: Brand, boss: User, now: datetime, stage: str
) -> None:
    invited(brand, boss, now)
    post.faults[stage] = 550
    refused = send(now)
    assert (refused.state, refused.body) == ("refused", None)
    assert "550 a fault on demand" in refused.why


def test_a_server_that_stays_away_is_given_up_in_the_end(brand: Brand, boss: User, now: datetime) -> None:
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=9, EMAIL_USE_TLS=False):
        invited(brand, boss, now)
        at, tries = now, 0
        while mail.send_mail_next(partial(datetime.fromtimestamp, at.timestamp(), UTC)):
            at, tries = Mail.objects.get().not_before, tries + 1
            assert tries <= mail.MOST_ATTEMPTS
    given_up = Mail.objects.get()
    assert (given_up.state, tries) == ("refused", mail.MOST_ATTEMPTS)
    assert "Given up" in given_up.why
    assert at - now > timedelta(hours=2)


def test_a_worker_that_died_leaves_an_unknown(
    post: smtp.Post, brand: Brand, boss: User, now: datetime
) -> None:
    invited(brand, boss, now)
    Mail.objects.update(state="sending", claimed_at=now)
    assert mail.find_stuck_mail(now + mail.STUCK_AFTER) == 0
    assert mail.find_stuck_mail(now + mail.STUCK_AFTER + timedelta(seconds=1)) == 1
    assert Mail.objects.get().state == "unknown"
    assert not mail.send_mail_next(lambda: now + timedelta(days=1))


def test_two_workers_send_each_mail_once(post: smtp.Post, brand: Brand, now: datetime) -> None:
    with transaction.atomic():
        for number in range(12):
            mail.plan(uuid4(), brand.pk, f"p{number}@example.com", "Hello", "Text", now)

    def work() -> None:
        try:
            while mail.send_mail_next(lambda: now):
                pass
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(letter["To"] for letter in post.mails) == sorted(f"p{n}@example.com" for n in range(12))


def test_a_withdrawn_or_used_invitation_sends_no_mail(
    post: smtp.Post, brand: Brand, boss: User, now: datetime
) -> None:
    made, _ = invited(brand, boss, now)
    invitations.withdraw(made, boss, now)
    assert not mail.send_mail_next(lambda: now)
    assert Mail.objects.get().body is None
    again, _ = invited(brand, boss, now)
    invitations.accept_new(again, name="Ann", password="seven sad seagulls", time_zone="", now=now)
    assert not mail.send_mail_next(lambda: now)
    assert not post.mails


def test_a_rolled_back_invitation_never_had_a_mail(
    post: smtp.Post, brand: Brand, boss: User, now: datetime
) -> None:
    with transaction.atomic():
        invited(brand, boss, now)
        transaction.set_rollback(True)
    assert not Mail.objects.exists()
    assert not mail.send_mail_next(lambda: now)


def test_no_header_can_be_smuggled_in(post: smtp.Post, brand: Brand, now: datetime) -> None:
    with transaction.atomic():
        mail.plan(uuid4(), brand.pk, "ann@example.com", "Hello\nBcc: eve@example.com", "Text", now)
    assert send(now).state == "refused"
    assert not post.mails
