"""Another system that delivers by signed webhook, as docs/webhooks.md tells it to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from django.test import Client
from tests.api.conftest import Desk

from amends import clock
from amends.core import signed
from amends.pipeline import hooks, sources
from amends.store import models

_numbers = count(1)


@dataclass
class Sender:
    """One that knows an address and a secret."""

    account: models.Account
    secret: str = field(repr=False)
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    @property
    def path(self) -> str:
        return f"/hooks/{self.account.remote_id}"

    def deliver(self, body: object, **more: Any) -> Any:
        """Post it signed; bytes as they are, everything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(raw, self.headers(raw), **more)

    def headers(self, body: bytes, at: datetime | None = None, *secrets: str) -> dict[str, str]:
        keys = [signed.key_of(secret) for secret in secrets or (self.secret,)]
        made = [signed.sign(key, f"msg_{next(_numbers)}", at or clock.now(), body) for key in keys[:1]]
        more = [signed.sign(key, made[0].id, at or clock.now(), body).signatures for key in keys[1:]]
        return {
            "webhook-id": made[0].id,
            "webhook-timestamp": made[0].timestamp,
            "webhook-signature": " ".join([made[0].signatures, *more]),
        }

    def send(self, body: bytes, headers: dict[str, str], **more: Any) -> Any:
        wanted = {"method": "POST", "path": self.path, "content_type": "application/json"} | more
        method, path = wanted.pop("method"), wanted.pop("path")
        return self.client.generic(method, path, body, headers=headers, **wanted)

    def with_secret(self, secret: str) -> Sender:
        return replace(self, secret=secret)


def sender(desk: Desk, channel: str = "forum", brand: models.Brand | None = None) -> Sender:
    """A source of the brand and the system that delivers to it."""
    hooks.known.forget()
    return Sender(*sources.make((brand or desk.brand).pk, channel, desk.ada, desk.now))


def post(number: int | str = 1, **more: object) -> dict[str, object]:
    return {
        "id": f"f{number}",
        "author_id": f"a{number}",
        "author_name": "Ann",
        "text": "My parcel is lost and nobody answers",
        "created_at": "2026-03-04T11:00:00Z",
        "url": f"https://forum.example/t/{number}",
        **more,
    }
