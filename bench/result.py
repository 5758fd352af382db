"""One measured figure, and the table of all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Result:
    """A figure, beside what it was measured against and what it should reach.

    `ratio` is value by yardstick where there is one. `met` is None where nothing was promised, and
    "not set" where the measure could not be taken: `yardstick` then says why.
    """

    name: str
    value: float | None
    unit: str
    yardstick: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | str | None = None


def missing(name: str, unit: str, why: str, target: str = "") -> Result:
    """The row of a figure that could not be measured."""
    return Result(name, None, unit, why, target=target, met=NOT_SET)


def at_least(name: str, value: float, unit: str, least: float, yardstick: str = "") -> Result:
    """A figure that should reach `least`."""
    return Result(name, value, unit, yardstick, None, f"≥ {least:,g} {unit}", value >= least)


def at_most(name: str, value: float, unit: str, most: float, yardstick: str = "") -> Result:
    """A figure that should not pass `most`."""
    return Result(name, value, unit, yardstick, None, f"≤ {most:,g} {unit}", value <= most)


def table(results: Sequence[Result]) -> str:
    """All figures as lines for people."""
    head = ("figure", "value", "unit", "ratio", "target", "met", "measured against")
    rows = [head, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(c.ljust(w) for c, w in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()
        for row in rows
    )


def write(results: Sequence[Result], path: Path) -> None:
    """Keep the figures as JSON, numbers to four digits."""
    told = [{name: _rounded(value) for name, value in asdict(result).items()} for result in results]
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _cells(result: Result) -> tuple[str, ...]:
    r = result
    return (r.name, _number(r.value), r.unit, _number(r.ratio), r.target, _word(r.met), r.yardstick)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _word(met: bool | str | None) -> str:
    match met:
        case None:
            return "-"
        case str():
            return met
    return "yes" if met else "MISSED"
