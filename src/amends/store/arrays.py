"""Long lists as PostgreSQL reads them, spelled many times faster than the database driver does."""

from __future__ import annotations

from collections.abc import Sequence


def texts(values: Sequence[str]) -> str:
    """The values for a parameter cast to `text[]`; none may hold what `store.plain` replaces."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        return "{" + ",".join([_quoted(value) for value in values]) + "}"
    return '{"' + joined + '"}'


def column(values: Sequence[object]) -> str:
    """Values of a type whose `str` PostgreSQL reads, or None, for a parameter cast to an array of it."""
    if None not in values:
        return texts([str(value) for value in values])
    return "{" + ",".join(["NULL" if value is None else _quoted(str(value)) for value in values]) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def binaries(values: Sequence[bytes]) -> str:
    """The values for a parameter cast to `bytea[]`."""
    return '{"\\\\x' + '","\\\\x'.join([value.hex() for value in values]) + '"}' if values else "{}"
