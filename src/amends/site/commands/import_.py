"""`amends import`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

from amends.site.commands.say import say
from amends.site.desk import Desk, desk
from amends.site.errors import SiteError

NAME = "import"
HELP = (
    "Take in exchanges from JSON Lines or CSV files. May be interrupted and repeated: nothing doubles. "
    "Refused lines go into FILE.rejected.jsonl."
)
EXITS = (
    "0 every line is kept, 1 nothing could be done, 2 the command was misused, "
    "3 some lines were refused or some files could not be read, and all else is kept, "
    "130 interrupted (what was kept stays, the same command goes on)."
)
_FIELDS = (  # as in pipeline.import_fields, which is not to be loaded for --help
    "id",
    "channel",
    "author_id",
    "author_handle",
    "author_name",
    "text",
    "created_at",
    "in_reply_to",
    "conversation_id",
    "direction",
    "visibility",
    "url",
    "lang",
    "brand",
)
_PAIRS = re.compile(rf",(?=(?:{'|'.join(_FIELDS)})=)")
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


class Misused(SiteError):
    """What was asked for cannot be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and how they are read."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, .gz too, or - for standard input")
    parser.add_argument("--brand", metavar="NAME", help="put every line under this brand; made when missing")
    parser.add_argument("--channel", metavar="NAME", help="the channel of lines that name none (import)")
    parser.add_argument("--format", choices=["jsonl", "csv", "tsv"], help="else the file's ending tells")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="the column of a CSV file that holds a field, for example text=Body,id='Tweet ID'; repeatable. "
        f"Fields: {', '.join(_FIELDS)}",
    )
    parser.add_argument(
        "--delimiter", metavar="C", help="what divides values in CSV (found out from the header)"
    )
    parser.add_argument(
        "--as-of",
        metavar="TIME",
        help="the present of what is imported, so that old history is not overdue (the last post's time)",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing on the way")


def run(args: argparse.Namespace) -> int:
    """Import the files one after the other."""
    columns = _columns(args.map)
    delimiter = _delimiter(args.delimiter)
    with desk(_say_nothing if args.quiet else say) as found:
        return _run(args, columns, delimiter, found)


def _run(args: argparse.Namespace, columns: Mapping[str, str], delimiter: str, found: Desk) -> int:
    from django.conf import settings

    from amends import clock
    from amends.language import model
    from amends.pipeline.import_fields import DEFAULT_CHANNEL, Rules
    from amends.pipeline.import_lines import Format, Layout
    from amends.pipeline.import_times import NotATime, instant
    from amends.site.import_run import Asked, import_all
    from amends.store.brands import BadName, clean_name

    try:
        brand = clean_name(args.brand) if args.brand is not None else ""
        as_of = instant(args.as_of) if args.as_of is not None else None
    except BadName as error:
        raise Misused(f"--brand: {error} Nothing was imported.") from error
    except NotATime as error:
        raise Misused(f"--as-of: {error}. Nothing was imported.") from error
    asked = Asked(
        rules=Rules(clock.now(), brand, _channel(args.channel or DEFAULT_CHANNEL)),
        layout=Layout(Format(args.format or "jsonl"), delimiter, columns),
        format_given=args.format is not None,
        as_of=as_of,
        quiet=args.quiet,
        folder=found.folder,
        model=model.load(accurate=settings.MODEL == "accurate"),
    )
    return import_all(args.files, asked)


def _columns(given: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in (pair for text in given for pair in _PAIRS.split(text)):
        name, equals, column = pair.partition("=")
        if name not in _FIELDS or not equals or not column:
            raise Misused(
                f"--map: “{pair}” is not FIELD=COLUMN with one of the fields {', '.join(_FIELDS)}. "
                "Nothing was imported."
            )
        columns[name] = column
    return columns


def _delimiter(given: str | None) -> str:
    found = _DELIMITERS.get(given or "", given or "")
    if len(found) > 1 or found in ('"', "\n", "\r"):
        raise Misused("--delimiter: give one character, or tab. Nothing was imported.")
    return found


def _channel(given: str) -> str:
    if not given.strip() or len(given) > 40:
        raise Misused("--channel: give a name of at most 40 characters. Nothing was imported.")
    return given.strip()


def _say_nothing(_message: str) -> None:
    """What is called with progress when nobody wants to hear it."""
