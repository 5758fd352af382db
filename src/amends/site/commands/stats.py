"""`amends stats`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from amends.site.commands.say import tell
from amends.site.desk import desk

if TYPE_CHECKING:
    from amends.store.stats import Figures

NAME = "stats"
HELP = "Say how much there is: posts, complaints, cases, refused lines, and what is to leave."
EXITS = "0 printed, 1 there is no desk there, or its database cannot be reached."
COLUMNS = ("posts", "complaints", "cases", "open_cases", "rejected")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For people or for scripts."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--waits", action="store_true", help="with --json: how the waits ended, too")


def run(args: argparse.Namespace) -> int:
    """Count and print, whether the desk is being served or not."""
    with desk(existing=True):
        from amends.store.stats import stats

        found = stats()
    if args.json:
        tell(json.dumps(found.as_json(waits=args.waits), ensure_ascii=False))
        return 0
    waits = [f"waits_{name}" for name in found.total.waits]
    rows = [["brand", *COLUMNS, *waits, *found.total.outbox]]
    rows += [_row(name, figures) for name, figures in found.brands.items()]
    rows.append(_row("total", found.total))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *counts in rows:
        cells = [count.rjust(width) for count, width in zip(counts, widths[1:], strict=True)]
        tell("  ".join([name.ljust(widths[0]), *cells]))
    return 0


def _row(name: str, figures: Figures) -> list[str]:
    counts = [getattr(figures, key) for key in COLUMNS]
    return [name, *map(str, [*counts, *figures.waits.values(), *figures.outbox.values()])]
