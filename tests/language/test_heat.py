"""How heated a text sounds by its form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from amends.language.heat import HOTTEST, heat

CALM = "My parcel has not come yet, could you look?"


@pytest.mark.parametrize(
    "heated",
    [
        "MY PARCEL HAS NOT COME YET",
        "My parcel has not come yet!!!",
        "My parcel has not come yet 🤬",
        "WO BLEIBT MEIN PAKET",
    ],
)
def test_form_tells_heat_in_any_language(heated: str) -> None:
    assert heat(heated, 0) > heat(CALM, 0) == 0


@pytest.mark.parametrize("calm", ["@BIGFIRM_HELP #STILLWAITING my parcel", "OK thx", "ETA? ok", "123!", ""])
def test_names_tags_and_short_words_are_no_shouting(calm: str) -> None:
    assert heat(calm, 0) == 0


@given(some.text(max_size=300), some.floats(0, 1), some.floats(0, 1))
def test_more_abuse_is_never_calmer_and_heat_stays_in_its_bounds(text: str, one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert 0 <= heat(text, less) <= heat(text, more) <= HOTTEST
