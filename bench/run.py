"""Measure, print, keep."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from django.core.checks.urls import check_url_config

from amends.site.cluster import Cluster
from bench import (
    calibration,
    deciding,
    desk,
    live,
    million,
    pages,
    reading,
    receiving,
    record,
    result,
    scale,
    starting,
    sweeping,
    way_in,
    webhook,
)
from bench.progress import say
from bench.result import NOT_SET, Result, missing

CORES = 2
KEPT = Path(__file__).with_name("results.json")
MEASURES: Mapping[str, Callable[[Cluster, scale.Scale], list[Result]]] = {
    "receive": receiving.measure,
    "way-in-6": way_in.few,
    "way-in-50": way_in.half,
    "way-in-model": way_in.with_the_model,
    "streams": way_in.streams,
    "pages": pages.measure,
    "million": million.measure,
    "webhook": webhook.measure,
    "live": live.measure,
    "history": record.measure,
    "decide": deciding.measure,
    "sweep": sweeping.measure,
    "reading": reading.measure,
    "start": starting.serve,
    "database": starting.database,
}
MISSED = 1
BROKEN = "to be measured"


def main(argv: list[str]) -> int:
    """0 when everything was measured and reached, 1 when something was not."""
    parser = _parser()
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.names) - set(MEASURES)):
        parser.error(f"there is no {unknown[0]}; there are {', '.join(MEASURES)}")
    check_url_config(None)  # loads every screen now, so that a run measures one state of the source
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    results = _measured(args.names or list(MEASURES), scale.QUICK if args.quick else scale.FULL)
    if args.quick:
        results = [replace(row, met=NOT_SET) if row.target else row for row in results]
    sys.stdout.write(result.table(results) + "\n")
    if out := args.out or (None if args.names or args.quick else KEPT):
        result.write(results, out)
    return MISSED if any(row.met is False or row.target == BROKEN for row in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the desk on two cores of this machine."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(MEASURES)}")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of seconds; its figures mean nothing"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="keep the figures there (default: bench/results.json, and only of a whole run)",
    )
    return parser


def _measured(names: list[str], sizes: scale.Scale) -> list[Result]:
    before = calibration.seconds()
    results = [
        Result("load at the start", os.getloadavg()[0], "processes", "what else ran on this machine"),
        Result("calibration at the start", before, "s", f"{calibration.ROUNDS:,} rounds on one core"),
    ]
    with desk.machine() as cluster:
        for name in names:
            say(f"{name} …")
            rows = _taken(name, cluster, sizes)
            loop = calibration.seconds()
            results += [_beside(row, loop) for row in rows]
    return [*results, Result("calibration at the end", calibration.seconds(), "s")]


def _taken(name: str, cluster: Cluster, sizes: scale.Scale) -> list[Result]:
    """The rows of a measure; where it breaks, one that says why."""
    try:
        return MEASURES[name](cluster, sizes)
    except Exception as error:  # noqa: BLE001 - the other figures are worth having; the row and the exit code tell
        traceback.print_exc()
        return [missing(name, "", f"{type(error).__name__}: {error}", BROKEN)]


def _beside(row: Result, loop: float) -> Result:
    """An absolute figure with the calibration loop of its own minutes."""
    if row.ratio is not None or row.value is None:
        return row
    told = f"calibration {loop:.3f} s"
    return replace(row, yardstick=f"{row.yardstick}; {told}" if row.yardstick else told)
