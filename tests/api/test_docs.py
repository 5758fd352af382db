"""The page about the API tells of every operation, in the words of its description."""

from __future__ import annotations

import re
from pathlib import Path

from amends.api.urls import api

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"
LINE = re.compile(r"^\| `([A-Z]+) (/\S+)` \| (.+) \| `(\w+)` \|$", re.MULTILINE)


def test_the_page_lists_what_there_is() -> None:
    told = {
        (method, path): (words, scope) for method, path, words, scope in LINE.findall(PAGE.read_text("utf-8"))
    }
    there = {
        (method.upper(), path): (details["description"].splitlines()[0], details["x-scope"])
        for path, methods in api.get_openapi_schema(path_prefix="/")["paths"].items()
        for method, details in methods.items()
    }
    assert told == there


def test_everything_is_described() -> None:
    schema = api.get_openapi_schema(path_prefix="/")
    for methods in schema["paths"].values():
        for details in methods.values():
            for parameter in details["parameters"]:
                assert parameter.get("description"), (
                    details["operationId"],
                    parameter,
                )
    ours = {
        name: shape for name, shape in schema["components"]["schemas"].items() if name not in OF_THE_RULES
    }
    for name, shape in ours.items():
        for field, about in shape.get("properties", {}).items():
            assert about.get("description") or "$ref" in about, f"{name}.{field}"


OF_THE_RULES = {
    *("Policy", "Targets", "ResolutionTargets", "SomeTargets", "TargetRule", "Standing"),
    *(
        "Span",
        "OpeningHours",
        "Holidays",
        "SpecialDay",
        "CaseRules",
        "Ranking",
        "Retention",
        "Escalation",
        "Step",
        "Assignment",
        "SkillRule",
        "Holding",
    ),
}
"""Told of in docs/policy.md and in their own docstrings."""
