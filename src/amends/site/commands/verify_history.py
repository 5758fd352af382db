"""`amends verify-history`."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from amends.site import places
from amends.site.commands.say import say, tell
from amends.site.desk import desk
from amends.site.errors import SiteError

if TYPE_CHECKING:
    from amends.store.verification import Verdict

NAME = "verify-history"
HELP = "Check that nothing on record was changed, dropped or put in since it was written."
EXITS = "0 the record is whole, 1 it could not be checked, 3 it was tampered with."
WHOLE, TAMPERED = 0, 3


class NotChecked(SiteError):
    """The record could not be checked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to compare with, and for whom to write."""
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="a copy of checkpoints.jsonl, or a line of it, kept where nobody on this machine can change it",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace) -> int:
    """Check and say what was found."""
    with desk(say, existing=True) as found:
        from amends.store.verification import CannotCheck, verify

        key = places.history_key(found.folder, os.environ).public_key()
        try:
            verdict = verify(found.folder / places.CHECKPOINTS, key, args.checkpoint)
        except CannotCheck as error:
            raise NotChecked(f"{error} Nothing was checked.") from error
    if args.json:
        tell(json.dumps({"whole": verdict.whole, **asdict(verdict), "erased": verdict.erased}))
    else:
        _tell(verdict)
    return WHOLE if verdict.whole else TAMPERED


def _tell(verdict: Verdict) -> None:
    for fault in verdict.faults:
        tell(fault)
    for note in verdict.notes:
        tell(note)
    looked_at = (
        f"{verdict.entries:,} entries and {verdict.contents:,} contents, "
        f"{verdict.checkpoints + verdict.kept_checkpoints:,} checkpoints; "
        f"{verdict.unsigned_since:,} entries since the last one"
    )
    if verdict.whole:
        tell(f"The record is whole: {looked_at}.")
    else:
        tell(f"THE RECORD IS NOT WHOLE: {len(verdict.faults):,} faults in {looked_at}.")
        tell("Keep this machine as it is, and compare with a backup: amends restore --help says how.")
