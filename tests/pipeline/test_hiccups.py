"""Hiccups of networks, keys and databases: a short one costs little, none leaves a thing half done."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from tests.pipeline.conftest import Town

from amends.channels.fake_trouble import Fault, Trouble
from amends.pipeline import answers, decide, poll
from amends.site.cluster import Cluster
from amends.store import models

WORDS = "Sorry about this, Anna. We are looking for your parcel now."


def asked_and_answered(town: Town) -> models.Send:
    town.stage.customer_says("@brand my parcel is lost")
    town.turn()
    answers.reply(town.case(), town.question(), WORDS, decide.person(town.agent.pk), town.now())
    return models.Send.objects.get()


def pause_of(town: Town) -> timedelta:
    town.account.refresh_from_db()
    assert town.account.retry_at is not None
    return town.account.retry_at - town.now()


def test_one_hiccup_of_a_network_costs_seconds_and_a_long_silence_is_asked_ever_later(town: Town) -> None:
    town.turn()
    town.stage.pass_time(3)
    town.stage.break_next_poll(Trouble.ERROR)
    town.fetch()
    assert pause_of(town) == poll.PAUSE
    pauses = []
    for _ in range(8):
        town.stage.pass_time(pause_of(town).total_seconds())
        town.stage.break_next_poll(Trouble.RESET)
        town.fetch()
        pauses.append(pause_of(town))
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=3), poll.MOST_PAUSE)
    town.stage.pass_time(30)
    town.fetch()
    town.account.refresh_from_db()
    assert (town.account.retry_at, town.account.trouble) == (None, "")


@pytest.mark.parametrize("trouble", [Trouble.ERROR, Trouble.RESET, Trouble.RATE])
def test_a_look_up_that_fails_is_made_again_within_the_minute(town: Town, trouble: Trouble) -> None:
    asked_and_answered(town)
    town.stage.break_next_send(Trouble.DROP)
    town.send()
    town.stage.pass_time(10)
    town.stage.network.fail(Fault(trouble, "GET", "/api/posts"))
    town.look()
    assert models.Send.objects.get().state == "unknown"
    town.stage.pass_time(60)
    town.look()
    assert models.Send.objects.get().state == "sent"
    assert town.stage.said_by_us() == [WORDS]


def test_a_token_that_no_key_opens_keeps_the_answer_planned_and_says_so(town: Town) -> None:
    send = asked_and_answered(town)
    whole = bytes(models.Account.objects.get().token or b"")
    models.Account.objects.update(token=Fernet(Fernet.generate_key()).encrypt(b"lost"))
    town.send()
    send.refresh_from_db()
    assert (send.state, town.stage.said_by_us()) == ("planned", [])
    assert "secret.key" in send.why
    assert "secret.key" in models.Account.objects.get().trouble
    models.Account.objects.update(token=whole)
    town.turn(minutes=6)
    send.refresh_from_db()
    assert (send.state, town.stage.said_by_us()) == ("sent", [WORDS])


def test_settling_an_answer_of_unknown_fate_is_done_whole_or_not_at_all(town: Town, cluster: Cluster) -> None:
    send = asked_and_answered(town)
    town.stage.break_next_send(Trouble.RESET)
    for _ in range(10):
        town.turn(minutes=6)
    with psycopg.connect(cluster.url()) as somebody, connection.cursor() as cursor:
        somebody.execute("SELECT FROM store_case FOR UPDATE")
        cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError):
            answers.settle_unknown(send, True, "It is not there.", decide.person(town.agent.pk), town.now())
    send.refresh_from_db()
    assert send.state == "unknown"


@pytest.mark.parametrize("first", [Trouble.DROP, Trouble.RESET])
@pytest.mark.parametrize("second", [Trouble.DROP, Trouble.RESET, None])
def test_of_two_answers_in_the_same_words_each_is_known_for_itself(
    town: Town, first: Trouble, second: Trouble | None
) -> None:
    one = asked_and_answered(town)
    answers.reply(town.case(), town.question(), WORDS, decide.person(town.agent.pk), town.now())
    town.stage.break_next_send(first)
    if second:
        town.stage.break_next_send(second)
    town.send()
    for _ in range(10):
        town.turn(minutes=6)
    there = [trouble is not Trouble.RESET for trouble in (first, second)]
    sends = models.Send.objects.order_by("pk")
    assert len(town.stage.said_by_us()) == sum(there)
    assert [send.state for send in sends].count("sent") == sum(there)
    assert len({send.remote_id for send in sends if send.state == "sent"}) == sum(there)
    assert one.pk == sends[0].pk
    assert town.case().sends_open == 2 - sum(there)
