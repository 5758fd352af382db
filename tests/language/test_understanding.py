"""What the shipped model makes of texts that it never saw."""

from __future__ import annotations

import pytest
from tests.language.hand_written import CALM, COMPLAINTS, OTHERS, URGENT

from amends.core.values import Kind, Severity
from amends.language.model import load
from amends.language.reading import Reading, Text
from amends.language.train import corpus
from amends.language.train.measure import macro_f1


def read(text: str, lang: str | None = None) -> Reading:
    return load().read([Text(text, lang)])[0]


def test_none_of_these_texts_is_among_the_training_texts() -> None:
    learnt = {example.text.casefold() for example in corpus.own()}
    assert not learnt & {text.casefold() for text in (*COMPLAINTS, *OTHERS, *URGENT, *CALM)}


def test_complaints_are_told_from_the_rest() -> None:
    readings = load().read([Text(text) for text in (*COMPLAINTS, *OTHERS)])
    truth = [True] * len(COMPLAINTS) + [False] * len(OTHERS)
    assert macro_f1(truth, [r.is_complaint for r in readings]) >= 0.85


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What time do you open on Sunday?", Kind.QUESTION),
        ("Thank you, that fixed it!", Kind.THANKS),
        ("Please add me to the mailing list", Kind.REQUEST),
        ("My order never turned up and nobody replies to my emails", Kind.COMPLAINT),
        ("", Kind.OTHER),
    ],
)
def test_plain_kinds(text: str, kind: Kind) -> None:
    assert read(text).kind is kind


@pytest.mark.parametrize(("text", "signal"), URGENT.items())
def test_urgent_signals_are_found_with_their_words(text: str, signal: str) -> None:
    reading = read(text)
    assert signal in reading.urgent
    assert any(reason.label == f"urgent:{signal}" for reason in reading.reasons)


@pytest.mark.parametrize("text", CALM)
def test_calm_texts_raise_no_signal(text: str) -> None:
    assert read(text).urgent == ()
    assert read(text).abuse < 0.5


def test_what_is_only_perhaps_there_is_not_said_to_be_there() -> None:
    readings = load().read([Text(example.text) for example in corpus.judged("urgent")[:200]])
    assert any(reading.perhaps for reading in readings)
    assert not any(set(reading.perhaps) & set(reading.urgent) for reading in readings)


def test_a_grave_signal_in_a_complaint_makes_it_at_least_high() -> None:
    reading = read("your heater caught fire last night and nobody answers the phone")
    assert reading.is_complaint
    assert reading.severity in {Severity.HIGH, Severity.CRITICAL}


def test_insults_and_threats_are_abuse_and_civil_words_are_none() -> None:
    civil = read("this is not what I ordered").abuse
    insult = read("fuck off you morons").abuse
    threat = read("I know where you live and I will find you").abuse
    assert civil < 0.5 < insult
    assert threat > 0.5
    assert read("Danke, ihr seid toll", "de").abuse < 0.5
    assert read("ihr seid alle Vollidioten", "de").abuse > 0.5


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Where is my parcel? It was supposed to be here on Monday", "en"),
        ("Wo bleibt mein Paket? Es sollte am Montag hier sein", "de"),
        ("Où est mon colis ? Il devait arriver lundi", "fr"),
        ("¿Dónde está mi paquete? Tenía que llegar el lunes", "es"),
        ("Waar blijft mijn pakket? Het zou maandag komen", "nl"),
        ("Где моя посылка? Обещали в понедельник", "ru"),
        ("12345 👍", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, lang: str) -> None:
    assert read(text).lang == lang


def test_the_language_that_the_network_told_stands() -> None:
    assert read("ok", "pt-BR").lang == "pt"
    assert read("Where is my parcel", "und").lang == "en"


def test_the_words_that_carried_a_complaint_are_pointed_out() -> None:
    text = "Hello. My parcel is lost and nobody answers"
    words = " ".join(text[r.start : r.end] for r in read(text).reasons if r.label == "complaint")
    assert "nobody" in words
