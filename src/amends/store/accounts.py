"""What is remembered of our accounts beside their token: what their server said, and when it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

SERVER = "server"
NOTICE = "notice"
"""Under this name a channel says of a server what an admin should know, though nothing is wrong."""


def told(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the account's server last said of itself."""
    said = settings.get(SERVER)
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}


def moment(settings: Mapping[str, Any], name: str) -> datetime | None:
    """When something was last done with the account, if it was."""
    try:
        at = datetime.fromisoformat(str(settings.get(name, "")))
    except ValueError:
        return None
    return at if at.tzinfo else None


def remember(account_id: int, what: Mapping[str, Mapping[str, str] | datetime]) -> None:
    """Keep moments and what the server said; whatever else is remembered stays."""
    kept = {
        name: value.isoformat() if isinstance(value, datetime) else dict(value)
        for name, value in what.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_account SET settings = settings || %s::jsonb WHERE id = %s",
            [json.dumps(kept), account_id],
        )
