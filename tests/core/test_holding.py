"""The holding reply: to whom it goes and to whom never, what it says, and that it goes once a silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from amends.core import deadline
from amends.core.holding import LABELS, TEXTS, Automation, Hold, Holding, Silence, WhyNot, due_at, holding
from amends.core.hours import EVERY_DAY, Calendar, OpeningHours
from amends.core.values import Kind

SINCE = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DUE = SINCE + 48 * MINUTE
BERLIN = ZoneInfo("Europe/Berlin")
ON = Holding(enabled=True, channels=frozenset({"mastodon"}))
WAITING = Silence("mastodon", Kind.COMPLAINT, SINCE, 60 * MINUTE, "en")
OFFICE = Calendar(
    OpeningHours.model_validate({day: [{"opens": "09:00", "closes": "17:00"}] for day in EVERY_DAY[:5]}),
    BERLIN,
)


def tried(
    silence: Silence = WAITING,
    rule: Holding = ON,
    automation: Automation = Automation.ALLOWED,
    now: datetime = DUE,
    calendar: Calendar | None = None,
    zone: ZoneInfo = BERLIN,
) -> Hold | WhyNot:
    return holding(silence, rule, automation, calendar, zone, now)


def sent(found: Hold | WhyNot) -> Hold:
    assert isinstance(found, Hold), found
    return found


def test_it_says_that_nobody_has_read_it_and_when_a_person_will_answer() -> None:
    found = sent(tried(now=DUE + timedelta(seconds=59)))
    assert found.text == (
        "We have your message, but nobody has read it closely yet. "
        "A person will answer you here by this time: 17:45 CET."
    )
    assert (found.lang, found.labelled) == ("en", False)
    assert found.until == datetime(2026, 3, 4, 16, 45, tzinfo=UTC)


def test_it_is_off_until_a_policy_turns_it_on() -> None:
    assert tried(rule=Holding()) is WhyNot.OFF


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"channel": "x"}, WhyNot.CHANNEL),
        ({"live": False}, WhyNot.HISTORY),
        ({"since": None}, WhyNot.NOT_WAITING),
        ({"kind": Kind.PRAISE}, WhyNot.KIND),
        ({"kind": Kind.THANKS}, WhyNot.KIND),
        ({"kind": Kind.CHATTER}, WhyNot.KIND),
        ({"kind": Kind.SPAM}, WhyNot.KIND),
        ({"kind": Kind.OTHER}, WhyNot.KIND),
        ({"abusive": True}, WhyNot.ABUSE),
        ({"urgent": frozenset({"self-harm", "health"})}, WhyNot.NEEDS_A_PERSON),
        ({"answered_at": SINCE}, WhyNot.ANSWERED),
        ({"answered_at": SINCE + MINUTE, "held_at": SINCE - MINUTE}, WhyNot.ANSWERED),
        ({"held_at": SINCE - 500 * MINUTE}, WhyNot.HELD),
        ({"held_at": SINCE + MINUTE, "answered_at": SINCE - MINUTE}, WhyNot.HELD),
        ({"answering": True}, WhyNot.BEING_ANSWERED),
        ({"lang": "it"}, WhyNot.NO_TEXT),
        ({"lang": ""}, WhyNot.NO_TEXT),
        ({"lang": "und"}, WhyNot.NO_TEXT),
        ({"allowed": 61 * MINUTE}, WhyNot.TOO_EARLY),
    ],
)
def test_to_whom_it_never_goes(changes: dict[str, object], why: WhyNot) -> None:
    assert tried(replace(WAITING, **changes)) is why  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST])
def test_who_waits_for_an_answer_gets_it_again_only_after_a_person_has_answered(kind: Kind) -> None:
    earlier = replace(WAITING, kind=kind, held_at=SINCE - 90 * MINUTE, answered_at=SINCE - 60 * MINUTE)
    sent(tried(earlier))
    assert tried(replace(earlier, answered_at=SINCE - 91 * MINUTE)) is WhyNot.HELD


@pytest.mark.parametrize(
    ("automation", "changes", "outcome"),
    [
        (Automation.ALLOWED, {}, False),
        (Automation.LABELLED, {}, True),
        (Automation.NEVER, {}, WhyNot.FORBIDDEN),
        (Automation.AFTER_PERSON_WROTE, {}, True),
        (Automation.AFTER_PERSON_WROTE, {"wrote_to_us": False}, WhyNot.NOT_TO_US),
        (Automation.CONSENT, {}, WhyNot.NO_CONSENT),
        (Automation.LABELLED, {"wrote_to_us": False}, True),
    ],
)
def test_each_channel_s_rules_on_automation_are_kept(
    automation: Automation, changes: dict[str, object], outcome: bool | WhyNot
) -> None:
    found = tried(replace(WAITING, **changes), automation=automation)  # type: ignore[arg-type]
    if isinstance(outcome, WhyNot):
        assert found is outcome
    else:
        assert sent(found).labelled is outcome
        assert sent(found).text.startswith("Automatic reply: We") is outcome


def test_consent_is_by_channel_and_the_reply_is_marked() -> None:
    agreed = ON.model_copy(update={"consented": frozenset({"mastodon"})})
    assert sent(tried(rule=agreed, automation=Automation.CONSENT)).labelled
    elsewhere = ON.model_copy(update={"consented": frozenset({"google"})})
    assert tried(rule=elsewhere, automation=Automation.CONSENT) is WhyNot.NO_CONSENT


@pytest.mark.parametrize("lang", sorted(TEXTS))
def test_it_speaks_the_persons_language(lang: str) -> None:
    found = sent(tried(replace(WAITING, lang=f"{lang.upper()}_XX"), automation=Automation.LABELLED))
    assert found.lang == lang
    assert found.text == f"{LABELS[lang]} {TEXTS[lang]}".replace("{time}", "17:45 CET")
    assert len(found.text) < 240


def test_english_stands_in_only_where_the_policy_says_so() -> None:
    rule = ON.model_copy(update={"english_elsewhere": True})
    assert sent(tried(replace(WAITING, lang="it"), rule)).lang == "en"
    assert sent(tried(replace(WAITING, lang="de"), rule)).lang == "de"


@pytest.mark.parametrize(
    ("zone", "now", "told"),
    [
        ("Europe/Berlin", DUE, "17:45 CET"),
        ("Europe/Berlin", datetime(2026, 7, 1, 8, 2, tzinfo=UTC), "14:00 CEST"),
        ("Europe/Berlin", datetime(2026, 3, 4, 21, 0, tzinfo=UTC), "2026-03-05, 02:00 CET"),
        ("America/New_York", DUE, "11:45 EST"),
        ("Asia/Kathmandu", DUE, "22:30 UTC+05:45"),
        ("America/Sao_Paulo", DUE, "13:45 UTC-03:00"),
        ("UTC", DUE, "16:45 UTC"),
    ],
)
def test_the_promised_time_is_told_in_the_brands_zone(zone: str, now: datetime, told: str) -> None:
    assert sent(tried(now=now, zone=ZoneInfo(zone))).text.endswith(f"by this time: {told}.")


def test_the_promise_counts_working_time_and_names_the_day() -> None:
    friday = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)
    late = replace(WAITING, since=friday, allowed=30 * MINUTE)
    assert due_at(late, ON, OFFICE) == friday + 24 * MINUTE
    assert tried(late, now=friday + 23 * MINUTE, calendar=OFFICE) is WhyNot.TOO_EARLY
    found = sent(tried(late, now=friday + 25 * MINUTE, calendar=OFFICE))
    assert found.text.endswith("2026-03-09, 12:55 CET.")
    assert due_at(replace(WAITING, since=None), ON, OFFICE) is None


def test_no_time_is_promised_that_no_calendar_holds() -> None:
    rare = Calendar(OpeningHours.model_validate({"mon": [{"opens": "10:00", "closes": "10:01"}]}), BERLIN)
    assert (
        tried(replace(WAITING, allowed=MINUTE), now=SINCE + timedelta(days=9), calendar=rare)
        is WhyNot.NO_TIME
    )


moments = st.timedeltas(min_value=-timedelta(days=2), max_value=timedelta(days=2)).map(lambda d: SINCE + d)
silences = st.builds(
    Silence,
    channel=st.sampled_from(["mastodon", "x"]),
    kind=st.sampled_from(list(Kind)),
    since=st.none() | moments,
    allowed=st.timedeltas(min_value=MINUTE, max_value=timedelta(days=2)),
    lang=st.sampled_from(["en", "de", "fr-CA", "it", ""]),
    urgent=st.frozensets(st.sampled_from(["self-harm", "legal"])),
    abusive=st.booleans(),
    answered_at=st.none() | moments,
    held_at=st.none() | moments,
    answering=st.booleans(),
    wrote_to_us=st.booleans(),
    live=st.booleans(),
)


@given(silences, st.sampled_from(Automation), moments, st.booleans(), st.integers(15, 3000))
def test_whatever_is_sent_is_fitting_and_is_not_sent_twice(
    silence: Silence, automation: Automation, now: datetime, english: bool, within: int
) -> None:
    rule = ON.model_copy(update={"english_elsewhere": english, "update_within_minutes": within})
    found = tried(silence, rule, automation, now, OFFICE)
    if isinstance(found, WhyNot):
        assert found.words.endswith(".")
        return
    assert silence.kind in (Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST)
    assert (silence.abusive, silence.answering) == (False, False)
    assert "self-harm" not in silence.urgent
    assert silence.live
    assert silence.since is not None
    assert now > silence.since
    assert silence.answered_at is None or silence.answered_at < silence.since
    assert automation not in (Automation.NEVER, Automation.CONSENT)
    assert found.labelled is (automation is not Automation.ALLOWED)
    assert now < found.until <= deadline.after(now, rule.update_within, OFFICE)
    assert deadline.after(now, rule.update_within, OFFICE) - found.until < 5 * MINUTE
    held = replace(silence, held_at=now)
    later = now + timedelta(days=1)
    if silence.answered_at is None or silence.answered_at < now:
        assert tried(held, rule, automation, later, OFFICE) is WhyNot.HELD


@given(silences, moments, moments)
def test_time_alone_makes_it_due_once_and_for_all(silence: Silence, one: datetime, other: datetime) -> None:
    first, second = (tried(silence, now=now) for now in sorted((one, other)))
    if isinstance(first, Hold):
        assert isinstance(second, Hold)
    elif first is not WhyNot.TOO_EARLY:
        assert second is first


def test_the_defaults_survive_their_spelling_in_one_order() -> None:
    many = Holding(enabled=True, channels=frozenset({"x", "mastodon", "bluesky", "fake"}))
    document = many.model_dump(mode="json")
    assert document["channels"] == ["bluesky", "fake", "mastodon", "x"]
    assert Holding.model_validate(document) == many
    assert Holding.model_validate(Holding().model_dump(mode="json")) == Holding()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"enabled": True}, "for no channel"),
        ({"texts": {"en": "We will answer soon."}}, "write {time} once"),
        ({"texts": {"en": "By {time} or {time}."}}, "write {time} once"),
        ({"texts": {"en": "By {time}, {name}."}}, "no other braces"),
        ({"texts": {"en": "By {time}.\nSecond line"}}, "should match pattern"),
        ({"texts": {"en": "x" * 220 + "{time}"}}, "at most 220"),
        ({"texts": {"english": "By {time}."}}, "two letters"),
        ({"texts": {"it": "Entro {time}."}, "english_elsewhere": True}, "no English text"),
        ({"texts": {"it": "Entro {time}."}}, "in “it” is marked"),
        ({"update_within_minutes": 14}, "greater than or equal to 15"),
        ({"after_percent": 5}, "greater than or equal to 10"),
    ],
)
def test_refuses_a_holding_reply_that_makes_no_sense(document: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Holding.model_validate(document)
