"""The lists of a policy as rows of a form: holidays, special days, and targets for whom they differ.

A row that is emptied, or marked to be removed, is gone from what is published. Works without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict

from amends.core import public_holidays
from amends.core.assigning import LONGEST_SKILL, MOST_SKILL_RULES
from amends.core.harm import SIGNALS
from amends.core.hours import MOST_HOLIDAYS, MOST_SPECIAL_DAYS
from amends.core.policy import MOST_RULES
from amends.core.values import Kind, Standing
from amends.web.people.spans import spans, spelled

SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "none": "Questions"}
FIRST, SOLVED = "first_answer", "resolution"
MORE = "more"


def number(label: str, *, required: bool = True) -> forms.IntegerField:
    """A field for a whole number; how large it may be is for the policy to say."""
    widget = forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"})
    return forms.IntegerField(label=label, widget=widget, required=required)


def _text(label: str, most: int, **attrs: object) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(label=label, required=False, max_length=most, widget=widget)


def _countries() -> list[tuple[str, str]]:
    return [("", "None"), *public_holidays.names().items()]


class Row(forms.Form):
    """One row of a list."""

    def said(self) -> dict[str, Any] | None:
        """What the row says, as it stands in a policy's document; None when it is empty or to be removed."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "DELETE"}
        if self.cleaned_data.get("DELETE") or all(value in (None, "") for value in given.values()):
            return None
        return self.part(given)

    def part(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the document that these values make."""
        raise NotImplementedError

    def field_of(self, place: list[str]) -> str | None:
        """The field that a place of that part is about."""
        return place[0] if place and place[0] in self.fields else None

    @property
    def filled(self) -> bool:
        """Whether there is anything to remove."""
        return bool(self.initial) or self.has_changed()


class HolidayRow(Row):
    """The public holidays of a country on which the brand is closed."""

    country = forms.ChoiceField(label="Country", choices=_countries, required=False)
    subdivision = _text("State or province", 40, placeholder="Code, like BY")

    def part(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A country, and a part of it."""
        return {"country": given["country"], "subdivision": given["subdivision"] or None}

    def field_of(self, place: list[str]) -> str | None:
        """Countries are chosen from those that are known, so what is wrong is their part."""
        return super().field_of(place) or "subdivision"

    def clean(self) -> None:
        """A part is of some country."""
        if self.cleaned_data.get("country") == "" and self.cleaned_data.get("subdivision"):
            self.add_error("country", "Choose the country too, or empty the row.")


class SpecialRow(Row):
    """A date with hours of its own."""

    date = forms.DateField(
        label="Date", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    hours = _text("Open", 200, placeholder="closed")
    note = _text("Note", 100)

    @staticmethod
    def initial_of(part: Mapping[str, Any]) -> dict[str, Any]:
        """The row of a special day."""
        return {"date": part["date"], "hours": spelled(part["spans"]), "note": part["note"]}

    def part(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A special day."""
        return {"date": str(given["date"]), "spans": spans(given["hours"]), "note": given["note"]}

    def field_of(self, place: list[str]) -> str | None:
        """The spans stand in one field."""
        return "hours" if place[:1] == ["spans"] else super().field_of(place)

    def clean(self) -> None:
        """Hours and notes are of some date."""
        given = self.cleaned_data
        if (
            given.get("date") is None
            and "date" not in self.errors
            and (given.get("hours") or given.get("note"))
        ):
            self.add_error("date", "Give the date too, or empty the row.")


class RuleRow(Row):
    """Targets for a channel, a language, a standing of the person, or several of them at once."""

    channel = _text("Channel", 40, placeholder="any")
    language = _text("Language", 10, placeholder="any, or like de")
    standing = forms.ChoiceField(
        label="Standing of the person",
        required=False,
        choices=[("", "Any"), *((standing.value, standing.value.capitalize()) for standing in Standing)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in (FIRST, SOLVED):
            for severity, label in SEVERITIES.items():
                self.fields[f"{part}_{severity}"] = number(label, required=False)

    @staticmethod
    def initial_of(part: Mapping[str, Any]) -> dict[str, Any]:
        """The row of a rule."""
        times = {f"{of}_{severity}": part[of][severity] for of in (FIRST, SOLVED) for severity in SEVERITIES}
        return {name: part[name] for name in ("channel", "language", "standing")} | times

    def part(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A rule."""
        who = {name: given[name] or None for name in ("channel", "language", "standing")}
        return who | {
            of: {severity: given[f"{of}_{severity}"] for severity in SEVERITIES} for of in (FIRST, SOLVED)
        }

    def field_of(self, place: list[str]) -> str | None:
        """Minutes stand in a field each."""
        return "_".join(place) if "_".join(place) in self.fields else super().field_of(place)

    @property
    def first_answers(self) -> list[forms.BoundField]:
        """The fields for first answers."""
        return [self[f"{FIRST}_{severity}"] for severity in SEVERITIES]

    @property
    def resolutions(self) -> list[forms.BoundField]:
        """The fields for resolutions."""
        return [self[f"{SOLVED}_{severity}"] for severity in SEVERITIES]

    @property
    def summary(self) -> str:
        """Whom the rule is about, as it was when the page was made."""
        named = (self.initial.get(name) for name in ("channel", "language", "standing"))
        return ", ".join(filter(None, named)) or "Another rule"


class SkillRow(Row):
    """A skill that the cases ask for that fit all that the row names."""

    skill = _text("Skill", LONGEST_SKILL, placeholder="like legal")
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Any"), *((k.value, k.value.capitalize()) for k in Kind)]
    )
    signal = forms.ChoiceField(
        label="Urgent signal", required=False, choices=[("", "Any"), *((s, s.capitalize()) for s in SIGNALS)]
    )
    channel = _text("Channel", 40, placeholder="any")

    def part(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A rule; what it is about may be left open in part."""
        return {"skill": given["skill"]} | {
            name: given[name] or None for name in ("kind", "signal", "channel")
        }


if TYPE_CHECKING:
    _RowSet = forms.BaseFormSet[Row]
else:
    _RowSet = forms.BaseFormSet  # no generic when it runs


class Rows(_RowSet):
    """A list of rows with an empty one at its end."""

    def said(self) -> list[tuple[Row, dict[str, Any]]]:
        """Each row that says something, with what it says."""
        return [(row, part) for row in self.forms if (part := row.said()) is not None]

    def changed(self) -> bool:
        """Whether a row says something that was not there."""
        return any(row.has_changed() and row.said() is not None for row in self.forms)


def _rows(row: type[Row], most: int) -> type[Rows]:
    return forms.formset_factory(  # type: ignore[return-value]
        row, formset=Rows, can_delete=True, max_num=most, absolute_max=most + 10, validate_max=True
    )


KINDS = {
    "holidays": _rows(HolidayRow, MOST_HOLIDAYS),
    "special_days": _rows(SpecialRow, MOST_SPECIAL_DAYS),
    "target_rules": _rows(RuleRow, MOST_RULES),
    "skills": _rows(SkillRow, MOST_SKILL_RULES),
}


def of_document(data: Mapping[str, Any] | None, document: Mapping[str, Any]) -> dict[str, Rows]:
    """The lists of a policy's document as rows, or as they were posted."""
    hours = document["opening_hours"] or {"holidays": [], "special_days": []}
    initial = {
        "holidays": hours["holidays"],
        "special_days": [SpecialRow.initial_of(part) for part in hours["special_days"]],
        "target_rules": [RuleRow.initial_of(part) for part in document["target_rules"]],
        "skills": document["assignment"]["skills"],
    }
    return {name: kind(data, prefix=name, initial=initial[name]) for name, kind in KINDS.items()}


def with_one_more(data: QueryDict) -> QueryDict:
    """What was posted, with another empty row in the list that was asked for."""
    more = data.copy()
    total = f"{data.get(MORE)}-TOTAL_FORMS"
    present = str(data.get(total, ""))
    if data.get(MORE) in KINDS and present.isascii() and present.isdigit():
        more[total] = str(int(present[:4]) + 1)
    return more
