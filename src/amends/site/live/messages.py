"""What is sent on a stream: server-sent events, as docs/api.md describes them."""

from __future__ import annotations

import json

BEAT = b": here\n\n"
"""A comment, so that proxies see life and a line that is dead is found out."""


def event(name: str, /, **data: object) -> bytes:
    """One event with its data as JSON on one line."""
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


RELOAD = event("reload")
AWAY = event("away")


def end(why: str) -> bytes:
    """The last event of a stream."""
    return event("end", why=why)
