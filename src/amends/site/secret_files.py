"""Settings that are secrets, from files: where an environment can be listed and a file cannot."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from amends.site.errors import PlaceError

LONGEST = 64 * 1024
NAMED_BY = (
    "AMENDS_SECRET_KEY_FILE",
    "AMENDS_SECRET_KEY_OLD_FILE",
    "AMENDS_HISTORY_KEY_FILE",
    "AMENDS_SMTP_PASSWORD_FILE",
    "AMENDS_MOVE_URL_FILE",
    "AMENDS_MOVE_OWNER_URL_FILE",
    "DATABASE_URL_FILE",
    "DATABASE_OWNER_URL_FILE",
    "DATABASE_DIRECT_URL_FILE",
)
"""Variables that name the file in which the setting without `_FILE` stands."""


def read(environ: MutableMapping[str, str]) -> None:
    """Set what files hold; PlaceError where one cannot be read or the setting is given twice."""
    for variable in NAMED_BY:
        path = environ.get(variable, "").strip()
        if not path:
            continue
        name = variable.removesuffix("_FILE")
        content = _content(variable, Path(path))
        if environ.get(name, content) != content:
            raise PlaceError(f"Both {name} and {variable} are set, and differ. Set one. Nothing was started.")
        environ[name] = content


def _content(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1).decode("utf-8").strip()
    except OSError as error:
        raise PlaceError(
            f"The file {path}, which {variable} names, cannot be read ({error.strerror}). Let the user that "
            "runs amends read it. Nothing was started."
        ) from error
    except UnicodeDecodeError:
        content = ""
    if not content or len(content) > LONGEST or "\0" in content:
        raise PlaceError(f"The file {path}, which {variable} names, holds no setting. Nothing was started.")
    return content
