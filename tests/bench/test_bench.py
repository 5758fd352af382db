"""Every measure still runs, and tells what it promises to tell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.result import NOT_SET, Result, at_least, missing, table

ROOT = Path(__file__).parents[2]
KEYS = {"name", "value", "unit", "yardstick", "ratio", "target", "met"}


def run(folder: Path, *words: str) -> tuple[int, list[dict[str, object]], str]:
    out = folder / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--out", out, *words],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "AMENDS_CORPORA"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    rows: list[dict[str, object]] = json.loads(out.read_text()) if out.exists() else []
    return done.returncode, rows, done.stdout + done.stderr


def test_every_measure_runs_and_a_smoke_run_never_claims_to_have_met_anything(tmp_path: Path) -> None:
    code, rows, said = run(tmp_path)
    assert code == 0, said
    assert all(set(row) == KEYS for row in rows)
    names = {str(row["name"]) for row in rows}
    for promised in (
        *("receive", "way in, 6% complaints, growth", "page: case", "start, first, with sample"),
        "page at 400: search, a rare word",
    ):
        assert promised in names, said
    assert {row["met"] for row in rows if row["target"]} == {NOT_SET}
    assert [row["name"] for row in rows if row["value"] is None] == ["way in, genuine streams"]


def test_only_what_is_named_is_measured(tmp_path: Path) -> None:
    code, rows, said = run(tmp_path, "reading")
    assert code == 0, said
    measured = {str(row["name"]).partition(",")[0] for row in rows[2:-1]}
    assert measured == {"reading", "memory of a process that reads"}
    rates = [row["name"] for row in rows if row["unit"] == "posts/s"]
    assert rates[:2] == ["reading, small-1, many at once", "reading, accurate-1"]


def test_a_name_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    code, rows, said = run(tmp_path, "speed")
    assert code == 2
    assert not rows
    assert "way-in-50" in said


@pytest.mark.parametrize(("value", "said"), [(3000.0, "yes"), (2999.0, "MISSED")])
def test_a_target_is_met_exactly_where_it_is_reached(value: float, said: str) -> None:
    row = at_least("rate", value, "posts/s", 3000)
    assert said in table([row])


def test_what_could_not_be_measured_says_why() -> None:
    shown = table([missing("rate", "posts/s", "the data is not here", "≥ 1"), Result("other", 1.0, "s")])
    assert "not set" in shown
    assert "the data is not here" in shown
