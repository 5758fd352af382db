"""The common parts of a policy as a form; everything else of the document is left as it is."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from amends.core.hours import EVERY_DAY
from amends.core.policy import Policy
from amends.core.values import Kind
from amends.pipeline.rules import BadPolicy
from amends.web.forms import zones

DAYS = dict(zip(EVERY_DAY, calendar.day_name, strict=True))
TARGETS = ("critical", "high", "medium", "low", "none")
NUMBERS = {
    "join_within_hours": ("cases", "Join a new post to an open case within", "hours"),
    "reopen_within_days": ("cases", "Reopen a resolved case within", "days"),
    "lift_after_minutes": ("ranking", "Lift a case each time it is over its target by", "minutes"),
    "erase_deleted_after_hours": ("retention", "Erase the words of deleted posts after", "hours"),
}
ALWAYS, HOURS = "always", "hours"
_SPAN = re.compile(r"\s*(\d{1,2}:\d{2})\s*(?:-|–|—|to)\s*(\d{1,2}:\d{2})\s*\Z")


def _number(label: str) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"})
    return forms.IntegerField(label=label, widget=widget)


class PolicyForm(forms.Form):
    """Time zone, targets, opening hours, what opens a case, and how long things hold."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    time_zone = forms.ChoiceField(label="Time zone", choices=zones)
    open = forms.ChoiceField(
        label="When people answer",
        choices=[
            (ALWAYS, "Always: targets run day and night"),
            (HOURS, "In these hours; targets wait outside them"),
        ],
        widget=forms.RadioSelect,
    )
    open_for = forms.MultipleChoiceField(
        label="What opens a case",
        choices=[(kind.value, kind.value.capitalize()) for kind in Kind],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None, version: int, policy: Policy) -> None:
        self.document: dict[str, Any] = policy.model_dump(mode="json")
        super().__init__(data, initial={"version": version, **_initial(self.document)})
        for severity in TARGETS:
            label = "Questions" if severity == "none" else severity.capitalize()
            self.fields[f"target_{severity}"] = _number(label)
        for day, name in DAYS.items():
            self.fields[f"hours_{day}"] = forms.CharField(label=name, required=False, max_length=200)
        for name, (_, label, unit) in NUMBERS.items():
            self.fields[name] = _number(f"{label} ({unit})")

    def wanted(self) -> dict[str, Any]:
        """The whole document with what the form says put in."""
        said = self.cleaned_data
        document = {**self.document, "time_zone": said["time_zone"]}
        document["targets"] = {severity: said[f"target_{severity}"] for severity in TARGETS}
        document["opening_hours"] = self._hours() if said["open"] == HOURS else None
        document["cases"] = {**document["cases"], "open_for": said["open_for"]}
        for name, (part, _, _) in NUMBERS.items():
            document[part] = {**document[part], name: said[name]}
        return document

    def blame(self, error: BadPolicy) -> None:
        """Show each fault at the field it is about, else above the form."""
        for place, text in error.faults.items():
            field = self._field_of(place.split("."))
            said = f"{text[:1].upper()}{text[1:]}." if field else f"{place}: {text}."
            if said not in self.errors.get(field or NON_FIELD_ERRORS, []):
                self.add_error(field, said)

    def _hours(self) -> dict[str, list[dict[str, str]]]:
        return {day: _spans(self.cleaned_data[f"hours_{day}"]) for day in DAYS}

    def _field_of(self, place: list[str]) -> str | None:
        match place:
            case ["targets", severity, *_] if f"target_{severity}" in self.fields:
                return f"target_{severity}"
            case ["opening_hours", day, *_] if day in DAYS:
                return f"hours_{day}"
            case ["opening_hours", *_]:
                return "open"
            case [_, name, *_] if name in self.fields:
                return name
            case [name] if name in self.fields:
                return name
        return None


def _initial(document: dict[str, Any]) -> dict[str, Any]:
    hours = document["opening_hours"]
    return {
        "time_zone": document["time_zone"],
        "open": HOURS if hours else ALWAYS,
        "open_for": document["cases"]["open_for"],
        **{f"target_{severity}": document["targets"][severity] for severity in TARGETS},
        **{f"hours_{day}": _spelled(hours[day]) if hours else "" for day in DAYS},
        **{name: document[part][name] for name, (part, _, _) in NUMBERS.items()},
    }


def _spelled(spans: list[dict[str, str]]) -> str:
    return ", ".join(f"{span['opens'][:5]}-{span['closes'][:5]}" for span in spans)


def _spans(text: str) -> list[dict[str, str]]:
    """`9:00-12:30, 13:30-18:00` as spans; what is not understood is passed on for the policy to refuse."""
    spans = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _SPAN.match(part)
        opens, closes = (found[1].zfill(5), found[2].zfill(5)) if found else (part, part)
        spans.append({"opens": opens, "closes": "00:00" if closes == "24:00" else closes})
    return spans
