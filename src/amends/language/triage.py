"""Posts from anywhere as lines of JSON, and what the model makes of them, in the same order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from amends.language.model import Model
from amends.language.reading import Reading, Text

AT_ONCE = 128
"""Lines are read so many at a time."""
_TEXTS = ("lang", "in_reply_to_text")


class BadLine(ValueError):
    """A line that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Post:
    """One line: whatever it calls itself, and what is to be read."""

    id: str | int
    text: Text


def parse(line: bytes) -> Post:
    """The post of one line; unknown fields are passed over. Raises BadLine."""
    try:
        told = json.loads(line)
    except UnicodeDecodeError:
        raise BadLine("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadLine(f"not JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ValueError) as error:
        raise BadLine(f"not JSON that can be read: {error}") from None
    if not isinstance(told, dict):
        raise BadLine("not an object")
    return Post(_id(told), Text(_text(told), *(_optional(told, name) for name in _TEXTS)))


def _id(told: dict[str, Any]) -> str | int:
    given = told.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise BadLine("“id” is missing" if given is None else "“id” is neither a string nor a whole number")
    return given


def _text(told: dict[str, Any]) -> str:
    given = told.get("text")
    if not isinstance(given, str):
        raise BadLine("“text” is missing" if given is None else "“text” is not a string")
    return given


def _optional(told: dict[str, Any], name: str) -> str | None:
    given = told.get(name)
    if given is not None and not isinstance(given, str):
        raise BadLine(f"“{name}” is not a string")
    return given


def triage(lines: Iterable[bytes], model: Model, refuse: Callable[[int, str], None]) -> Iterator[str]:
    """An answer for each line that can be read, in order; the others go to `refuse` with number and reason.

    Empty lines are passed over, but counted. The memory does not grow with the number of lines.
    """
    numbered = enumerate(lines, 1)
    while some := list(islice(numbered, AT_ONCE)):
        posts = [post for number, line in some if (post := _post(number, line, refuse))]
        readings = model.read([post.text for post in posts])
        for post, reading in zip(posts, readings, strict=True):
            yield json.dumps(answer(post, reading))


def _post(number: int, line: bytes, refuse: Callable[[int, str], None]) -> Post | None:
    bare = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
    if not bare:
        return None
    try:
        return parse(bare)
    except BadLine as error:
        refuse(number, str(error))
        return None


def answer(post: Post, reading: Reading) -> dict[str, Any]:
    """What is said of one post; reasons count in Unicode code points of the text that was given."""
    return {
        "id": post.id,
        "complaint": reading.complaint,
        "label": "complaint" if reading.is_complaint else "not_complaint",
        "severity": reading.severity.value,
        "kind": reading.kind.value,
        "about": list(reading.about),
        "abuse": reading.abuse,
        "urgent": [*reading.urgent, *reading.perhaps],
        "lang": reading.lang,
        "reasons": [asdict(reason) for reason in reading.reasons],
        "model": reading.model,
    }
