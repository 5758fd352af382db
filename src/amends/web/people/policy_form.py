"""The common parts of a policy as a form; everything else of the document is left as it is."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from amends.core.hours import EVERY_DAY
from amends.core.policy import Policy
from amends.core.values import Kind
from amends.pipeline.rules import BadPolicy
from amends.web.forms import zones
from amends.web.people import policy_assigning, policy_rows
from amends.web.people.policy_rows import SEVERITIES, Row, number
from amends.web.people.spans import spans, spelled

DAYS = dict(zip(EVERY_DAY, calendar.day_name, strict=True))
TARGETS = {"target": "targets", "resolution": "resolution"}
NUMBERS = {
    "join_within_hours": ("cases", "Join a new post to an open case within", "hours"),
    "reopen_within_days": ("cases", "Reopen a resolved case within", "days"),
    "lift_after_minutes": ("ranking", "Lift a case each time it is over its target by", "minutes"),
    "erase_deleted_after_hours": ("retention", "Erase the words of deleted posts after", "hours"),
}
ALWAYS, HOURS = "always", "hours"


class PolicyForm(forms.Form):
    """Time zone, targets and rules for them, opening hours, what opens a case, and how long things hold."""

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
    hours_zone = forms.ChoiceField(
        label="Time zone of these hours",
        choices=lambda: [("", "As above"), *zones()],
        required=False,
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
        self.lists = policy_rows.of_document(data, self.document)
        self.said: dict[str, list[tuple[Row, dict[str, Any]]]] = {}
        for prefix in TARGETS:
            for severity, label in SEVERITIES.items():
                self.fields[f"{prefix}_{severity}"] = number(label)
        for day, name in DAYS.items():
            self.fields[f"hours_{day}"] = forms.CharField(label=name, required=False, max_length=200)
        for name, (_, label, unit) in NUMBERS.items():
            self.fields[name] = number(f"{label} ({unit})")
        self.fields |= policy_assigning.fields()

    def is_valid(self) -> bool:
        """Whether all of it, its lists included, can be read; each fault stands where it is."""
        lists = [rows.is_valid() for rows in self.lists.values()]
        if not (super().is_valid() and all(lists)):
            return False
        if self.cleaned_data["open"] == ALWAYS and any(
            self.lists[name].changed() for name in ("holidays", "special_days")
        ):
            self.add_error(
                "open", "Holidays and special days need opening hours: choose these, or remove them."
            )
        return not self.errors

    def wanted(self) -> dict[str, Any]:
        """The whole document with what the form says put in; `blame` is about this document."""
        said = self.cleaned_data
        self.said = {name: rows.said() for name, rows in self.lists.items()}
        document = {**self.document, "time_zone": said["time_zone"]}
        for prefix, part in TARGETS.items():
            document[part] = {severity: said[f"{prefix}_{severity}"] for severity in SEVERITIES}
        document["target_rules"] = self._parts("target_rules")
        document["opening_hours"] = self._hours() if said["open"] == HOURS else None
        document["cases"] = {**document["cases"], "open_for": said["open_for"]}
        for name, (part, _, _) in NUMBERS.items():
            document[part] = {**document[part], name: said[name]}
        document[policy_assigning.PART] = policy_assigning.said(said, self._parts(policy_assigning.SKILLS))
        return document

    def blame(self, error: BadPolicy) -> None:
        """Show each fault at the field it is about, else above the form."""
        for place, text in error.faults.items():
            form, field = self._at(place.split("."))
            said = f"{text[:1].upper()}{text[1:]}." if field or form is not self else f"{place}: {text}."
            if said not in form.errors.get(field or NON_FIELD_ERRORS, []):
                form.add_error(field, said)

    def _hours(self) -> dict[str, Any]:
        days = {day: spans(self.cleaned_data[f"hours_{day}"]) for day in DAYS}
        lists = {name: self._parts(name) for name in ("holidays", "special_days")}
        return {**days, **lists, "time_zone": self.cleaned_data["hours_zone"] or None}

    def _parts(self, name: str) -> list[dict[str, Any]]:
        return [part for _, part in self.said[name]]

    def _at(self, place: list[str]) -> tuple[forms.Form, str | None]:
        match place:
            case ["opening_hours", "holidays" | "special_days" as name, number, *rest]:
                return self._row(name, int(number), rest)
            case [policy_assigning.PART, policy_assigning.SKILLS, number, *rest]:
                return self._row(policy_assigning.SKILLS, int(number), rest)
            case ["target_rules", number, *rest]:
                return self._row("target_rules", int(number), rest)
        return self, self._field_of(place)

    def _row(self, name: str, number: int, place: list[str]) -> tuple[Row, str | None]:
        row, _ = self.said[name][number]
        return row, row.field_of(place)

    def _field_of(self, place: list[str]) -> str | None:
        match place:
            case ["targets", severity, *_] if severity in SEVERITIES:
                return f"target_{severity}"
            case ["resolution", severity, *_] if severity in SEVERITIES:
                return f"resolution_{severity}"
            case ["opening_hours", day, *_] if day in DAYS:
                return f"hours_{day}"
            case ["opening_hours", "time_zone"]:
                return "hours_zone"
            case ["opening_hours", *_]:
                return "open"
            case [_, name, *_] if name in self.fields:
                return name
            case [name] if name in self.fields:
                return name
        return None


def _initial(document: dict[str, Any]) -> dict[str, Any]:
    hours = document["opening_hours"]
    times = {
        f"{prefix}_{severity}": document[part][severity]
        for prefix, part in TARGETS.items()
        for severity in SEVERITIES
    }
    return {
        "time_zone": document["time_zone"],
        "open": HOURS if hours else ALWAYS,
        "hours_zone": (hours["time_zone"] or "") if hours else "",
        "open_for": document["cases"]["open_for"],
        **times,
        **{f"hours_{day}": spelled(hours[day]) if hours else "" for day in DAYS},
        **{name: document[part][name] for name, (part, _, _) in NUMBERS.items()},
        **policy_assigning.initial(document),
    }
