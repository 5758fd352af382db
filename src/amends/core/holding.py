"""The holding reply: one honest line to somebody whom nobody can answer in time, or the reason for none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_serializer, model_validator

from amends.core import deadline
from amends.core.escalation import at
from amends.core.hours import Calendar
from amends.core.part import ChannelName, Part, Percent
from amends.core.targets import Language
from amends.core.values import Kind

PLACE = "{time}"
ENGLISH = "en"
LONGEST = 220
"""Code points of a text, so that with its label and the time it fits where 300 are allowed."""
ROUNDED_TO = 5
_ONE_LINE = r"^[^\x00-\x1f\x7f]+$"


def _with_a_place(text: str) -> str:
    if text.count(PLACE) != 1 or any(brace in text.replace(PLACE, "") for brace in "{}"):
        raise ValueError(f"write {PLACE} once where the time of the promise is to stand, and no other braces")
    return text


Template = Annotated[
    str, Field(min_length=1, max_length=LONGEST, pattern=_ONE_LINE), AfterValidator(_with_a_place)
]
Label = Annotated[str, Field(min_length=1, max_length=40, pattern=_ONE_LINE)]
Channels = frozenset[ChannelName]

TEXTS = {
    "en": "We have your message, but nobody has read it closely yet. "
    "A person will answer you here by this time: {time}.",
    "de": "Ihre Nachricht ist angekommen, aber noch hat sie niemand genau gelesen. "
    "Ein Mensch antwortet Ihnen hier, spätestens um diese Zeit: {time}.",
    "fr": "Votre message nous est parvenu, mais personne ne l’a encore lu attentivement. "
    "Une personne vous répondra ici, au plus tard à cette heure : {time}.",
    "es": "Hemos recibido su mensaje, pero nadie lo ha leído todavía con atención. "
    "Una persona le responderá aquí, como muy tarde a esta hora: {time}.",
}
LABELS = {
    "en": "Automatic reply:",
    "de": "Automatische Antwort:",
    "fr": "Réponse automatique :",
    "es": "Respuesta automática:",
}


class Automation(StrEnum):
    """What a channel's own rules say of a reply that no person sends."""

    ALLOWED = "allowed"
    LABELLED = "labelled"
    """It must be marked as automatic."""
    AFTER_PERSON_WROTE = "after_person_wrote"
    """Only to somebody who wrote to us first, once, and marked."""
    CONSENT = "consent"
    """Only with the express consent of whoever owns the account, and marked."""
    NEVER = "never"


class Holding(Part):
    """The holding reply (P4): off by default, and on the named channels only.

    It goes when `after_percent` of the target have passed, and promises an answer within so much working
    time. A language without a text is met with none, or in English where `english_elsewhere` says so.
    `consented` are the channels whose accounts' owner has agreed to automatic replies.
    """

    enabled: bool = False
    channels: Channels = frozenset()
    consented: Channels = frozenset()
    after_percent: Percent = 80
    update_within_minutes: Annotated[int, Field(ge=15, le=14 * 24 * 60)] = 240
    english_elsewhere: bool = False
    texts: dict[Language, Template] = TEXTS
    labels: dict[Language, Label] = LABELS

    @model_validator(mode="after")
    def _can_speak(self) -> Holding:
        if self.enabled and not self.channels:
            raise ValueError("holding replies are on, but for no channel; name them in “channels”")
        if self.english_elsewhere and ENGLISH not in self.texts:
            raise ValueError("there is no English text that could stand in for other languages")
        if bare := sorted(set(self.texts) - set(self.labels)):
            raise ValueError(f"say in “labels” how a reply in “{bare[0]}” is marked as automatic")
        return self

    @field_serializer("channels", "consented", when_used="json")
    def _in_order(self, channels: Channels) -> list[str]:
        return sorted(channels)

    @property
    def update_within(self) -> timedelta:
        """The working time within which an answer is promised."""
        return timedelta(minutes=self.update_within_minutes)


@dataclass(frozen=True, slots=True)
class Silence:
    """What is known of a person who waits, as far as a holding reply depends on it.

    `answered_at` and `held_at` are our last human answer to the person and our last holding reply that was
    not refused, in this case or another of theirs. `answering` means that somebody writes an answer right
    now or one is on its way, `wrote_to_us` that the person spoke to us and not just of us, `live` that the
    posts are no imported history.
    """

    channel: str
    kind: Kind
    since: datetime | None
    allowed: timedelta
    lang: str
    urgent: frozenset[str] = frozenset()
    abusive: bool = False
    answered_at: datetime | None = None
    held_at: datetime | None = None
    answering: bool = False
    wrote_to_us: bool = True
    live: bool = True


@dataclass(frozen=True, slots=True)
class Hold:
    """A holding reply to send, and the time until which it promises an answer."""

    text: str
    lang: str
    until: datetime
    labelled: bool


class WhyNot(StrEnum):
    """Why no holding reply goes."""

    OFF = "off"
    CHANNEL = "channel"
    HISTORY = "history"
    NOT_WAITING = "not_waiting"
    KIND = "kind"
    ABUSE = "abuse"
    NEEDS_A_PERSON = "needs_a_person"
    FORBIDDEN = "forbidden"
    NOT_TO_US = "not_to_us"
    NO_CONSENT = "no_consent"
    ANSWERED = "answered"
    HELD = "held"
    BEING_ANSWERED = "being_answered"
    NO_TEXT = "no_text"
    TOO_EARLY = "too_early"
    NO_TIME = "no_time"

    @property
    def words(self) -> str:
        """The reason as a sentence."""
        return _WORDS[self]


_WORDS = {
    WhyNot.OFF: "The policy sends no holding replies.",
    WhyNot.CHANNEL: "The policy sends no holding replies on this channel.",
    WhyNot.HISTORY: "This is imported history; nobody waits there now.",
    WhyNot.NOT_WAITING: "Nobody waits for an answer.",
    WhyNot.KIND: "Only complaints, questions and requests get a holding reply.",
    WhyNot.ABUSE: "What was written is abuse; a person decides what to answer.",
    WhyNot.NEEDS_A_PERSON: "Somebody may harm themselves; only a person may answer that.",
    WhyNot.FORBIDDEN: "This channel forbids automatic replies.",
    WhyNot.NOT_TO_US: "This channel allows automatic replies only to people who wrote to us first.",
    WhyNot.NO_CONSENT: "This channel asks for the account owner's consent, which the policy does not have.",
    WhyNot.ANSWERED: "The person has an answer already.",
    WhyNot.HELD: "The person had a holding reply already and no answer since.",
    WhyNot.BEING_ANSWERED: "Somebody is answering right now.",
    WhyNot.NO_TEXT: "The policy has no holding text in the person's language.",
    WhyNot.TOO_EARLY: "There is still time to answer within the target.",
    WhyNot.NO_TIME: "The opening hours leave no time that could be promised.",
}
_HELD_FOR = frozenset({Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST})
_FOR_A_PERSON = frozenset({"self-harm"})


def holding(
    silence: Silence,
    rule: Holding,
    automation: Automation,
    calendar: Calendar | None,
    zone: ZoneInfo,
    now: datetime,
) -> Hold | WhyNot:
    """The one line to send at `now`, or why there is none; every doubt is a reason for none.

    `automation` is what the channel says of itself; the time in the text is told in `zone`. The promise is
    rounded down to five minutes, so that the time that is kept is the one that was told.
    """
    lang = _spoken(silence.lang, rule)
    if why := next(_reasons(silence, rule, automation, calendar, lang, now), None):
        return why
    try:
        until = deadline.after(now, rule.update_within, calendar)
    except ValueError:
        return WhyNot.NO_TIME
    until = until.replace(minute=until.minute // ROUNDED_TO * ROUNDED_TO, second=0, microsecond=0)
    said = rule.texts[lang].replace(PLACE, _told(until, now, zone))
    labelled = automation is not Automation.ALLOWED
    return Hold(f"{rule.labels[lang]} {said}" if labelled else said, lang, until, labelled)


def due_at(silence: Silence, rule: Holding, calendar: Calendar | None) -> datetime | None:
    """When the reply is due, should nobody answer before; None without a wait."""
    if silence.since is None:
        return None
    return at(silence.since, silence.allowed, rule.after_percent, calendar)


def _reasons(
    silence: Silence,
    rule: Holding,
    automation: Automation,
    calendar: Calendar | None,
    lang: str,
    now: datetime,
) -> Iterator[WhyNot]:
    """Every reason against it, last of all that it is too early."""
    told = {
        **_of_the_case(silence, rule, lang),
        WhyNot.FORBIDDEN: automation is Automation.NEVER,
        WhyNot.NOT_TO_US: automation is Automation.AFTER_PERSON_WROTE and not silence.wrote_to_us,
        WhyNot.NO_CONSENT: automation is Automation.CONSENT and silence.channel not in rule.consented,
        WhyNot.ANSWERED: _follows(silence.answered_at, silence.since),
        WhyNot.HELD: silence.held_at is not None and not _follows(silence.answered_at, silence.held_at),
        WhyNot.BEING_ANSWERED: silence.answering,
    }
    yield from (reason for reason, holds in told.items() if holds)
    due = due_at(silence, rule, calendar)
    if due is None or now < due:
        yield WhyNot.TOO_EARLY


def _of_the_case(silence: Silence, rule: Holding, lang: str) -> dict[WhyNot, bool]:
    """What policy and case say by themselves, and time alone does not change."""
    return {
        WhyNot.OFF: not rule.enabled,
        WhyNot.CHANNEL: silence.channel not in rule.channels,
        WhyNot.HISTORY: not silence.live,
        WhyNot.NOT_WAITING: silence.since is None,
        WhyNot.KIND: silence.kind not in _HELD_FOR,
        WhyNot.ABUSE: silence.abusive,
        WhyNot.NEEDS_A_PERSON: bool(silence.urgent & _FOR_A_PERSON),
        WhyNot.NO_TEXT: not lang,
    }


def never(silence: Silence, rule: Holding) -> bool:
    """Whether no holding reply can go in this silence, whatever happens around it."""
    return silence.held_at is not None or any(
        _of_the_case(silence, rule, _spoken(silence.lang, rule)).values()
    )


def _follows(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one >= other


def _spoken(lang: str, rule: Holding) -> str:
    """The language to answer in; empty for none."""
    told = lang.lower().replace("_", "-").split("-")[0]
    if told in rule.texts:
        return told
    return ENGLISH if rule.english_elsewhere else ""


def _told(until: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time as people everywhere read it: 17:30 CET, with its date unless that is today."""
    local = until.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d}, "
    name = local.tzname() or ""
    return f"{day}{local:%H:%M} {name if name.isalpha() else 'UTC' + local.isoformat('T', 'minutes')[-6:]}"
