"""The living sample: who may sign in to it and how the desk and its network know each other. Demo only.

Made once and kept in a file of the data folder that only we can read; it is no part of a backup.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from amends.site.errors import SiteError

FILE = "sample.json"
PASSWORD_BYTES = 9
ROLES = (("admin", "Ada Admin"), ("supervisor", "Sven Supervisor"), ("agent", "Ana Agent"))


class SampleError(SiteError):
    """The sample cannot be shown."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo; `kept` is the password as the database keeps it, to see when it was changed."""

    role: str
    name: str
    email: str
    password: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The people of the demo, the token between desk and network, and the port that the network had last."""

    token: str
    people: tuple[Person, ...]
    port: int = 0

    def on(self, port: int) -> Sample:
        """The same with its network on another port."""
        return replace(self, port=port)


def fresh() -> Sample:
    """A sample with passwords and a token of its own."""
    people = [
        Person(role, name, f"{role}@demo.example", secrets.token_urlsafe(PASSWORD_BYTES))
        for role, name in ROLES
    ]
    return Sample(secrets.token_urlsafe(32), tuple(people))


def read(folder: Path) -> Sample:
    """The sample of a data folder, a fresh one where there is none yet; SampleError when it is damaged."""
    path = folder / FILE
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        people = tuple(Person(**person) for person in told["people"])
        return Sample(str(told["token"]), people, int(told["port"]))
    except FileNotFoundError:
        return fresh()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SampleError(
            f"{path} is damaged; it was left as it is. Remove it: the next start makes new passwords."
        ) from error


def write(folder: Path, sample: Sample) -> None:
    """Keep the sample, whole or not at all."""
    draft = folder / f".{FILE}.new"
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(sample), file, indent=1)
    draft.rename(folder / FILE)
