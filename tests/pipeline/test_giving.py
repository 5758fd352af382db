"""Cases go to who is there, within everybody's limit, and come back from who is not; also with two sweeps."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.pipeline.conftest import Town
from tests.pipeline.test_time_passing import AN_HOUR, SWEEP
from tests.rig.processes import until

from amends.channels.fake_deeds import Saying
from amends.core import events
from amends.core.policy import Policy
from amends.core.values import Doing, Resolution, Role, Severity
from amends.pipeline import actions, answers, decide, sweep
from amends.pipeline import at_work as working
from amends.pipeline.people_checks import PeopleError
from amends.store import alerts, at_work, history, models, policies, presence

OFFICE = {day: [{"opens": "09:00", "closes": "17:00"}] for day in ("mon", "tue", "wed", "thu", "fri")}


def rule(town: Town, how: str = "round_robin", **assignment: object) -> None:
    document = AN_HOUR | {"assignment": {"how": how} | assignment}
    publish(town, document)


def publish(town: Town, document: dict[str, Any]) -> None:
    with transaction.atomic():
        policies.publish(town.brand.pk, Policy.model_validate(document), None, town.now())


def person(town: Town, name: str, role: Role = Role.AGENT, **work: object) -> models.User:
    user = models.User.objects.create_user(f"{name}@example.org", name=name.title())
    models.Membership.objects.create(user=user, brand=town.brand, role=role, **work)
    return user


def here(town: Town, *users: models.User) -> None:
    at_work.seen([user.pk for user in users], town.now())


def say(town: Town, number: int, lang: str = "en", start: int = 0) -> None:
    for one in range(start, start + number):
        writer = town.stage.network.join(f"w{one}", f"W{one}").id
        town.stage.network.say(Saying(writer, f"@brand my parcel {one} is lost", lang=lang))
        town.stage.pass_time(1)
    town.fetch()


def has() -> Counter[str | None]:
    """How many open cases each has."""
    return Counter(models.Case.objects.filter(state="open").values_list("assignee__name", flat=True))


def lines(action: str) -> list[dict[str, Any]]:
    found = models.HistoryContent.objects.filter(entry__action=action).order_by("entry_id")
    return [content.body for content in found]


def test_nobody_is_given_anything_unless_the_policy_says_so(town: Town) -> None:
    here(town, town.agent)
    say(town, 2)
    sweep.sweep(town.now())
    assert has() == {None: 2}
    rule(town)
    sweep.sweep(town.now())
    assert has() == {"Ada": 2}
    given = lines("assigned")
    assert given[0] == {"from": None, "to": town.agent.pk, "why": "It is their turn."}
    entry = models.HistoryEntry.objects.filter(action="assigned").first()
    assert entry is not None
    assert entry.actor == history.SYSTEM
    assert list(history.faults()) == []


def test_round_robin_is_fair_also_over_many_sweeps(town: Town) -> None:
    rule(town)
    ben, eve = person(town, "ben"), person(town, "eve")
    for turn in range(4):
        here(town, town.agent, ben, eve)
        say(town, 4, start=turn * 4)
        sweep.sweep(town.now())
    assert sorted(has().values()) == [5, 5, 6]


def test_the_most_urgent_go_first_where_there_is_room_for_few(town: Town) -> None:
    rule(town, usual_limit=2)
    here(town, town.agent)
    say(town, 3)
    worst = models.Case.objects.latest("pk")
    by = decide.person(town.agent.pk)
    decide.happen(worst.pk, events.Graded(Severity.CRITICAL, "a child"), by, town.now())
    sweep.sweep(town.now())
    worst.refresh_from_db()
    assert worst.assignee_id == town.agent.pk
    assert has() == {"Ada": 2, None: 1}
    decide.happen(worst.pk, events.Resolved(Resolution.ANSWERED, "By phone."), by, town.now())
    sweep.sweep(town.now())
    assert has() == {"Ada": 2}


def test_the_balanced_way_fills_by_share_of_the_limit(town: Town) -> None:
    rule(town, "balanced", usual_limit=12)
    here(town, town.agent, person(town, "ben", case_limit=4))
    say(town, 8)
    sweep.sweep(town.now())
    assert has() == {"Ada": 6, "Ben": 2}
    assert {line["why"] for line in lines("assigned")} == {"Most of their limit is free."}


def test_language_and_skill_come_first_and_a_missing_one_is_named(town: Town) -> None:
    rule(town, skills=[{"kind": "complaint", "channel": "fake", "skill": "Parcels "}])
    ben = person(town, "ben", languages=["de"], skills=["parcels"], case_limit=2)
    here(town, town.agent, ben)
    say(town, 3, lang="de")
    sweep.sweep(town.now())
    assert has() == {"Ben": 2, "Ada": 1}
    assert lines("assigned")[-1]["why"].endswith("nobody who is here and free knows the language de.")


def test_who_lacks_them_is_given_nothing_if_the_policy_says_so(town: Town) -> None:
    rule(town, anybody=False, skills=[{"kind": "complaint", "skill": "parcels"}])
    membership = models.Membership.objects.get(user=town.agent)
    here(town, town.agent)
    say(town, 1)
    sweep.sweep(town.now())
    assert has() == {None: 1}
    models.Membership.objects.filter(user=town.agent).update(role=Role.SUPERVISOR)
    working.set_work(membership, ["en"], ["PARCELS", " "], None, town.agent, town.now())
    sweep.sweep(town.now())
    assert has() == {"Ada": 1}


def test_only_who_is_there_is_given_cases(town: Town) -> None:
    rule(town)
    away = person(town, "ben")
    never, gone = person(town, "eve"), person(town, "dan")
    assert never.pk
    here(town, away, gone)
    working.set_away(away, [town.brand.pk], True, town.now())
    town.stage.pass_time(at_work.LAPSES.total_seconds())
    at_work.seen([away.pk], town.now())
    say(town, 1)
    sweep.sweep(town.now())
    assert has() == {None: 1}
    working.set_away(away, [town.brand.pk], False, town.now())
    sweep.sweep(town.now())
    assert has() == {"Ben": 1}


def test_a_case_that_opens_is_given_by_a_hint(town: Town) -> None:
    rule(town)
    here(town, town.agent)
    say(town, 1)
    assert ProcrastinateJob.objects.filter(task_name="amends.give").count() == 1


def test_what_is_being_answered_or_imported_is_given_to_nobody_else(town: Town) -> None:
    rule(town)
    ben = person(town, "ben")
    here(town, ben)
    say(town, 1)
    case = models.Case.objects.get()
    presence.put(presence.Place(town.agent.pk, "a1"), town.brand.pk, case.pk, Doing.ANSWERING, town.now())
    sweep.sweep(town.now())
    assert has() == {None: 1}
    presence.leave(town.agent.pk, "a1")
    models.Case.objects.update(clock_offset=timedelta(days=400))
    sweep.sweep(town.now())
    assert has() == {None: 1}
    models.Case.objects.update(clock_offset=timedelta(0))
    sweep.sweep(town.now())
    assert has() == {"Ben": 1}


def sweeps_at_once(town: Town, number: int) -> None:
    command = [sys.executable, "-c", SWEEP, town.now().isoformat()]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_two_sweeps_at_once_keep_every_limit_and_give_each_case_once(town: Town) -> None:
    rule(town, usual_limit=5)
    ben = person(town, "ben", case_limit=7)
    here(town, town.agent, ben)
    say(town, 30)
    here(town, town.agent, ben)
    sweeps_at_once(town, 2)
    assert has() == {"Ada": 5, "Ben": 7, None: 18}
    assert len(lines("assigned")) == 12
    assert list(history.faults()) == []


def waits_for_a_lock() -> bool:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as watcher:
        rows = watcher.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return rows.fetchone() is not None


def test_who_gives_meanwhile_is_waited_for_and_counted(town: Town) -> None:
    rule(town, usual_limit=5)
    say(town, 12)
    here(town, town.agent)
    command = [sys.executable, "-c", SWEEP, town.now().isoformat()]
    with transaction.atomic():
        for case in models.Case.objects.order_by("-pk")[:5]:
            actions.assign(case, town.agent.pk, decide.person(town.agent.pk), town.now())
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
        until(lambda: waits_for_a_lock() or other.poll() is not None, 30, "the other sweep waits")
    other.communicate(timeout=60)
    assert other.returncode == 0
    assert has() == {"Ada": 5, None: 7}


def taken(town: Town) -> models.Case:
    """A case that Ada took and has not touched since."""
    say(town, 1)
    case = models.Case.objects.get()
    actions.take(case, town.agent.pk, None, decide.person(town.agent.pk), town.now())
    return case


def steps(user: models.User, town: Town, role: Role) -> list[str]:
    return [told.does.value for told in alerts.standing(user.pk, town.brand.pk, role)]


def test_an_untouched_case_goes_to_somebody_else_and_never_back(town: Town) -> None:
    ladder = {"steps": [{"percent": 50, "does": "reassign"}, {"percent": 90, "does": "reassign"}]}
    publish(town, AN_HOUR | {"assignment": {"how": "balanced"}, "escalation": ladder})
    case, ben, boss = taken(town), person(town, "ben"), person(town, "sam", Role.SUPERVISOR, case_limit=0)
    here(town, town.agent, ben)
    town.stage.pass_time(31 * 60)
    here(town, town.agent, ben)
    sweep.sweep(town.now())
    case.refresh_from_db()
    assert case.assignee_id == ben.pk
    assert steps(ben, town, Role.AGENT) == ["reassign"]
    assert steps(town.agent, town, Role.AGENT) == steps(boss, town, Role.SUPERVISOR) == []
    town.stage.pass_time(25 * 60)
    here(town, town.agent, ben)
    sweep.sweep(town.now())
    case.refresh_from_db()
    assert case.assignee_id == ben.pk, "Ada has had it in this wait"
    assert lines("nobody free") == [{"assignee": ben.pk}]
    assert steps(boss, town, Role.SUPERVISOR) == ["reassign"]
    assert [line["to"] for line in lines("assigned")] == [town.agent.pk, ben.pk]


def test_where_nobody_is_there_the_supervisors_hear_of_it_and_the_breach_too(town: Town) -> None:
    rule(town, return_after_minutes=600)
    boss, case = person(town, "sam", Role.SUPERVISOR), taken(town)
    for minutes in (55, 6):
        town.stage.pass_time(minutes * 60)
        sweep.sweep(town.now())
    assert len(lines("nobody free")) == 1
    assert steps(boss, town, Role.SUPERVISOR) == ["alert", "reassign"]
    case.refresh_from_db()
    assert case.assignee_id == town.agent.pk


def test_with_assignment_off_a_case_to_be_given_on_is_told_to_the_supervisors(town: Town) -> None:
    publish(town, AN_HOUR)
    boss, case = person(town, "sam", Role.SUPERVISOR), taken(town)
    here(town, boss)
    town.stage.pass_time(55 * 60)
    sweep.sweep(town.now())
    assert steps(boss, town, Role.SUPERVISOR) == ["reassign"]
    case.refresh_from_db()
    assert case.assignee_id == town.agent.pk


def test_what_somebody_away_left_goes_back_after_working_time_and_is_given_anew(town: Town) -> None:
    publish(
        town,
        {
            "targets": dict.fromkeys(("critical", "high", "medium", "low", "none"), 400),
            "assignment": {"how": "round_robin"},
            "opening_hours": OFFICE,
        },
    )
    case = taken(town)
    at = town.now().replace(hour=16, minute=30) + timedelta(days=(0 - town.now().weekday()) % 7)
    town.stage.pass_time((at - town.now()).total_seconds())
    here(town, town.agent)
    working.set_away(town.agent, [town.brand.pk], True, town.now())
    ben = person(town, "ben")
    for minutes, whose in ((29, "Ada"), (16 * 60, "Ada"), (29, "Ada"), (3, "Ben")):
        town.stage.pass_time(minutes * 60)
        here(town, ben)
        sweep.sweep(town.now())
        case.refresh_from_db()
        assert case.assignee is not None
        assert case.assignee.name == whose, minutes
    back, given = lines("assigned")[-2:]
    assert back == {"from": town.agent.pk, "to": None, "why": "Whoever had it is away."}
    assert given["to"] == ben.pk


def test_out_of_sight_counts_as_away_only_where_the_desk_gives_cases(town: Town) -> None:
    publish(town, AN_HOUR)
    taken(town)
    town.stage.pass_time(5 * 3600)
    sweep.sweep(town.now())
    assert has() == {"Ada": 1}
    rule(town)
    here(town, town.agent)
    town.stage.pass_time(59 * 60)
    sweep.sweep(town.now())
    assert has() == {"Ada": 1}
    town.stage.pass_time(2 * 60)
    sweep.sweep(town.now())
    assert has() == {None: 1}


def test_what_a_colleague_gave_to_somebody_out_of_sight_stays_as_long(town: Town) -> None:
    rule(town)
    here(town, town.agent)
    say(town, 1)
    town.stage.pass_time(5 * 3600)
    case = models.Case.objects.get()
    ben = person(town, "ben")
    actions.assign(case, ben.pk, decide.person(town.agent.pk), town.now())
    town.stage.pass_time(59 * 60)
    sweep.sweep(town.now())
    assert has() == {"Ben": 1}
    town.stage.pass_time(2 * 60)
    sweep.sweep(town.now())
    assert has() == {None: 1}


def test_what_was_looked_after_stays_with_who_is_away(town: Town) -> None:
    rule(town)
    case = taken(town)
    by = decide.person(town.agent.pk)
    answers.reply(case, town.question(), "We look.", by, town.now())
    town.turn(minutes=1)
    here(town, town.agent)
    working.set_away(town.agent, [town.brand.pk], True, town.now())
    town.stage.pass_time(10 * 3600)
    sweep.sweep(town.now())
    assert has() == {"Ada": 1}


@pytest.mark.parametrize("how", ["switched off", "left"])
def test_who_does_not_work_here_any_more_keeps_nothing(town: Town, how: str) -> None:
    publish(town, AN_HOUR)
    taken(town)
    if how == "left":
        models.Membership.objects.filter(user=town.agent).delete()  # as if the case came in between
    else:
        models.User.objects.filter(pk=town.agent.pk).update(is_active=False)
    sweep.sweep(town.now())
    assert has() == {None: 1}
    assert lines("assigned")[-1]["why"] == "Whoever had it does not work here any more."


def test_somebody_is_away_on_record_and_once(town: Town) -> None:
    here(town, town.agent)
    working.set_away(town.agent, [town.brand.pk], True, town.now())
    since = town.now()
    town.stage.pass_time(60)
    working.set_away(town.agent, [town.brand.pk, 10**9], True, town.now())
    assert models.Membership.objects.get().away_since == since
    working.set_away(town.agent, [town.brand.pk], False, town.now())
    working.set_away(town.agent, [town.brand.pk], False, town.now())
    assert models.Membership.objects.get().away_since is None
    assert [len(lines(action)) for action in ("went away", "came back")] == [1, 1]


def test_what_somebody_knows_is_said_by_them_their_limit_by_supervisors(town: Town) -> None:
    mine = models.Membership.objects.get()
    boss = person(town, "sam", Role.SUPERVISOR)
    kept = working.set_work(mine, ["DE ", "en", ""], ["Legal", "legal "], None, town.agent, town.now())
    assert (kept.languages, kept.skills) == (["de", "en"], ["legal"])
    for languages, skills, limit, by, words in (
        (["de"], [], 3, town.agent, "for a supervisor"),
        (["german"], [], None, town.agent, "like de"),
        ([], ["x" * 41], None, town.agent, "at most 40"),
        ([], [f"s{n}" for n in range(21)], None, town.agent, "At most 20"),
        ([], [], -1, boss, "from 0"),
        ([], [], 3, person(town, "eve"), "Only a supervisor"),
    ):
        with pytest.raises(PeopleError, match=words):
            working.set_work(mine, languages, skills, limit, by, town.now())
    assert working.set_work(mine, ["de"], [], 3, boss, town.now()).case_limit == 3
    working.set_work(mine, ["de"], [], 3, boss, town.now())
    assert len(lines("work set")) == 2
