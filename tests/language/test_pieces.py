"""Any text as word pieces that know where they stood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.language.pieces import END, MOST, MOST_BEFORE, NOWHERE, VOCABULARY, cut

WORDS = VOCABULARY.read_text("utf-8").rstrip("\n").split("\n")


def pieces(text: str, before: str = "") -> list[str]:
    return [WORDS[i] for i in cut(text, before).ids]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Still nothing.", "still nothing ."),
        ("Größe ist ÜBEL", "gr ##o ##ße ist u ##bel"),
        ("can't, can’t", "can ' t , can ' t"),
        ("@BigFirm_Help see https://x.example/y?z=1 now", "@ user see ur ##l now"),
        ("great 🙃", "great upside down face"),
        ("ok 👍🏽", "ok thumbs up sign"),
        ("没有网", "[UNK] 有 [UNK]"),
        ("", ""),
    ],
)
def test_cutting(text: str, found: str) -> None:
    assert pieces(text)[1:-1] == found.split()


def test_each_piece_knows_its_word() -> None:
    text = "@ann Größe 🙃 nope"
    spans = [span for span in cut(text).spans if span != NOWHERE]
    assert list(dict.fromkeys(text[slice(*span)] for span in spans)) == ["@ann", "Größe", "🙃", "nope"]


def test_what_is_answered_follows_and_stands_nowhere() -> None:
    with_before, alone = cut("still nothing", "Did that help?"), cut("still nothing")
    assert with_before.ids[: with_before.own] == alone.ids
    assert set(with_before.spans[with_before.own :]) == {NOWHERE}
    assert pieces("still nothing", "Did that help?")[with_before.own :] == [
        "did",
        "that",
        "help",
        "?",
        "[SEP]",
    ]


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    text = " ".join(f"word{n}" for n in range(200)) + " final"
    long = cut(text, "what " * 100)
    assert long.own == MOST + 2
    assert len(long.ids) == MOST + 2 + MOST_BEFORE + 1
    assert text[slice(*long.spans[1])] == "word0"
    assert text[slice(*long.spans[MOST])] == "final"
    assert long.spans[MOST - END][0] < long.spans[MOST - END + 1][0]


def test_what_holds_nothing_to_read_is_empty() -> None:
    assert cut("").empty
    assert cut(" \n\u200d\x00").empty
    assert not cut("?").empty


@given(st.text(st.characters(exclude_categories=()), max_size=600), st.text(max_size=80))
def test_any_text_is_cut(text: str, before: str) -> None:
    found = cut(text, before)
    assert len(found.ids) == len(found.spans) <= MOST + MOST_BEFORE + 3
    assert all(0 <= i < len(WORDS) for i in found.ids)
    for start, end in found.spans:
        assert (start, end) == NOWHERE or 0 <= start < end <= len(text)
