"""What any model must keep to, held against the shipped one and the stand-in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.core.values import Kind, Severity
from amends.language.model import Model, load
from amends.language.reading import Reading, Text
from amends.language.stand_in import StandIn

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400)
HOSTILE = (
    "",
    " ",
    "\x00\x01\x02",
    "\ud800\udfff\udc00",
    "\u202edelivered never\u202c",
    "👍🏽👩‍👩‍👧‍👦🇳🇴",
    "!" * 10_000,
    "ﷺ" * 3000,
    "é" * 3000,
    "a" * 1_000_000,
    "no refund " * 100_000,
    "https://" + "x" * 100_000,
    "@" * 5000,
    "<script>alert(1)</script>",
    "第三天没有网络，太棒了",
    "إنترنت مقطوع منذ ثلاثة أيام",
)


def fits(reading: Reading, text: str) -> None:
    assert 0.0 <= reading.complaint <= 1.0
    assert 0.0 <= reading.abuse <= 1.0
    assert (reading.kind is Kind.COMPLAINT) == reading.is_complaint
    assert (reading.severity is not Severity.NONE) == reading.is_complaint
    assert reading.lang
    for reason in reading.reasons:
        assert 0 <= reason.start < reason.end <= len(text)
        assert text[reason.start : reason.end].strip()


@pytest.mark.parametrize("model", [load(), StandIn(0.5)], ids=lambda m: m.name)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:12]))
def test_any_text_gets_a_reading(model: Model, text: str) -> None:
    (reading,) = model.read([Text(text)])
    fits(reading, text)
    assert reading.model == model.name


@given(st.lists(ANY_TEXT, max_size=6))
@settings(deadline=None, max_examples=150)
def test_a_batch_reads_as_its_texts_do_alone(texts: list[str]) -> None:
    model = load()
    together = model.read([Text(text) for text in texts])
    assert together == [model.read([Text(text)])[0] for text in texts]
    for text, reading in zip(texts, together, strict=True):
        fits(reading, text)


@given(ANY_TEXT, st.text(max_size=10))
@settings(deadline=None)
def test_the_given_language_may_be_anything(text: str, lang: str) -> None:
    (reading,) = load().read([Text(text, lang=lang)])
    assert 2 <= len(reading.lang) <= 3


def test_no_texts_no_readings() -> None:
    assert load().read([]) == []
    assert StandIn(0.1).read([]) == []


def test_batches_beyond_one_chunk_keep_their_order() -> None:
    texts = [Text("still no refund") if i % 3 else Text("thank you so much!") for i in range(301)]
    kinds = [r.kind for r in load().read(texts)]
    assert len(kinds) == 301
    assert len(set(kinds[0::3])) == 1
    assert set(kinds[1::3]) == {Kind.COMPLAINT}
    assert Kind.COMPLAINT not in kinds[0::3]


def test_only_the_beginning_of_a_very_long_text_is_read() -> None:
    head = "my parcel is lost and nobody answers. " * 200
    short, long = load().read([Text(head[:5000]), Text(head[:5000] + "thanks " * 100_000)])
    assert short == long


def test_a_megabyte_takes_no_longer_than_its_beginning() -> None:
    model = load()
    begun = time.process_time()
    model.read([Text("x y " * 250_000)] * 20)
    assert time.process_time() - begun < 5


def test_the_model_is_loaded_once() -> None:
    assert load() is load()


@pytest.mark.parametrize("share", [0.0, 0.06, 0.5, 1.0])
def test_the_stand_in_calls_its_share(share: float) -> None:
    readings = StandIn(share).read([Text(f"post number {i}") for i in range(4000)])
    assert sum(r.is_complaint for r in readings) / 4000 == pytest.approx(share, abs=0.02)
    assert readings == StandIn(share).read([Text(f"post number {i}") for i in range(4000)])


def test_the_stand_in_refuses_what_is_no_share() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        StandIn(1.5)
