"""One person with several accounts, and never answered by two of us at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pipeline.conftest import Town
from tests.pipeline.persons import ByTopic, People, actions, at_once, body, sound

from amends.channels.fake_trouble import Trouble
from amends.core.answering import AnsweredByAnother
from amends.core.case import NotPossible
from amends.pipeline import answers, decide
from amends.pipeline.answers import Insist
from amends.store import case_facts, models

LOST, CHARGED = "my parcel is lost", "I was charged twice"
REPLY = (
    "answers.reply(models.Case.objects.get(pk={}), models.Post.objects.get(pk={}), 'Hello', "
    "decide.person({}), now)"
)


@pytest.fixture
def people(town: Town) -> People:
    town.model = ByTopic(1.0)
    return People(town)


def test_of_two_who_answer_at_once_in_two_processes_one_is_stopped(people: People) -> None:
    lost, charged = people.says(LOST), people.says(CHARGED)
    assert people.case(lost) != people.case(charged)
    deeds = [
        REPLY.format(people.case(posted).pk, people.post(posted).pk, people.person(who).pk)
        for posted, who in ((lost, "Ada"), (charged, "Ben"))
    ]
    said = sorted(at_once(people.town, *deeds))
    assert said[1] == "yes"
    assert "to this person is on its way" in said[0]
    assert models.Send.objects.count() == 1
    assert sound()


def test_another_is_stopped_until_they_insist_which_goes_on_record(people: People) -> None:
    lost, charged = people.says(LOST), people.says(CHARGED, "bert")
    people.link(lost, "bert")
    people.answers(lost, "Ada")
    people.answers(lost, "Ada")
    with pytest.raises(AnsweredByAnother, match="An answer by Ada to this person"):
        people.answers(charged, "Ben")
    people.answers(charged, "Ben", Insist(all_the_same=True))
    told: Any = body(people.case(charged), "reply written")["despite"]
    assert [each["person"] for each in told] == [people.person("Ada").pk]
    people.town.turn(minutes=1)
    people.answers(charged, "Cora")
    assert sound()


def test_an_answer_of_unknown_fate_is_not_sent_again_while_another_answers(people: People) -> None:
    lost = people.says(LOST)
    people.town.stage.break_next_send(Trouble.RESET)
    lone = people.answers(lost, "Ben")
    for _ in range(10):
        people.town.turn(minutes=6)
    lone.refresh_from_db()
    assert lone.state == "unknown"
    people.answers(lost, "Ada", Insist(all_the_same=True))
    cora = decide.person(people.person("Cora").pk)
    with pytest.raises(AnsweredByAnother, match="An answer by Ada to this person"):
        answers.settle_unknown(lone, True, "It is not there.", cora, people.town.now())
    people.town.turn(minutes=1)
    answers.settle_unknown(lone, True, "It is not there.", cora, people.town.now())
    people.town.turn(minutes=1)
    assert people.town.stage.said_by_us() == ["Ada looks into it.", "Ben looks into it."]
    assert sound()


def test_linked_accounts_join_one_case_and_count_together(people: People) -> None:
    lost = people.says(LOST)
    charged = people.says(CHARGED, "bert")
    people.link(lost, "bert")
    with pytest.raises(NotPossible, match="already"):
        people.link(charged, "anna")
    assert people.case(people.says("hello, anybody there", "bert", minutes=2)) == people.case(charged)
    assert people.case(people.says(LOST + " I say", "bert")) == people.case(lost)
    number = people.case(charged).pk
    assert case_facts.facts([number])[number].cases_before == 1
    for posted, account in ((lost, "@bert on fake"), (charged, "@anna on fake")):
        assert body(people.case(posted), "person linked")["account"] == account
    people.unlink(lost, "bert")
    assert actions(people.case(lost))[-1] == "person unlinked"
    assert case_facts.facts([number])[number].cases_before == 0
    assert set(models.Author.objects.values_list("person", flat=True)) == {None}
    with pytest.raises(NotPossible, match="not linked"):
        people.unlink(lost, "bert")
    assert sound()
