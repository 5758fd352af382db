"""The columns of a case: between its row and the frozen value that the rules work on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from amends.core.case import Case, Promise
from amends.core.escalation import Climbed
from amends.core.harm import Harm, Reason
from amends.core.values import CaseState, Kind, Resolution, Severity, Standing

FIXED = {"id": "bigint", "channel": "text"}
"""What never changes once the case is there."""
CHANGING = {
    "state": "text",
    "kind": "text",
    "severity": "text",
    "opened_at": "timestamptz",
    "last_post_at": "timestamptz",
    "listed_at": "timestamptz",
    "sort_at": "timestamptz",
    "graded_by_person": "boolean",
    "lang": "text",
    "standing": "text",
    "abusive": "boolean",
    "harm": "smallint",
    "reasons": "jsonb",
    "waiting_since": "timestamptz",
    "due_at": "timestamptz",
    "promised_at": "timestamptz",
    "promised_until": "timestamptz",
    "held_at": "timestamptz",
    "climbed_since": "timestamptz",
    "climbed_percent": "smallint",
    "climbed_at": "timestamptz",
    "resolution_due_at": "timestamptz",
    "customer_since": "timestamptz",
    "hands_over": "boolean",
    "pauses": "jsonb",
    "first_answer_at": "timestamptz",
    "settled_until": "timestamptz",
    "settled_at": "timestamptz",
    "band": "smallint",
    "look_at": "timestamptz",
    "clock_offset": "interval",
    "assignee_id": "bigint",
    "snoozed_until": "timestamptz",
    "resolution": "text",
    "resolved_at": "timestamptz",
    "sends_open": "int",
    "on_hold": "boolean",
    "posts_in": "int",
    "lead_id": "bigint",
    "merged_into_id": "bigint",
}
COLUMNS = FIXED | CHANGING
_PLAIN = (
    *("id", "channel", "opened_at", "last_post_at", "listed_at", "sort_at", "graded_by_person", "lang"),
    *("abusive", "waiting_since", "due_at", "held_at", "resolution_due_at", "customer_since", "hands_over"),
    *("first_answer_at", "settled_until", "settled_at", "band", "look_at", "snoozed_until", "resolved_at"),
    *("sends_open", "on_hold", "posts_in"),
)
"""Columns that hold what the value holds, under its name."""


def read(row: Sequence[Any]) -> Case:
    """The case of a row whose columns are `COLUMNS`, in that order."""
    told: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    made_at, until = told["promised_at"], told["promised_until"]
    since, percent, at = told["climbed_since"], told["climbed_percent"], told["climbed_at"]
    return Case(
        **{name: told[name] for name in _PLAIN},
        state=CaseState(told["state"]),
        kind=Kind(told["kind"]),
        severity=Severity(told["severity"]),
        standing=Standing(told["standing"]),
        harm=Harm(told["harm"], reasons(told["reasons"])),
        promise=Promise(made_at, until) if made_at is not None and until is not None else None,
        climbed=Climbed(since, percent, at) if since is not None else None,
        pauses=tuple((_instant(begin), _instant(end)) for begin, end in _json(told["pauses"])),
        clock_offset=told["clock_offset"],
        assignee=told["assignee_id"],
        resolution=Resolution(told["resolution"]) if told["resolution"] else None,
        lead=told["lead_id"],
        merged_into=told["merged_into_id"],
    )


def reasons(told: Any) -> tuple[Reason, ...]:
    """The reasons of a harm as their column holds them, as text or read."""
    return tuple(Reason(*reason) for reason in _json(told))


def _json(told: Any) -> Any:
    return json.loads(told) if isinstance(told, str) else told


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def write(case: Case) -> Mapping[str, object]:
    """What the columns hold of a case, as JSON."""
    promise, climbed = case.promise, case.climbed
    return {name: _told(getattr(case, name)) for name in _PLAIN} | {
        "state": case.state,
        "kind": case.kind,
        "severity": case.severity,
        "standing": case.standing,
        "harm": case.harm.points,
        "reasons": case.harm.reasons,
        "promised_at": _told(promise and promise.made_at),
        "promised_until": _told(promise and promise.until),
        "climbed_since": _told(climbed and climbed.since),
        "climbed_percent": climbed and climbed.percent,
        "climbed_at": _told(climbed and climbed.at),
        "pauses": [[begin.isoformat(), end.isoformat()] for begin, end in case.pauses],
        "clock_offset": interval(case.clock_offset),
        "assignee_id": case.assignee,
        "resolution": case.resolution or "",
        "lead_id": case.lead,
        "merged_into_id": case.merged_into,
    }


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def interval(value: timedelta) -> str:
    """A duration as PostgreSQL reads it, to the microsecond."""
    return f"{value // timedelta(microseconds=1)} microseconds"
