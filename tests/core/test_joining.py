"""Which case and which conversation a post belongs to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW

from amends.core.joining import Arriving, Because, Candidate, Link, case_for, conversation_key, words_of
from amends.core.policy import CaseRules

RULES = CaseRules()
HOUR = timedelta(hours=1)
LOST = "My parcel was lost by your driver again"


def case(
    number: int,
    *talks: int,
    is_open: bool = True,
    ago: float = 1,
    about: tuple[str, ...] = (),
    said: tuple[str, ...] = (),
) -> Candidate:
    words = frozenset(map(words_of, said))
    return Candidate(number, frozenset(talks), is_open, NOW - ago * HOUR, frozenset(about), words)


def post(
    talk: int = 99, text: str = "", about: tuple[str, ...] = (), answers: int | None = None, later: float = 0
) -> Arriving:
    return Arriving(talk, NOW + later * HOUR, text, frozenset(about), answers)


def joined(cases: list[Candidate], arriving: Arriving) -> tuple[int | None, Because]:
    found = case_for(cases, arriving, RULES)
    return found.case, found.because


def test_the_same_conversation_comes_first() -> None:
    same, near = case(1, 10, ago=100), case(2, 20)
    assert joined([near, same], post(10)) == (1, Because.CONVERSATION)


def test_a_case_that_ended_not_long_ago_is_joined_in_its_conversation_only() -> None:
    ended = case(1, 10, is_open=False, ago=24)
    assert joined([ended], post(10)) == (1, Because.CONVERSATION)
    assert joined([ended], post(11)) == (None, Because.ELSEWHERE)
    assert joined([case(1, 10, is_open=False, ago=24 * 20)], post(10)) == (None, Because.ELSEWHERE)


def test_else_the_open_case_last_spoken_of_within_the_policys_time() -> None:
    older, newer = case(1, 10, ago=40), case(2, 20, ago=4)
    assert joined([older, newer], post(30)) == (2, Because.NEAR)
    assert joined([older], post(30, later=40)) == (None, Because.ELSEWHERE)
    assert joined([], post(30)) == (None, Because.FIRST)


def test_a_late_post_joins_too() -> None:
    assert joined([case(1, 10, ago=0)], post(30, later=-5)) == (1, Because.NEAR)


def test_a_conversation_that_was_split_goes_on_where_it_is_answered_or_has_its_topic() -> None:
    cases = [case(1, 10, about=("delivery",), ago=5), case(2, 10, about=("billing",))]
    assert joined(cases, post(10)) == (2, Because.CONVERSATION)
    assert joined(cases, post(10, about=("delivery",))) == (1, Because.CONVERSATION)
    assert joined(cases, post(10, answers=1)) == (1, Because.ANSWERS)
    assert joined(cases, post(10, answers=77)) == (2, Because.CONVERSATION), "of somebody else"


def test_a_repetition_joins_wherever_it_stands_and_never_opens_another() -> None:
    ended = case(1, 10, is_open=False, ago=24 * 6, about=("delivery",), said=(LOST,))
    for text in (LOST, f"RT @ann: {LOST}!!", f"@brand {LOST.upper()} https://example.org/x"):
        assert joined([ended], post(30, text, ("billing",))) == (1, Because.REPEATS)
    assert joined([ended], post(30, LOST + ", really")) == (None, Because.ELSEWHERE)
    short = case(1, 10, is_open=False, said=("Hello?",))
    assert joined([short], post(30, "Hello?")) == (None, Because.ELSEWHERE)


def test_a_different_grievance_elsewhere_opens_another_case() -> None:
    about_delivery = case(1, 10, about=("delivery", "waiting"))
    assert joined([about_delivery], post(30, about=("billing",))) == (None, Because.DIFFERENT)
    for unsure in ((), ("waiting",), ("refund",), ("staff",), ("delivery", "billing")):
        assert joined([about_delivery], post(30, about=unsure)) == (1, Because.NEAR), unsure
    unknown = case(2, 20, about=("waiting",), ago=9)
    assert joined([unknown], post(30, about=("billing",))) == (2, Because.NEAR)
    assert joined([about_delivery, unknown], post(30, about=("billing",))) == (2, Because.NEAR)


@pytest.mark.parametrize(
    "text", ["And another problem: I was charged twice", "Noch ein anderes Thema: die Rechnung"]
)
def test_in_its_conversation_it_takes_words_that_announce_another_matter(text: str) -> None:
    cases = [case(1, 10, about=("delivery",))]
    assert joined(cases, post(10, text, ("billing",))) == (None, Because.DIFFERENT)
    assert joined(cases, post(10, text, ("delivery",))) == (1, Because.CONVERSATION)
    assert joined(cases, post(10, text)) == (1, Because.CONVERSATION)
    assert joined(cases, post(10, "I was charged twice", ("billing",))) == (1, Because.CONVERSATION)


def nothing(_: str) -> str | None:
    return None


def test_the_networks_own_conversation_holds() -> None:
    assert conversation_key(Link("2", "thread-9", "1"), {}, nothing) == "c:thread-9"


def test_a_parent_lends_its_id_until_it_comes() -> None:
    assert conversation_key(Link("2", "", "1"), {}, nothing) == "p:1"
    assert conversation_key(Link("1", "", ""), {}, nothing) == "p:1"
    assert conversation_key(Link("1", "", "1"), {}, nothing) == "p:1"


def test_known_parents_give_their_conversation() -> None:
    batch = {"2": Link("2", "", "1")}
    assert conversation_key(Link("3", "", "2"), batch, {"1": "#7"}.get) == "#7"


def test_circles_end_the_same_wherever_one_enters() -> None:
    links = {"a": Link("a", "", "b"), "b": Link("b", "", "c"), "c": Link("c", "", "a")}
    assert {conversation_key(link, links, nothing) for link in links.values()} == {"p:a"}


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_a_post_ends_where_the_post_it_answers_ends(parents: list[int]) -> None:
    links = {str(n): Link(str(n), "", str(parent)) for n, parent in enumerate(parents)}
    keys = {name: conversation_key(link, links, nothing) for name, link in links.items()}
    for name, link in links.items():
        assert keys[name] == keys[link.in_reply_to]
