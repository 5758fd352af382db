"""What is sent on a stream: server-sent events, as docs/api.md describes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import uuid4

from amends.store.presence import Somebody

BEAT = b": here\n\n"
"""A comment, so that proxies see life and a line that is dead is found out."""


def event(name: str, /, **data: object) -> bytes:
    """One event with its data as JSON on one line."""
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def present(brand_id: int, case_id: int, people: Sequence[Somebody]) -> bytes:
    """Who is at a case and what they do there; nobody is an answer, too."""
    told = [{"id": p.id, "name": p.name, "doing": p.doing, "since": p.since.isoformat()} for p in people]
    return event("presence", brand=brand_id, case=case_id, people=told)


def changed(brand_id: int, cases: list[int] | None, conversations: list[int] | None) -> bytes:
    """What changed (None: too much to name), under a mark of its own."""
    return event("changed", brand=brand_id, cases=cases, conversations=conversations, mark=uuid4().hex[:16])


RELOAD = event("reload")
AWAY = event("away")


def end(why: str) -> bytes:
    """The last event of a stream."""
    return event("end", why=why)
