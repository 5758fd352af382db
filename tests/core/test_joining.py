"""Which case and which conversation a post belongs to."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW

from amends.core.joining import Candidate, Link, case_for, conversation_key
from amends.core.policy import CaseRules

RULES = CaseRules()
HOUR = timedelta(hours=1)


def test_the_same_conversation_comes_first() -> None:
    same = Candidate(1, 10, is_open=True, last_post_at=NOW - 100 * HOUR)
    near = Candidate(2, 20, is_open=True, last_post_at=NOW - HOUR)
    assert case_for([near, same], 10, NOW, RULES) == 1


def test_a_case_that_ended_not_long_ago_is_joined_in_its_conversation_only() -> None:
    ended = Candidate(1, 10, is_open=False, last_post_at=NOW - 24 * HOUR)
    assert case_for([ended], 10, NOW, RULES) == 1
    assert case_for([ended], 11, NOW, RULES) is None
    long_ago = Candidate(1, 10, is_open=False, last_post_at=NOW - 24 * 20 * HOUR)
    assert case_for([long_ago], 10, NOW, RULES) is None


def test_else_the_open_case_last_spoken_of_within_the_policys_time() -> None:
    older = Candidate(1, 10, is_open=True, last_post_at=NOW - 40 * HOUR)
    newer = Candidate(2, 20, is_open=True, last_post_at=NOW - 4 * HOUR)
    assert case_for([older, newer], 30, NOW, RULES) == 2
    assert case_for([older], 30, NOW + 40 * HOUR, RULES) is None


def test_a_late_post_joins_too() -> None:
    open_case = Candidate(1, 10, is_open=True, last_post_at=NOW)
    assert case_for([open_case], 30, NOW - 5 * HOUR, RULES) == 1


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
