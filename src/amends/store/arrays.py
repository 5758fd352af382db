"""Long lists as PostgreSQL reads them, spelled many times faster than the database driver does."""

from __future__ import annotations

from collections.abc import Sequence


def texts(values: Sequence[str]) -> str:
    """The values for a parameter cast to `text[]`; none may hold what `store.plain` replaces."""
    if not values:
        return "{}"
    return '{"' + '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values]) + '"}'


def binaries(values: Sequence[bytes]) -> str:
    """The values for a parameter cast to `bytea[]`."""
    return texts(["\\x" + value.hex() for value in values])
