"""The code that a new desk asks of visitors from elsewhere before one of them becomes its first admin.

It is reckoned from the installation's secret, so that all its web processes, on any machine, ask for the
same one; and it is worth nothing once somebody can sign in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from django.conf import settings

FILE = "set-up-code"
_LETTERS = 16
_GROUP = 4


def code() -> str:
    """The code, as it is shown: letters and digits in groups."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"amends set-up code 1", hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()[:_LETTERS]
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))


def opens(given: str) -> bool:
    """Whether it is the code, however its letters are grouped and written."""
    spelled = "".join(letter for letter in given.upper() if letter.isalnum())
    return hmac.compare_digest(spelled.encode(), code().replace("-", "").encode())


def write_down(folder: Path) -> Path:
    """Put the code into a file of the data folder that only we can read, and say which."""
    path = folder / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(code() + "\n")
    draft.rename(path)
    return path


def forget(folder: Path) -> None:
    """The code is used up."""
    (folder / FILE).unlink(missing_ok=True)
