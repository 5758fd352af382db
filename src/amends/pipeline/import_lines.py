"""The lines of an import file, one after the other, each with what it says or why it says nothing."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO

from amends.pipeline.import_fields import FIELDS, REQUIRED, Literal
from amends.pipeline.receive import NotAPost

LONGEST = 16 * 1024 * 1024
"""Bytes of one line: a post of a million characters fits, however its JSON is spelled."""
SHOWN = 1024 * 1024
"""Bytes of a refused line that are kept in the list of refused lines."""
MOST_LINES = 1000
"""Lines that one CSV record may have; beyond them a quote was left open."""
_BOM = b"\xef\xbb\xbf"
_IDS = frozenset({"id", "author_id", "in_reply_to", "conversation_id"})
_CUT = re.compile(r"\d([.,]\d+)?E\+\d+\Z", re.ASCII)
_DELIMITERS = (",", ";", "\t", "|")


class Format(StrEnum):
    """How a file is laid out."""

    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"


class Unreadable(ValueError):
    """The file as a whole cannot be read as posts; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line (of CSV: one record), with its very bytes; `too_long` when they are only its beginning."""

    number: int
    content: bytes
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file: its format and, for CSV, the delimiter ("" to find out) and field=column names."""

    format: Format = Format.JSONL
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


Read = tuple[Line, Mapping[str, object] | NotAPost | None]
"""A line with its named values, with why it has none, or (None) an empty one."""


def read(file: IO[bytes], layout: Layout) -> Iterator[Read]:
    """Every line of the file from its start; raises Unreadable where it is no import file at all."""
    file.seek(0)
    if layout.format is Format.JSONL:
        return ((line, _json(line)) for line in _lines(file))
    return _Records(_lines(file), layout).read()


def _lines(file: IO[bytes]) -> Iterator[Line]:
    """Lines end with LF; a CR before it goes. What is longer than `LONGEST` is skipped, never held whole."""
    number = 0
    while content := file.readline(LONGEST):
        number += 1
        too_long = len(content) == LONGEST and not content.endswith(b"\n")
        if number == 1:
            content = content.removeprefix(_BOM)
        if too_long:
            content = content[:SHOWN]
            while (rest := file.readline(SHOWN)) and not rest.endswith(b"\n"):
                pass
        yield Line(number, content.removesuffix(b"\n").removesuffix(b"\r"), too_long)


_TOO_LONG = f"the line is longer than {LONGEST // 1024 // 1024} MiB"


def _ignored(_constant: str) -> None:
    """NaN and Infinity, which are no JSON but stand in many exports for "nothing"."""


_decoder = json.JSONDecoder(parse_float=Literal, parse_constant=_ignored, strict=False)


def _json(line: Line) -> Mapping[str, object] | NotAPost | None:
    if line.too_long:
        return NotAPost(_TOO_LONG)
    content = line.content.strip(b" \t\r")
    if not content:
        return None
    try:
        values = _decoder.decode(content.decode())
    except UnicodeDecodeError as error:
        return _not_utf8(error)
    except RecursionError:
        return NotAPost("it is nested too deeply")
    except ValueError as error:
        return NotAPost(f"it is not JSON: {str(error)[:200]}")
    if isinstance(values, dict):
        return values
    return NotAPost("it is JSON, but no object in braces; every line must be one")


def _not_utf8(error: UnicodeDecodeError) -> NotAPost:
    found = error.object[error.start]
    return NotAPost(
        f"byte {error.start + 1} (0x{found:02x}) is not UTF-8; convert the file first (iconv -t UTF-8)"
    )


class _OpenQuote(Exception):
    """A record did not end where it should have."""


class _Records:
    """CSV: records of one or more lines under a header."""

    def __init__(self, lines: Iterator[Line], layout: Layout) -> None:
        csv.field_size_limit(LONGEST)
        self._lines = lines
        self._again: deque[Line] = deque()
        self._layout = layout
        self._delimiter = "\t" if layout.format is Format.TSV else layout.delimiter

    def read(self) -> Iterator[Read]:
        """The records after the header."""
        columns = self._header()
        while (line := self._next()) is not None:
            if line.too_long:
                yield line, NotAPost(_TOO_LONG)
            elif not line.content.strip():
                yield line, None
            else:
                yield self._record(line, columns)

    def _next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _header(self) -> list[str]:
        first = self._next()
        while first is not None and not first.content.strip():
            first = self._next()
        if first is None:
            return []
        try:
            text = first.content.decode()
            self._delimiter = self._delimiter or max(_DELIMITERS, key=text.count)
            names = next(csv.reader([text], delimiter=self._delimiter, strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise Unreadable(
                f"Its first line is no header of a CSV file in UTF-8 ({error}). Nothing was imported from it."
            ) from error
        return _fields_of(names, self._layout.columns)

    def _record(self, line: Line, columns: list[str]) -> Read:
        taken = [line]
        try:
            cells = next(csv.reader(self._feed(taken), delimiter=self._delimiter, strict=True))
        except UnicodeDecodeError as error:
            refused = _not_utf8(error)
        except (csv.Error, _OpenQuote, StopIteration) as error:
            refused = NotAPost(f"it is not CSV: {str(error) or 'it has no values'}")
        else:
            whole = Line(line.number, b"\n".join(part.content for part in taken))
            return whole, _named(cells, columns)
        self._again.extendleft(reversed(taken[1:]))
        return line, refused

    def _feed(self, taken: list[Line]) -> Iterator[str]:
        """The text of the record's first line, and of further ones as far as its quotes reach."""
        yield taken[0].content.decode() + "\n"
        size = len(taken[0].content)
        while (line := self._next()) is not None:
            taken.append(line)
            size += len(line.content)
            if line.too_long or size > LONGEST or len(taken) > MOST_LINES:
                break
            yield line.content.decode() + "\n"
        raise _OpenQuote("a quote is not closed")


def _fields_of(names: list[str], mapping: Mapping[str, str]) -> list[str]:
    """The field of each column ("" for none)."""
    wanted = {column: name for name, column in mapping.items()}
    absent = sorted(set(wanted) - set(names))
    if absent:
        raise Unreadable(f"It has no column “{absent[0]}”; its columns are: {', '.join(names)[:500]}.")
    fields = [wanted.get(name) or _guessed(name, mapping) for name in names]
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise Unreadable(
            f"It has no column for {', '.join(missing)}; its columns are: {', '.join(names)[:500]}. "
            f"Say which is which, for example --map {missing[0]}={names[0] if names else 'COLUMN'}."
        )
    return fields


def _guessed(name: str, mapping: Mapping[str, str]) -> str:
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    return plain if plain in FIELDS and plain not in mapping else ""


def _named(cells: list[str], columns: list[str]) -> Mapping[str, object] | NotAPost:
    if len(cells) > len(columns):
        return NotAPost(f"it has {len(cells)} values under {len(columns)} columns")
    named = zip(columns, cells, strict=False)
    return {name: _cell(name, cell) for name, cell in named if name and (cell or name == "text")}


def _cell(name: str, cell: str) -> str:
    """A spreadsheet that took an id for a number has cut its digits off; such an id names nothing."""
    return Literal(cell) if name in _IDS and _CUT.match(cell) else cell
