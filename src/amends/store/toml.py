"""A small writer of TOML for what a policy holds: texts, numbers, lists and tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def write(document: Mapping[str, object]) -> str:
    """The document as TOML; what is None is left out, since TOML has no word for it."""
    parts = _table(document, ())
    return "\n".join(parts).strip() + "\n"


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    inner = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in table.items() if name not in inner and value is not None}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    if path and (lines or not inner):
        lines = ["", f"[{'.'.join(map(_key, path))}]", *lines]
    for name, value in inner.items():
        lines += _table(value, (*path, name))
    return lines


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _text(value)
        case list() | tuple() if value and all(isinstance(item, Mapping) for item in value):
            return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            return _inline(value)
    raise TypeError(f"a policy holds no {type(value).__name__}")


def _inline(table: Mapping[str, object]) -> str:
    """A table on one line, which TOML 1.0 wants of one that stands within another value."""
    items = [f"{_key(name)} = {_within(value)}" for name, value in table.items() if value is not None]
    return f"{{ {', '.join(items)} }}" if items else "{}"


def _within(value: object) -> str:
    """A value inside an inline table: its lists stay on that line."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_within, value))}]"
    return _value(value)


def _text(text: str) -> str:
    """A basic string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
