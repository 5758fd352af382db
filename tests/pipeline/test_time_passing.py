"""What time alone brings about on a real desk: holding replies, the ladder, and each due thing once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import transaction
from tests.pipeline.conftest import Town

from amends.channels.fake_deeds import Saying
from amends.channels.fake_trouble import Trouble
from amends.core import events
from amends.core.policy import Policy
from amends.core.values import Direction, Doing, Role
from amends.pipeline import actions, answers, decide, sweep
from amends.store import alerts, models, policies, presence

LOST = "@brand my parcel is lost"
HOUR = timedelta(hours=1)
AN_HOUR = {"targets": dict.fromkeys(("critical", "high", "medium", "low", "none"), 60)}
HOLDS = {"holding": {"enabled": True, "channels": ["fake"]}, "time_zone": "Europe/Berlin"}


def publish(town: Town, **document: object) -> None:
    with transaction.atomic():
        policies.publish(town.brand.pk, Policy.model_validate(AN_HOUR | document), None, town.now())


def says(town: Town, lang: str = "de", text: str = LOST) -> str:
    town.stage.pass_time(1)
    return town.stage.network.say(Saying(town.stage.customer(), text, lang=lang)).id


def holding_replies() -> list[str]:
    return list(models.Send.objects.filter(automatic=True).order_by("pk").values_list("text", flat=True))


def record(action: str) -> int:
    return models.HistoryEntry.objects.filter(action=action).count()


def held(town: Town) -> models.Case:
    """A case whose holding reply stands on the network."""
    publish(town, **HOLDS)
    says(town)
    town.turn()
    town.turn(minutes=50)
    town.turn()
    return town.case()


def test_one_holding_line_goes_in_the_persons_language_marked_and_promising(town: Town) -> None:
    case = held(town)
    (said,) = town.stage.said_by_us()
    assert said.startswith("Automatische Antwort:")
    assert "CET" in said
    assert (case.held_at, case.promised_at) == (town.now(), town.now())
    assert case.due_at == case.promised_until
    assert case.promised_until
    assert HOUR * 4 - timedelta(minutes=5) < case.promised_until - town.now() <= HOUR * 4
    ours = models.Post.objects.get(direction=Direction.OUT)
    assert ours.automatic
    assert (case.first_answer_at, case.waiting_since) == (None, town.question().posted_at)
    assert town.question().answered_at is None
    for _ in range(4):
        town.turn(minutes=30)
    assert len(holding_replies()) == 1
    assert (record("holding reply written"), record("holding reply sent")) == (1, 1)


def test_a_persons_answer_keeps_the_promise_and_the_next_silence_may_be_held_again(town: Town) -> None:
    case = held(town)
    answers.reply(case, town.question(), "Found it.", decide.person(town.agent.pk), town.now())
    town.turn(minutes=1)
    case = town.case()
    assert (case.waiting_since, case.held_at, case.promised_until, case.due_at) == (None,) * 4
    assert case.first_answer_at is not None
    assert record("promise answered") == 1
    says(town, text="@brand it is lost again, my parcel")
    town.turn()
    town.turn(minutes=60 * 9)
    assert len(holding_replies()) == 2


def test_the_network_telling_first_of_a_holding_reply_answers_nobody(town: Town) -> None:
    publish(town, **HOLDS)
    says(town)
    town.turn()
    town.stage.pass_time(50 * 60)
    sweep.sweep(town.now())
    town.stage.break_next_send(Trouble.ERROR_AFTER)
    town.send()
    assert models.Send.objects.get().state == "unknown"
    town.fetch()
    assert town.case().waiting_since is not None
    assert models.Post.objects.get(direction=Direction.OUT).automatic
    town.turn(minutes=1)
    case = town.case()
    assert (case.first_answer_at, case.due_at) == (None, case.promised_until)
    assert models.Send.objects.get().state == "sent"
    assert len(town.stage.said_by_us()) == 1


def test_a_refused_holding_reply_takes_its_promise_back_and_is_not_tried_again(town: Town) -> None:
    publish(town, **HOLDS)
    says(town)
    town.turn()
    due = town.case().due_at
    town.stage.customer_blocks_us()
    for _ in range(4):
        town.turn(minutes=50)
    case = town.case()
    assert (case.promised_until, case.due_at) == (None, due)
    assert [send.state for send in models.Send.objects.all()] == ["refused"]


def test_who_is_being_answered_gets_no_holding_reply(town: Town) -> None:
    publish(town, **HOLDS)
    says(town)
    town.turn()
    town.stage.pass_time(55 * 60)
    at = presence.Place(town.agent.pk, "a1")
    presence.put(at, town.brand.pk, town.case().pk, Doing.ANSWERING, town.now())
    sweep.sweep(town.now())
    assert holding_replies() == []
    presence.leave(town.agent.pk, "a1")
    town.stage.pass_time(61)
    sweep.sweep(town.now())
    assert len(holding_replies()) == 1


@pytest.mark.parametrize("lang", ["it", ""])
def test_no_text_in_the_persons_language_no_holding_reply(town: Town, lang: str) -> None:
    publish(town, holding=HOLDS["holding"] | {"texts": {"de": "Bis {time}."}})  # type: ignore[operator]
    says(town, lang)
    town.turn()
    town.turn(minutes=50)
    assert holding_replies() == []


def steps() -> list[tuple[str, str]]:
    found = models.Alert.objects.order_by("at", "pk").values_list("does", "cause")
    return [(does, cause.rsplit("/", 1)[-1]) for does, cause in found]


def test_each_step_of_the_ladder_alerts_once(town: Town) -> None:
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    climbed = []
    for minutes in (31, 15, 10, 6, 60, 600):
        town.turn(minutes=minutes)
        sweep.sweep(town.now())
        climbed.append(len(steps()))
    assert climbed == [0, 1, 2, 3, 4, 4]
    assert steps() == [
        ("offer", "offer@75"),
        ("reassign", "reassign@90"),
        ("alert", "alert@100"),
        ("alert", "alert@200"),
    ]
    assert record("step passed over") == 1


def test_after_downtime_only_the_furthest_step_alerts(town: Town) -> None:
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    town.turn(minutes=600)
    assert steps() == [("alert", "alert@200")]
    assert record("step passed over") == 4


def test_the_assignee_is_nudged_and_one_at_work_keeps_the_case(town: Town) -> None:
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    by = decide.person(town.agent.pk)
    actions.take(town.case(), town.agent.pk, None, by, town.now())
    town.turn(minutes=31)
    (nudge,) = alerts.standing(town.agent.pk, town.brand.pk, Role.AGENT)
    assert nudge.does == "nudge"
    decide.happen(town.case().pk, events.Noted("Called the depot."), by, town.now())
    town.turn(minutes=24)
    assert [does for does, _ in steps()] == ["nudge", "offer"]
    assert town.case().assignee_id == town.agent.pk


def test_alerts_end_with_the_silence(town: Town) -> None:
    publish(town)
    town.stage.customer_says(LOST)
    town.turn()
    town.turn(minutes=61)
    boss = models.User.objects.create_user("sam@example.org")
    models.Membership.objects.create(user=boss, brand=town.brand, role=Role.SUPERVISOR)
    (alert,) = alerts.standing(boss.pk, town.brand.pk, Role.SUPERVISOR)
    assert alert.case_id == town.case().pk
    assert alerts.standing(town.agent.pk, town.brand.pk, Role.AGENT) == []
    decide.happen(town.case().pk, events.NeedsNoAnswer(), decide.person(town.agent.pk), town.now())
    assert alerts.standing(boss.pk, town.brand.pk, Role.SUPERVISOR) == []


SWEEP = """
import sys
from datetime import datetime
import django
django.setup()
from amends.pipeline import sweep
print("ready", flush=True)
sys.stdin.readline()
sweep.sweep(datetime.fromisoformat(sys.argv[1]))
"""


def test_two_sweeps_in_two_processes_do_each_due_thing_once(town: Town) -> None:
    publish(town, **HOLDS)
    number = 30
    for one in range(number):
        writer = town.stage.network.join(f"w{one}", f"W{one}").id
        town.stage.network.say(Saying(writer, LOST, lang="en"))
    town.turn()
    assert models.Case.objects.count() == number
    town.stage.pass_time(61 * 60)
    command = [sys.executable, "-c", SWEEP, town.now().isoformat()]
    sweeps = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in sweeps:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in sweeps:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    assert len(holding_replies()) == number
    assert record("holding reply written") == number
    assert models.Alert.objects.count() == models.Alert.objects.values("case").distinct().count()
    assert {does for does, _ in steps()} <= {"offer", "alert"}
