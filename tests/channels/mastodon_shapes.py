"""Mastodon's JSON as its documents describe it, written by hand, and servers that answer with it."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from amends.channels.drive import Wire, run
from amends.channels.mastodon import Mastodon
from amends.channels.protocol import (
    Connected,
    Page,
    Request,
    Response,
    Seen,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NETWORK = Mastodon()
TOLD = {"domain": "here.example", "api": "6"}
US = Connected("https://here.example", "brand@here.example", "1", "token", TOLD)
STATUS: dict[str, Any] = {
    "id": "103186126728896492", "created_at": "2026-03-02T08:59:58.000Z", "edited_at": None,
    "in_reply_to_id": "103186126728896000", "in_reply_to_account_id": "1", "sensitive": True,
    "spoiler_text": "rant", "visibility": "unlisted", "language": "en", "uri": "https://far.example/x",
    "url": "https://far.example/@ann/1", "replies_count": 0, "reblog": None, "media_attachments": [],
    "content": '<p><span class="h-card"><a href="https://here.example/@brand" class="u-url mention">'
               "@<span>brand</span></a></span> still broken</p>",
    "account": {"id": "971724", "username": "ann", "acct": "ann@far.example", "display_name": "Ann :blob:",
                "bot": False, "emojis": []},
    "mentions": [{"id": "1", "username": "brand", "acct": "brand", "url": "https://here.example/@brand"}],
}  # fmt: skip


def status(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(STATUS), **changes}


def notification(of: object, kind: str = "mention") -> dict[str, Any]:
    return {"id": "34975861", "type": kind, "created_at": "2026-03-02T09:00:00.000Z", "status": of}


def answering(**said: Any) -> Wire:
    """A server that answers each path with this JSON, or with this response; anything else is empty."""

    def carry(request: Request) -> Response:
        path = request.url.removeprefix("https://here.example/api/").strip("/")
        found = said.get(path.replace("/", "_"), [])
        if isinstance(found, Response):
            return found
        return Response(200, {}, json.dumps(found).encode(), NOW)

    return carry


def polled(of: object, cursor: str = "", kind: str = "mention") -> Page:
    return run(NETWORK.poll(US, cursor), answering(v1_notifications=[notification(of, kind)]))


def only(page: Page) -> Seen:
    [item] = page.items
    return item
