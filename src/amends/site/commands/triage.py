"""`amends triage`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from amends.site.commands.say import say
from amends.site.errors import SiteError

NAME = "triage"
HELP = (
    "Say of each post whether it is a complaint, how bad and why: JSON Lines in and out, in the same order. "
    "Needs no desk. A line in: id, text, and where known lang and in_reply_to_text."
)
EXITS = "0 every line was read, 1 a file cannot be opened, 3 some lines were refused and all others read."
REFUSED = 3


class CannotOpen(SiteError):
    """A file that is not there or may not be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and by which model."""
    parser.add_argument(
        "files", nargs="*", default=["-"], metavar="FILE", help="files; else standard input (-)"
    )
    parser.add_argument(
        "--accurate", action="store_true", help="the larger model: slower and less often wrong"
    )


def run(args: argparse.Namespace) -> int:
    """Read all files and print an answer for each line that can be read."""
    from amends.language import model
    from amends.language.triage import triage

    for name in args.files:
        _open_to_read(name)
    reading = model.load(accurate=args.accurate)
    refused = 0
    for name in args.files:

        def refuse(number: int, why: str, name: str = name) -> None:
            nonlocal refused
            refused += 1
            say(f"{_called(name)}line {number}: {why}. It is left out.")

        for answer in triage(_lines(name), reading, refuse):
            sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    return REFUSED if refused else 0


def _called(name: str) -> str:
    return "" if name == "-" else f"{name}, "


def _open_to_read(name: str) -> None:
    """So that a misspelt name is said before anything is read."""
    if name == "-":
        return
    try:
        with Path(name).open("rb"):
            pass
    except OSError as error:
        raise CannotOpen(f"{name}: {error.strerror}. Nothing was read.") from None


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield from file
