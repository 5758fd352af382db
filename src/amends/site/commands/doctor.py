"""`amends doctor`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from amends.site.commands.say import tell

NAME = "doctor"
HELP = "Say what is wrong with this installation and how to mend it. Nothing is changed."
EXITS = "0 nothing is bad (there may be warnings), 1 something is."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For people or for scripts."""
    parser.add_argument("--json", action="store_true", help="print one JSON list and nothing else")


def run(args: argparse.Namespace) -> int:
    """Look at everything, and say it."""
    from amends.site.doctor import look
    from amends.site.finding import Level

    findings = list(look())
    if args.json:
        tell(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            tell(f"{finding.level.upper():<5} {finding.about:<12} {finding.text}")
            if finding.advice:
                tell(f"{'':<18} -> {finding.advice}")
    return int(any(finding.level is Level.BAD for finding in findings))
