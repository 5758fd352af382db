"""Who gets which case: that part of a policy as fields of its form. Each is called as in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from amends.core.assigning import How
from amends.web.people.policy_rows import number

PART, SKILLS = "assignment", "skills"
_HOW = {
    How.OFF: "Nobody: people take them",
    How.ROUND_ROBIN: "Each in turn",
    How.BALANCED: "Whoever has most room",
}


def fields() -> dict[str, forms.Field]:
    """Its fields, by name."""
    return {
        "how": forms.ChoiceField(label="Cases go to", choices=[(how.value, _HOW[how]) for how in How]),
        "anybody": forms.ChoiceField(
            label="Where nobody has the language or the skill",
            choices=[("yes", "Somebody gets it all the same"), ("no", "It waits for somebody who has")],
        ),
        "usual_limit": number("Open cases of each at most", required=False),
        "usual_load": number("A usual load, for who has no limit"),
        "return_after_minutes": number("Cases of somebody away go back after (working minutes)"),
    }


def initial(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields show of a document."""
    part = document[PART]
    return {name: part[name] for name in fields() if name != "anybody"} | {
        "anybody": "yes" if part["anybody"] else "no"
    }


def said(cleaned: Mapping[str, Any], skills: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of the document that the fields say."""
    given = {name: cleaned[name] for name in fields()}
    return given | {"anybody": given["anybody"] == "yes", SKILLS: skills}
