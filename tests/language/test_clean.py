"""Words as they are cleaned, and where they stood."""

from __future__ import annotations

import pytest

from amends.language.clean import clean


def plain(text: str) -> list[str]:
    cleaned = clean(text)
    return cleaned.words[cleaned.added :]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Sooooo BAD", ["soo", "bad"]),
        ("@Shop see https://a.example/x?y now", ["xxuser", "see", "xxlink", "now"]),
        ("I’m at 1234567", ["i'm", "at", "00000"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine"]),
        ("what?! no!!! why? ok…", ["what", "?!", "no", "!!", "why", "?", "ok", "..."]),
        ("fine :-) no :(", ["fine", ":)", "no", ":("]),
        ("Straße 👍", ["strasse", "👍"]),
        ("<b>hi</b>", ["b", "hi", "b"]),
        ("\u202e\x00\ud800", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert plain(text) == words


def test_spans_point_into_the_text_as_given() -> None:
    text = "  Réfund\u200b  ＮＯＷ 👍"
    cleaned = clean(text)
    stood = [text[a:b] for a, b in cleaned.spans if a >= 0]
    assert stood == ["Réfund", "ＮＯＷ", "👍"]


def test_nothing_is_empty_and_a_sign_is_not() -> None:
    assert clean("").empty
    assert clean("\n\t").empty
    assert not clean("👍").empty


def test_shouting_is_told() -> None:
    assert "xxshouted" in clean("WHERE IS MY ORDER").words
    assert "xxshouted" not in clean("Where is my ORDER").words
