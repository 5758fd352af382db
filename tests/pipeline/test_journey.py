"""From a public complaint to a calm answer on the network, and all that can go wrong on the way out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from tests.pipeline.conftest import Town

from amends.channels.fake_deeds import Saying
from amends.channels.fake_trouble import Trouble
from amends.core import events
from amends.core.case import NotPossible
from amends.core.policy import Policy
from amends.core.priority import BANDS
from amends.core.values import Resolution, Visibility
from amends.pipeline import act, actions, answers, decide, poll, sweep
from amends.pipeline.take import take_in
from amends.store import history, models, policies

WORDS = "Sorry about this, Anna. We are looking for your parcel now."


def answer(town: Town, text: str = WORDS) -> None:
    answers.reply(town.case(), town.question(), text, decide.person(town.agent.pk), town.now())


def send_state() -> str:
    return models.Send.objects.get().state


def test_a_public_complaint_is_answered_under_it_on_the_network(town: Town) -> None:
    posted = town.stage.customer_says("@brand my parcel is lost and nobody answers")
    at = town.now()
    town.turn(minutes=3)
    case = town.case()
    assert (case.opened_at, case.waiting_since) == (at, at)
    answer(town)
    town.turn(minutes=1)
    assert town.stage.said_by_us() == [WORDS]
    ours = models.Post.objects.get(direction="out")
    assert (ours.in_reply_to, ours.case_id, ours.text) == (posted, case.pk, WORDS)
    case = town.case()
    assert (case.waiting_since, case.due_at, case.sends_open, case.band) == (None, None, 0, -1)
    assert case.first_answer_at == ours.posted_at
    assert send_state() == "sent"
    assert list(history.faults()) == []


def test_everything_on_the_network_is_fetched_once_page_after_page(town: Town) -> None:
    said = [town.stage.customer_says(f"@brand still no parcel {number}") for number in range(230)]
    town.turn()
    kept = models.Post.objects.order_by("posted_at").values_list("remote_id", flat=True)
    assert list(kept) == said
    town.turn(minutes=1)
    assert models.Raw.objects.count() == 230
    town.stage.customer_says("@brand and now?")
    town.turn(minutes=1)
    assert models.Raw.objects.count() == 231


def test_our_own_answer_comes_back_in_the_poll_as_the_same_post(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answer(town)
    for _ in range(3):
        town.turn(minutes=1)
    assert models.Post.objects.filter(direction="out").count() == 1


def test_the_network_telling_us_of_our_answer_first_changes_nothing(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answer(town)
    town.stage.break_next_send(Trouble.DROP)
    town.send()
    assert send_state() == "unknown"
    town.stage.pass_time(2)
    town.fetch()
    assert town.case().waiting_since is None
    town.turn(minutes=1)
    assert send_state() == "sent"
    assert models.Post.objects.filter(direction="out").count() == 1
    assert town.case().sends_open == 0


@pytest.mark.parametrize("trouble", list(Trouble))
def test_no_trouble_on_the_way_sends_twice_or_loses_an_answer(town: Town, trouble: Trouble) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answer(town)
    town.stage.break_next_send(trouble)
    for _ in range(40):
        town.turn(minutes=2)
    said = town.stage.said_by_us()
    state = send_state()
    assert said in ([WORDS], [])
    assert (state == "sent") == (said == [WORDS])
    if state != "sent":
        assert state == "unknown"
        assert "Look there" in models.Send.objects.get().why
    assert list(history.faults()) == []


@pytest.mark.parametrize("again", [True, False])
def test_a_person_settles_what_nobody_can_find(town: Town, again: bool) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answer(town)
    town.stage.break_next_send(Trouble.RESET)
    for _ in range(10):
        town.turn(minutes=6)
    send = models.Send.objects.get()
    assert (send.state, town.stage.said_by_us()) == ("unknown", [])
    with pytest.raises(NotPossible, match="what you saw"):
        answers.settle_unknown(send, again, " ", decide.person(town.agent.pk), town.now())
    answers.settle_unknown(send, again, "It is not there.", decide.person(town.agent.pk), town.now())
    with pytest.raises(NotPossible, match="known by now"):
        answers.settle_unknown(send, again, "It is not there.", decide.person(town.agent.pk), town.now())
    town.turn(minutes=1)
    assert town.stage.said_by_us() == ([WORDS] if again else [])
    assert send_state() == ("sent" if again else "refused")
    assert town.case().sends_open == 0


def test_a_worker_that_dies_while_sending_leaves_a_send_to_be_looked_up(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answer(town)

    class Killed(BaseException):
        pass

    def dies_after_the_network_took_it(request: object) -> object:
        town.stage.wire(request)  # type: ignore[arg-type]
        raise Killed

    with pytest.raises(Killed):
        act.send_next(dies_after_the_network_took_it, town.now)  # type: ignore[arg-type]
    assert send_state() == "sending"
    assert sweep.sweep(town.now()) == 0
    town.stage.pass_time(act.STUCK_AFTER.total_seconds() + 1)
    sweep.sweep(town.now())
    assert send_state() == "unknown"
    town.turn(minutes=1)
    assert (send_state(), town.stage.said_by_us()) == ("sent", [WORDS])


def test_a_refusal_says_why_and_leaves_the_person_waiting(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    town.stage.customer_blocks_us()
    answer(town)
    town.turn(minutes=1)
    send = models.Send.objects.get()
    assert send.state == "refused"
    assert send.why
    assert town.case().waiting_since is not None


def test_what_cannot_be_sent_is_said_before_it_is_planned(town: Town) -> None:
    posted = town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    with pytest.raises(NotPossible, match="allows"):
        answer(town, "long " * 2000)
    town.stage.customer_deletes(posted)
    town.turn(minutes=1)
    with pytest.raises(NotPossible, match="deleted"):
        answer(town)
    models.Account.objects.update(active=False)
    models.Post.objects.update(deleted_at=None)
    with pytest.raises(NotPossible, match="No account"):
        answer(town)
    assert not models.Send.objects.exists()


def test_an_answer_from_outside_the_desk_stops_the_clock_too(town: Town) -> None:
    posted = town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    ours = town.stage.connected.remote_id
    town.stage.pass_time(60)
    town.stage.network.say(Saying(ours, "Found it!", posted, None, Visibility.PUBLIC))
    town.turn(minutes=1)
    case = town.case()
    assert case.waiting_since is None
    assert case.first_answer_at is not None


def test_follow_ups_join_and_a_word_after_the_end_reopens(town: Town) -> None:
    first = town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    town.stage.customer_says("@brand still nothing?", re=first)
    town.turn(minutes=20)
    case = town.case()
    assert (case.posts_in, case.waiting_since) == (2, town.question().posted_at)
    event = events.Resolved(Resolution.ANSWERED, "Found and delivered.")
    decide.happen(case.pk, event, decide.person(town.agent.pk), town.now())
    town.stage.customer_says("@brand it is broken!", re=first)
    town.turn(minutes=60)
    case = town.case()
    assert (case.state, case.posts_in) == ("open", 3)


def test_a_snoozed_case_comes_back_by_itself(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    until = town.now() + timedelta(hours=1)
    decide.happen(town.case().pk, events.Snoozed(until), decide.person(town.agent.pk), town.now())
    town.turn(minutes=30)
    assert town.case().state == "snoozed"
    town.turn(minutes=31)
    assert town.case().state == "open"


def test_a_case_that_starves_is_lifted_by_the_sweep(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    before = town.case().band
    town.turn(minutes=60 * 24 * 20)
    assert town.case().band == BANDS - 1 > before


def test_a_new_policy_puts_open_cases_on_its_clock(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    before = town.case()
    targets = dict.fromkeys(("critical", "high", "medium", "low", "none"), 7)
    with transaction.atomic():
        policies.publish(town.brand.pk, Policy.model_validate({"targets": targets}), None, town.now())
    assert sweep.sweep(town.now()) == 1
    after = town.case()
    assert before.waiting_since
    assert after.due_at == before.waiting_since + timedelta(minutes=7) != before.due_at
    assert after.policy_version == 2
    assert sweep.sweep(town.now()) == 0


def test_a_post_that_was_not_seen_when_we_answered_waits_though_it_is_older(town: Town) -> None:
    first = town.stage.customer_says("@brand my parcel is lost")
    town.turn(minutes=1)
    late = town.stage.customer_says("@brand my insulin is in it", re=first)
    posted = town.now()
    town.stage.pass_time(30)
    answer(town)
    town.send()
    assert town.case().waiting_since is None
    town.turn(minutes=1)
    case = town.case()
    assert (
        models.Post.objects.get(remote_id=late).posted_at < models.Post.objects.get(direction="out").posted_at
    )
    assert case.waiting_since == posted
    decide.happen(case.pk, events.NeedsNoAnswer(), decide.person(town.agent.pk), town.now())
    town.turn(minutes=1)
    assert town.case().waiting_since is None


def test_two_who_take_one_case_do_not_both_have_it(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    ada, ben = town.agent.pk, models.User.objects.create_user("ben@example.org", name="Ben").pk
    seen = town.case()
    actions.take(seen, ada, seen.assignee_id, decide.person(ada), town.now())
    with pytest.raises(NotPossible, match="meanwhile"):
        actions.take(seen, ben, seen.assignee_id, decide.person(ben), town.now())
    assert town.case().assignee_id == ada
    actions.take(seen, ben, ada, decide.person(ben), town.now())
    assert town.case().assignee_id == ben


def test_a_policy_that_cannot_be_read_costs_no_post_and_stops_no_other_brand(town: Town) -> None:
    town.stage.customer_says("@brand my parcel is lost")
    models.PolicyVersion.objects.filter(brand=town.brand).update(document={"name": "x"})
    policies.of_version.cache_clear()
    poll.poll_account(town.account.pk, town.stage.wire, town.now())
    with pytest.raises(policies.BadPolicy):
        take_in(town.model, town.now())
    assert models.Waiting.objects.get().raw_id == models.Raw.objects.get().pk
    assert sweep.sweep(town.now()) == 0
