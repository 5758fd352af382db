"""Escalation, holding replies and assignment within a brand's policy, as documents and as `policy.toml`."""

from __future__ import annotations

import pytest

from amends.core.assigning import Assignment, How
from amends.core.escalation import Does, Escalation, Step
from amends.core.holding import Holding
from amends.core.policy import Policy
from amends.pipeline import rules
from amends.pipeline.rules import BadPolicy

FULL = Policy(
    escalation=Escalation(
        steps=(Step(percent=40, does=Does.OFFER), Step(percent=130, does=Does.ALERT)),
    ),
    holding=Holding(
        enabled=True,
        channels=frozenset({"mastodon", "a channel, of “ours”", "fake"}),
        consented=frozenset({"fake"}),
        texts={"it": "Una persona risponde entro {time}."},
        labels={"it": "Risposta automatica:"},
    ),
    assignment=Assignment(how=How.BALANCED, usual_limit=8),
)


@pytest.mark.parametrize("policy", [Policy(), FULL])
def test_a_policy_survives_its_spelling(policy: Policy) -> None:
    assert rules.from_toml(rules.to_toml(policy)) == policy
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy


def test_a_document_from_before_there_were_such_rules_has_their_defaults() -> None:
    before = {name: value for name, value in Policy().model_dump(mode="json").items() if name != "escalation"}
    assert rules.checked(before) == Policy()


def test_a_mistake_is_named_with_its_place() -> None:
    with pytest.raises(BadPolicy) as caught:
        rules.from_toml('[holding.texts]\nen = "We answer soon."\n[assignment]\nhow = "dice"')
    assert set(caught.value.faults) == {"holding.texts.en", "assignment.how"}


def test_a_step_of_the_ladder_that_is_too_early_is_named() -> None:
    with pytest.raises(BadPolicy) as caught:
        rules.from_toml('[escalation]\nsteps = [{ percent = 5, does = "nudge" }]')
    assert set(caught.value.faults) == {"escalation.steps.0.percent"}
