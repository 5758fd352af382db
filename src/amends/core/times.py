"""When something was said, where others set the clock: what may be believed of their time."""

from __future__ import annotations

from datetime import datetime


def bounded(claimed: datetime, received: datetime, noticed: datetime | None = None) -> datetime:
    """The time of a post that all rules use, from the one its network or author claims.

    Never after we received it. `noticed`, where the claimed time is not our own server's, is when that server
    first told of the post: never before that, as long as that was not itself after we received it.
    """
    return min(claimed if noticed is None else max(claimed, noticed), received)
