"""Alerts beyond the screen: each once; a way that fails is told once, by those that work, until it works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings
from tests.pipeline import smtp
from tests.pipeline.conftest import Town
from tests.pipeline.receiver import Receiver, receiving
from tests.pipeline.test_time_passing import LOST, publish

from amends.channels.drive import Http
from amends.core import signed
from amends.core.values import Role
from amends.pipeline import actions, alert_settings, alerting, decide, sweep
from amends.pipeline.people_checks import BadField, NotForYou
from amends.store import alerts, models, sealed, ways


@pytest.fixture
def post(town: Town) -> Iterator[smtp.Post]:
    with (
        smtp.serving() as server,
        override_settings(
            EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port, EMAIL_USE_TLS=False, EMAIL_TIMEOUT=5
        ),
    ):
        yield server


@pytest.fixture
def receiver(town: Town) -> Iterator[Receiver]:
    with receiving() as found, override_settings(ALLOW_HOSTS=frozenset({found.place})):
        yield found


@pytest.fixture
def boss(town: Town) -> models.User:
    user = models.User.objects.create_user("sam@example.org", name="Sam")
    models.Membership.objects.create(user=user, brand=town.brand, role=Role.SUPERVISOR)
    return user


def wire(town: Town, place: str) -> Http:
    return Http(allow_hosts=frozenset({place}), now=town.now)


def deliver(town: Town, receiver: Receiver | None = None) -> int:
    """Let a worker deliver whatever is due now; how many tries it made."""
    tries = 0
    while alerting.send_mails_next(town.now):
        tries += 1
    if receiver:
        with wire(town, receiver.place) as http:
            while alerting.send_hook_next(http, town.now):
                tries += 1
    return tries


def late(town: Town, minutes: float = 61) -> None:
    """Somebody waits longer than an hour, which is the target."""
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    town.turn(minutes=minutes)


def states() -> list[tuple[str, str, int]]:
    rows = models.Delivery.objects.order_by("pk")
    return [(row.way, row.state, row.attempts) for row in rows]


def failing() -> list[models.Alert]:
    return list(models.Alert.objects.exclude(way="").order_by("pk"))


def hooked(town: Town, boss: models.User, receiver: Receiver) -> str:
    _, secret = alert_settings.make_hook(town.brand.pk, receiver.address, boss, town.now())
    return secret


def test_a_webhook_gets_each_alert_once_signed_and_without_anybodys_words(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    secret = hooked(town, boss, receiver)
    late(town)
    assert deliver(town, receiver) == 1
    assert deliver(town, receiver) == 0
    ((headers, body),) = receiver.came
    envelope = signed.Envelope(
        headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
    )
    assert signed.is_signed([signed.key_of(secret)], envelope, body)
    assert signed.is_timely(envelope, town.now())
    told = json.loads(body)
    assert (told["type"], told["does"], told["case"]["id"]) == ("alert", "alert", town.case().pk)
    assert told["delivery"] == headers["webhook-id"]
    assert "parcel" not in body.decode()
    assert town.case().author.handle not in body.decode()
    assert states() == [("webhook", "sent", 1)]


def test_mail_goes_to_whom_an_alert_tells_and_who_chose_it(
    town: Town, boss: models.User, post: smtp.Post
) -> None:
    other = models.User.objects.create_user("max@example.org", name="Max")
    models.Membership.objects.create(user=other, brand=town.brand, role=Role.ADMIN)
    for person in (boss, town.agent):
        alert_settings.choose_mail(town.brand.pk, person, True, town.now())
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    actions.take(town.case(), town.agent.pk, None, decide.person(town.agent.pk), town.now())
    town.turn(minutes=31)
    deliver(town)
    town.turn(minutes=15)
    deliver(town)
    town.turn(minutes=16)
    deliver(town)
    assert post.mails[0]["To"] == "ada@example.org"
    assert "that you have in hand waits" in post.mails[0]["Subject"]
    assert [mail["To"] for mail in post.mails if "waits too long" in mail["Subject"]] == ["sam@example.org"]
    assert not [mail for mail in post.mails if mail["To"] == "max@example.org"]
    assert LOST not in post.mails[-1].get_content()
    assert f"/cases/{town.case().pk}/" in post.mails[-1].get_content()


def test_what_comes_together_is_one_mail_and_the_next_waits_a_minute(
    town: Town, boss: models.User, post: smtp.Post
) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    publish(town)
    for name in "abc":
        town.stage.network.say(_by(town, name))
    town.turn()
    town.turn(minutes=61)
    assert deliver(town) == 1
    (mail,) = post.mails
    assert mail["Subject"].startswith("[The Brand] 3 alerts, first: ")
    assert mail.get_content().count("/cases/") == 3
    alert_settings.try_mail(town.brand.pk, boss, town.now())
    assert deliver(town) == 0
    town.stage.pass_time(61)
    assert deliver(town) == 1
    assert {state for _, state, _ in states()} == {"sent"}


def _by(town: Town, name: str):  # type: ignore[no-untyped-def]
    from amends.channels.fake_deeds import Saying

    return Saying(town.stage.network.join(name, name.upper()).id, LOST, lang="en")


def test_a_receiver_that_fails_and_comes_back_is_told_once_and_gets_everything(
    town: Town, boss: models.User, receiver: Receiver, post: smtp.Post
) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    hooked(town, boss, receiver)
    receiver.status = 503
    late(town)
    for _ in range(6):
        deliver(town, receiver)
        town.stage.pass_time(16 * 60)
    (alert,) = failing()
    assert (alert.role, alert.over_at) == ("supervisor", None)
    assert alert.why.endswith("answered 503.")
    on_screen = alerts.standing(boss.pk, town.brand.pk, Role.SUPERVISOR)
    assert [told.way for told in on_screen if told.way] == [alert.way]
    assert alerts.standing(town.agent.pk, town.brand.pk, Role.AGENT) == []
    mails = [mail for mail in post.mails if "Alerts by webhook to 127.0.0.1" in mail.get_content()]
    assert len(mails) == 1
    assert len(set(receiver.ids())) == 1
    receiver.status = 200
    deliver(town, receiver)
    assert failing()[0].over_at == town.now()
    assert not models.AlertTrouble.objects.exists()
    assert not models.Delivery.objects.filter(state="planned").exists()
    receiver.status = 500
    again = models.AlertHook.objects.get()
    alert_settings.try_hook(again, boss, town.now())
    for _ in range(4):
        deliver(town, receiver)
        town.stage.pass_time(16 * 60)
    assert len(failing()) == 2


def test_a_receiver_that_times_out_refuses_and_is_away_is_one_cause(
    town: Town, boss: models.User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerting, "HOOK_SECONDS", 0.3)
    hooked(town, boss, receiver)
    late(town)
    receiver.hangs.clear()
    assert deliver(town, receiver) == 1
    receiver.hangs.set()
    assert models.AlertTrouble.objects.get().why.startswith("No answer from")
    town.stage.pass_time(20)
    receiver.status = 403
    assert deliver(town, receiver) == 1
    assert failing() == []
    town.stage.pass_time(40)
    with wire(town, "elsewhere:1") as closed:
        assert alerting.send_hook_next(closed, town.now)
    assert len(failing()) == 1
    town.stage.pass_time(16 * 60)
    receiver.status = 200
    assert deliver(town, receiver) == 1
    assert states() == [("webhook", "sent", 4)]
    assert len(set(receiver.ids())) == 1
    assert failing()[0].over_at is not None


def test_a_way_that_fails_is_tried_with_one_delivery_at_a_time_and_then_gets_all(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    hooked(town, boss, receiver)
    publish(town)
    for name in "abc":
        town.stage.network.say(_by(town, name))
    town.turn()
    town.turn(minutes=61)
    receiver.status = 500
    assert deliver(town, receiver) == 1
    town.stage.pass_time(5)
    assert deliver(town, receiver) == 0
    town.stage.pass_time(10)
    assert deliver(town, receiver) == 1
    receiver.status = 204
    town.stage.pass_time(30)
    assert deliver(town, receiver) == 3
    assert {state for _, state, _ in states()} == {"sent"}


def test_a_receiver_may_ask_to_come_later_and_other_webhooks_do_not_wait_for_it(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    hooked(town, boss, receiver)
    receiver.status, receiver.headers = 429, {"retry-after": "3000"}
    late(town)
    deliver(town, receiver)
    town.stage.pass_time(2990)
    assert deliver(town, receiver) == 0
    with receiving() as other, override_settings(ALLOW_HOSTS=frozenset({other.place, receiver.place})):
        hooked(town, boss, other)
        alert_settings.try_hook(models.AlertHook.objects.latest("pk"), boss, town.now())
        assert deliver(town, other) == 1
        assert other.bodies()[0]["type"] == "trial"
    town.stage.pass_time(30)
    assert deliver(town, receiver) == 1


def test_mail_that_is_chosen_and_not_set_up_is_one_alert_at_once_and_over_when_it_is(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    hooked(town, boss, receiver)
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    for _ in range(3):
        alerting.look_after(town.now())
        deliver(town, receiver)
    (alert,) = failing()
    assert (alert.way, alert.why) == ("mail", alerting.NO_SERVER)
    (told,) = receiver.bodies()
    assert told["says"] == f"Alerts by mail fail: {alerting.NO_SERVER}"
    assert states() == [("webhook", "sent", 1)]
    assert told["case"] is None
    with override_settings(EMAIL_HOST="127.0.0.1"):
        alerting.look_after(town.now())
    assert failing()[0].over_at == town.now()
    alerting.look_after(town.now() + timedelta(minutes=1))
    assert len(failing()) == 2
    alert_settings.choose_mail(town.brand.pk, boss, False, town.now())
    alerting.look_after(town.now())
    assert all(alert.over_at for alert in failing())


def test_a_mail_server_that_is_away_is_one_cause_however_many_wait_for_it(
    town: Town, boss: models.User, post: smtp.Post
) -> None:
    other = models.User.objects.create_user("max@example.org", name="Max")
    models.Membership.objects.create(user=other, brand=town.brand, role=Role.ADMIN)
    for person in (boss, other):
        alert_settings.choose_mail(town.brand.pk, person, True, town.now())
    late(town)
    for _ in range(5):
        post.faults = {"greeting": 421}
        deliver(town)
        post.faults = {}
        town.stage.pass_time(16 * 60)
    assert [alert.way for alert in failing()] == ["mail"]
    deliver(town)
    assert sorted(mail["To"] for mail in post.mails) == ["max@example.org", "sam@example.org"]
    assert failing()[0].over_at is not None
    assert not models.Delivery.objects.filter(state="planned").exists()


def test_an_address_that_is_refused_is_its_own_cause_and_others_get_theirs(
    town: Town, boss: models.User, post: smtp.Post
) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    post.faults = {"recipient": 550}
    late(town)
    deliver(town)
    assert [alert.way for alert in failing()] == [ways.mail_to(boss.pk)]
    assert states() == [("mail", "refused", 1)]
    alert_settings.try_mail(town.brand.pk, boss, town.now())
    deliver(town)
    assert failing()[0].over_at is not None


def test_a_mail_of_unknown_fate_is_not_sent_again(town: Town, boss: models.User, post: smtp.Post) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    post.faults = {"verdict": 0}
    late(town)
    deliver(town)
    town.turn(minutes=30)
    deliver(town)
    assert states() == [("mail", "unknown", 1)]
    assert models.AlertTrouble.objects.get().tries == 1


def test_a_mail_whose_alert_is_seen_or_over_does_not_go(
    town: Town, boss: models.User, post: smtp.Post
) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    late(town)
    (alert,) = alerts.standing(boss.pk, town.brand.pk, Role.SUPERVISOR)
    alerts.seen(alert.id, boss.pk, town.brand.pk, Role.SUPERVISOR, town.now())
    deliver(town)
    assert (post.mails, states()) == ([], [("mail", "refused", 1)])


def test_who_has_left_gets_no_mail(town: Town, boss: models.User, post: smtp.Post) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    late(town)
    models.Membership.objects.filter(user=boss).delete()
    deliver(town)
    assert (post.mails, states()) == ([], [("mail", "refused", 1)])


SENDER = """
import sys
import django
django.setup()
from amends import clock
from amends.channels.drive import Http
from amends.pipeline import alerting
from datetime import datetime
at = datetime.fromisoformat(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
way, place = sys.argv[2:]
if way == "mail":
    alerting.send_mails_next(lambda: at)
else:
    with Http(allow_hosts=frozenset({place}), now=lambda: at) as wire:
        alerting.send_hook_next(wire, lambda: at)
"""


def sending(town: Town, way: str, place: str, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, town.now().isoformat(), way, place]
    kept = {**os.environ, **environ}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=kept)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def until(found, what: str) -> None:  # type: ignore[no-untyped-def]
    from tests.rig.processes import until as wait

    wait(found, 30, what, lambda: str(states()))


def test_a_sender_killed_mid_way_leaves_nothing_unsent_and_its_receiver_can_tell(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    hooked(town, boss, receiver)
    late(town)
    receiver.hangs.clear()
    process = sending(town, "hook", receiver.place)
    begin(process)
    until(lambda: len(receiver.came) == 1, "the receiver has it")
    killed(process)
    receiver.hangs.set()
    assert states() == [("webhook", "sending", 1)]
    assert deliver(town, receiver) == 0
    town.stage.pass_time(alerting.STUCK_AFTER.total_seconds() + 1)
    assert alerting.look_after(town.now()) == 1
    assert deliver(town, receiver) == 1
    assert states() == [("webhook", "sent", 2)]
    first, second = receiver.ids()
    assert first == second


@pytest.mark.parametrize(("at", "state"), [("recipient", "sent"), ("verdict", "unknown")])
def test_a_mailer_killed_before_the_text_went_is_repeated_and_after_it_never(
    town: Town, boss: models.User, post: smtp.Post, at: str, state: str
) -> None:
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    late(town)
    mailing = {"AMENDS_SMTP_HOST": "127.0.0.1", "AMENDS_SMTP_PORT": str(post.port), "AMENDS_SMTP_TLS": "none"}
    process = sending(town, "mail", "", **mailing)
    post.holds = at
    begin(process)
    until(lambda: post.held.is_set(), "the server holds it")
    killed(process)
    post.holds = ""
    post.goes_on.set()
    town.stage.pass_time(alerting.STUCK_AFTER.total_seconds() + 1)
    alerting.look_after(town.now())
    deliver(town)
    assert [each for _, each, _ in states()] == [state]
    assert len(post.mails) == 1


def four_workers(town: Town, receiver: Receiver) -> None:
    """Four processes deliver by webhook whatever is due, all beginning at once."""
    loop = "while alerting.send_hook_next(wire, lambda: at):\n            pass"
    script = SENDER.replace("alerting.send_hook_next(wire, lambda: at)", loop)
    command = [sys.executable, "-c", script, town.now().isoformat(), "hook", receiver.place]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        begin(worker)
    for worker in workers:
        worker.communicate(timeout=60)
        assert worker.returncode == 0


def test_four_workers_deliver_each_alert_once_and_tell_of_a_failure_once(
    town: Town, boss: models.User, receiver: Receiver, post: smtp.Post
) -> None:
    hooked(town, boss, receiver)
    alert_settings.choose_mail(town.brand.pk, boss, True, town.now())
    publish(town)
    for number in range(20):
        town.stage.network.say(_by(town, f"w{number}"))
    town.turn()
    town.stage.pass_time(61 * 60)
    sweep.sweep(town.now())
    receiver.status = 500
    for _ in range(3):
        four_workers(town, receiver)
        town.stage.pass_time(16 * 60)
    assert len(failing()) == 1
    deliver(town)
    town.stage.pass_time(61)
    deliver(town)
    assert len([mail for mail in post.mails if "Alerts by webhook" in mail.get_content()]) == 1
    receiver.status = 200
    receiver.came.clear()
    four_workers(town, receiver)
    assert len(receiver.ids()) == len(set(receiver.ids())) == 20
    assert failing()[0].over_at is not None


def test_only_supervisors_make_webhooks_and_only_of_good_addresses(
    town: Town, boss: models.User, receiver: Receiver
) -> None:
    with pytest.raises(NotForYou):
        hooked(town, town.agent, receiver)
    for address in (
        "http://example.org/plain",
        "ftp://example.org",
        "https://me:secret@example.org",
        "https://example.org/#part",
        "https://",
        "https://exa mple.org",
        "nothing",
        "https://example.org:99999/",
        "https://" + "a" * 1001,
    ):
        with pytest.raises(BadField):
            alert_settings.make_hook(town.brand.pk, address, boss, town.now())
    secret = hooked(town, boss, receiver)
    hook = models.AlertHook.objects.get()
    assert hook.host == receiver.place
    assert b"of-the-receiver" not in bytes(hook.address)
    assert sealed.open_(bytes(hook.secret)) == secret
    assert alert_settings.renew_hook(hook, boss, town.now()) != secret
    alert_settings.remove_hook(hook, boss, town.now())
    late(town)
    assert states() == []


def test_private_addresses_are_not_called(town: Town, boss: models.User, receiver: Receiver) -> None:
    hooked(town, boss, receiver)
    late(town)
    with wire(town, "elsewhere:1") as http:
        assert alerting.send_hook_next(http, town.now)
    assert receiver.came == []
    assert states() == [("webhook", "planned", 1)]


def test_what_fails_for_a_day_is_given_up(town: Town, boss: models.User, receiver: Receiver) -> None:
    hooked(town, boss, receiver)
    receiver.status = 500
    late(town)
    for _ in range(3):
        deliver(town, receiver)
        town.stage.pass_time(timedelta(hours=13).total_seconds())
    assert alerting.look_after(town.now()) == 1
    assert [state for _, state, _ in states()] == ["refused"]
    assert models.Delivery.objects.get().why.startswith("Given up after a day.")
    assert len(failing()) == 1
