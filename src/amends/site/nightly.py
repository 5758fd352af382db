"""When the next backup is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from amends.site.setting import SettingError, shown

VARIABLE = "AMENDS_BACKUP_HOUR"
DEFAULT_HOUR = 3
DAY = timedelta(days=1)
TOO_OLD = timedelta(hours=25)
"""So that a machine that sleeps at night has a backup of every day, too."""
AFTER_FAILURE = timedelta(hours=1)


class BadHour(SettingError):
    """The hour of the nightly backup is no hour."""


def hour(environ: Mapping[str, str]) -> int | None:
    """The local hour of the nightly backup; None when it is switched off."""
    given = environ.get(VARIABLE, str(DEFAULT_HOUR)).strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 2 and int(given) < 24):
        raise BadHour(
            f"{VARIABLE} is “{shown(given)}”; it must be an hour from 0 to 23, or empty for no backups. "
            "Nothing was started."
        )
    return int(given)


def due(now: datetime, last_good: datetime | None, at_hour: int | None) -> bool:
    """Whether a backup is to be made now; `now` is aware and in the machine's own zone."""
    if at_hour is None:
        return False
    if last_good is None or now - last_good > TOO_OLD:
        return True
    tonight = now.replace(hour=at_hour, minute=0, second=0, microsecond=0)
    return last_good < (tonight if tonight <= now else tonight - DAY)
