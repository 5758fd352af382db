"""Reading single settings: what cannot be understood is said kindly, and nothing is started."""

from __future__ import annotations

import re
from collections.abc import Mapping

from amends.site.errors import SiteError

LONGEST_SHOWN = 80


class SettingError(SiteError):
    """A setting cannot be understood."""


def whole(environ: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """The whole number that is set; unset and empty are the default. Raises SettingError."""
    given = environ.get(name, "").strip() or str(default)
    fits = given.isascii() and given.isdigit() and len(given) <= len(str(most))
    if not (fits and least <= int(given) <= most):
        raise SettingError(
            f"{name} is “{shown(given)}”; it must be a whole number from {least} to {most}. "
            "Nothing was started."
        )
    return int(given)


def one_of(environ: Mapping[str, str], name: str, *choices: str) -> str:
    """The word that is set; unset and empty are the first choice. Raises SettingError."""
    given = environ.get(name, "").strip().lower() or choices[0]
    if given not in choices:
        raise SettingError(
            f"{name} is “{shown(given)}”; it must be one of {', '.join(choices)}. Nothing was started."
        )
    return given


def shown(given: str) -> str:
    """What was set, for a message: without a name and password or a query, short, on one line."""
    text = re.sub(r"(?s)^(\w*:?//)?.*@", r"\1…@", given.strip())
    text = re.sub(r"(?s)[?#].*", "…", text)
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
