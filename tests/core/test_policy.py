"""The policy document: what it takes, what it refuses, and that it survives its own spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.core.calendars import hard_instants, openings, zones

from amends.core import deadline, public_holidays
from amends.core.policy import Policy
from amends.core.values import Role, Severity, Standing

MONDAYS = {"mon": [{"opens": "08:00", "closes": "18:00"}]}


def test_the_defaults_are_a_whole_policy_and_survive_their_spelling() -> None:
    assert Policy.model_validate(Policy().model_dump(mode="json")) == Policy()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"time_zone": "Mars/Olympus"}, "not a known time zone"),
        ({"targets": {"high": 0}}, "greater than or equal to 1"),
        ({"target": {}}, "Extra inputs"),
        ({"opening_hours": {}}, "without one open span"),
        ({"opening_hours": {"mon": [{"opens": "12:00", "closes": "08:00"}]}}, "must close after it opens"),
        ({"opening_hours": {"mon": [{"opens": "08:00Z", "closes": "12:00"}]}}, "own time zone"),
        (
            {"targets": {"none": 86400}, "opening_hours": {"mon": [{"opens": "08:00", "closes": "08:05"}]}},
            "too short to keep",
        ),
        ({"channel_targets": {"a\x00b": {}}}, "should match pattern"),
        ({"channel_targets": {"x": 5}}, "instance of SomeTargets"),
        ({"channel_targets": 7}, "Extra inputs"),
        ({"channel_targets": {"x": {}}, "target_rules": 7}, "Extra inputs"),
        ({"target_rules": [{"first_answer": {"low": 5}}]}, "must name a channel"),
        ({"target_rules": [{"channel": "x"}]}, "minutes for at least one severity"),
        ({"target_rules": [{"language": "deu", "first_answer": {"low": 5}}]}, "as two letters"),
        ({"target_rules": [{"standing": "vip", "first_answer": {"low": 5}}]}, "'ordinary' or 'priority'"),
        ({"opening_hours": {**MONDAYS, "holidays": [{"country": "ZZ"}]}}, "“ZZ” are not known"),
        ({"opening_hours": {**MONDAYS, "holidays": [{"country": 7}]}}, "valid string"),
        ({"opening_hours": {**MONDAYS, "holidays": ["DE"]}}, "instance of Holidays"),
        (
            {"opening_hours": {**MONDAYS, "holidays": [{"country": "DE", "subdivision": "XX"}]}},
            "DE has no subdivision “XX”: it knows BB, BE",
        ),
        (
            {"opening_hours": {**MONDAYS, "holidays": [{"country": "AD", "subdivision": "XX"}]}},
            "it knows",
        ),
        ({"opening_hours": {**MONDAYS, "special_days": [{"date": 7}]}}, "write dates like 2026-12-24"),
        ({"opening_hours": {**MONDAYS, "special_days": [{"date": "24.12."}]}}, "valid date"),
        (
            {"opening_hours": {**MONDAYS, "special_days": [{"date": "2026-12-24"}] * 2}},
            "2026-12-24 is there twice",
        ),
        ({"opening_hours": {**MONDAYS, "time_zone": "Mars/Olympus"}}, "not a known time zone"),
        ({"channel_hours": {"x": {"mon": [{"opens": "08:00", "closes": "08:40"}]}}}, "channel “x” are too"),
        (
            {
                "target_rules": [{"channel": "x", "resolution": {"low": 40000}}],
                "channel_hours": {"x": MONDAYS},
            },
            "too short to keep",
        ),
        ({"cases": {"join_within_hours": 0}}, "greater than or equal to 1"),
    ],
)
def test_refuses_what_makes_no_sense(document: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Policy.model_validate(document)


def test_severities_and_roles_are_ordered() -> None:
    assert [Severity.of_level(level) for level in range(-1, 6)] == [
        Severity.NONE,
        Severity.NONE,
        Severity.LOW,
        Severity.MEDIUM,
        Severity.HIGH,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]
    assert Role.ADMIN.covers(Role.AGENT)
    assert not Role.AGENT.covers(Role.SUPERVISOR)


def test_old_documents_keep_the_targets_of_their_channels() -> None:
    old = {
        "channel_targets": {"x": {"medium": 5}, "y": {"low": 7}},
        "target_rules": [{"channel": "x", "first_answer": {"medium": 6}}],
        "targets": {"high": 99},
    }
    policy = Policy.model_validate(old)
    assert [minutes(policy, "x", severity) for severity in Severity] == [480, 180, 5, 30, 15]
    assert [minutes(policy, "y", severity) for severity in Severity] == [480, 7, 60, 30, 15]
    assert minutes(policy, "z", Severity.HIGH) == 99
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy
    assert "channel_targets" not in policy.model_dump(mode="json")


def minutes(
    policy: Policy,
    channel: str,
    severity: Severity,
    language: str = "",
    standing: Standing = Standing.ORDINARY,
) -> float:
    return policy.target(channel, severity, language, standing) / timedelta(minutes=1)


def test_the_rule_that_names_most_holds_for_each_severity() -> None:
    policy = Policy.model_validate(
        {
            "target_rules": [
                {"language": "DE ", "first_answer": {"low": 1, "high": 2}},
                {"channel": "x", "first_answer": {"low": 3, "medium": 4}},
                {"channel": "x", "first_answer": {"low": 5, "critical": 6}},
                {"channel": "x", "language": "de", "first_answer": {"medium": 7}},
                {
                    "channel": "x",
                    "language": "de",
                    "standing": "priority",
                    "first_answer": {"high": 8},
                    "resolution": {"low": 9},
                },
                {"standing": "ordinary", "resolution": {"none": 10}},
            ]
        }
    )
    assert [minutes(policy, "x", s, "de") for s in Severity] == [480, 1, 7, 2, 6]
    assert [minutes(policy, "x", s, "de", Standing.PRIORITY) for s in Severity] == [480, 1, 7, 8, 6]
    assert [minutes(policy, "x", s, "de-AT") for s in Severity] == [480, 1, 7, 2, 6]
    assert [minutes(policy, "x", s, "fr") for s in Severity] == [480, 3, 4, 30, 6]
    assert [minutes(policy, "y", s, "de") for s in Severity] == [480, 1, 60, 2, 15]
    assert [minutes(policy, "y", s) for s in Severity] == [480, 180, 60, 30, 15]
    low, none, a_day = Severity.LOW, Severity.NONE, timedelta(minutes=480)
    assert policy.resolution_target("x", low, "de", Standing.PRIORITY) == timedelta(minutes=9)
    assert policy.resolution_target("x", low, "de") == 5 * a_day
    assert policy.resolution_target("y", none) == timedelta(minutes=10)
    assert policy.resolution_target("y", none, "", Standing.PRIORITY) == 5 * a_day
    assert Policy().resolution_target("y", Severity.CRITICAL) == a_day


def test_a_channel_may_keep_hours_of_its_own() -> None:
    policy = Policy.model_validate(
        {"time_zone": "Europe/Berlin", "channel_hours": {"x": {**MONDAYS, "time_zone": "Asia/Tokyo"}}}
    )
    assert policy.calendar("y") is None
    own = policy.calendar("x")
    assert own is not None
    assert own.zone.key == "Asia/Tokyo"
    assert own is policy.calendar("x")
    common = Policy.model_validate({"time_zone": "Europe/Berlin", "opening_hours": MONDAYS}).calendar("x")
    assert common is not None
    assert common.zone.key == "Europe/Berlin"


def test_holidays_are_spelled_as_the_package_knows_them() -> None:
    policy = Policy.model_validate(
        {
            "opening_hours": {
                **MONDAYS,
                "holidays": [{"country": " de ", "subdivision": "by"}, {"country": "US"}],
            }
        }
    )
    assert policy.opening_hours is not None
    germany, states = policy.opening_hours.holidays
    assert (germany.country, germany.subdivision, states.subdivision) == ("DE", "BY", None)
    assert public_holidays.names()["US"] == "United States"
    assert set(public_holidays.names()) == set(public_holidays.countries())


@settings(max_examples=60, deadline=None)
@given(st.data(), zones, st.integers(1, 86400))
def test_what_a_policy_promises_can_always_be_counted(data: st.DataObject, zone: object, low: int) -> None:
    hours = data.draw(zones.flatmap(openings))
    try:
        policy = Policy(opening_hours=hours).model_copy(update={"time_zone": str(zone)})
        policy = Policy.model_validate(policy.model_dump() | {"resolution": {"low": low}})
    except ValidationError:
        return
    calendar = policy.calendar("x")
    assert calendar is not None
    start = data.draw(zones.flatmap(hard_instants))
    longest = max(policy.resolution_target("x", severity) for severity in Severity)
    assert deadline.after(start, longest, calendar) > start


def test_long_closures_are_reckoned_with() -> None:
    week = {"mon": [{"opens": "08:00", "closes": "16:00"}]}
    closed = [
        {"date": str(datetime(2026, 1, 5, tzinfo=UTC).date() + timedelta(days=7 * n))} for n in range(60)
    ]
    with pytest.raises(ValidationError, match="too short to keep"):
        Policy.model_validate({"opening_hours": {**week, "special_days": closed}})
    spread = [{"date": f"{2000 + n}-06-01"} for n in range(60)]
    Policy.model_validate({"opening_hours": {**week, "special_days": spread}})
