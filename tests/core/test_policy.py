"""The policy document: what it takes, what it refuses, and that it survives its own spelling."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from amends.core.policy import Policy
from amends.core.values import Role, Severity


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
