"""Another system that delivers posts by signed webhook until it is told that they are kept."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
from tests.rig.desk import BRAND, Rig

from amends import clock
from amends.core import signed

CREATED = "2026-03-01T10:00:00Z"


@dataclass
class Sender:
    """Knows an address and a secret; `site` is where the desk, or a proxy before it, answers."""

    site: str
    path: str
    secret: str = field(repr=False)
    numbers: Any = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, rig: Rig, channel: str = "forum") -> Sender:
        """One with a new source of the rig's brand."""
        path, secret = rig.inside("plant_source", BRAND, channel).split()
        return cls(rig.site, path, secret)

    def post(self, number: int) -> dict[str, str]:
        return {
            "id": f"f{number}",
            "author_id": f"a{number % 7}",
            "text": f"My parcel {number} is lost and nobody answers me!",
            "created_at": CREATED,
        }

    def deliver(self, posts: object, client: httpx2.Client, **headers: str) -> httpx2.Response:
        body = json.dumps(posts).encode()
        envelope = signed.sign(signed.key_of(self.secret), f"msg_{next(self.numbers)}", clock.now(), body)
        told = {
            "content-type": "application/json",
            "webhook-id": envelope.id,
            "webhook-timestamp": envelope.timestamp,
            "webhook-signature": envelope.signatures,
            **headers,
        }
        return client.post(self.site + self.path, content=body, headers=told)


class Delivering(threading.Thread):
    """Delivers all the time, tries again what was not acknowledged, and notes what was promised."""

    def __init__(self, sender: Sender, first: int, at_once: int = 1) -> None:
        super().__init__(daemon=True)
        self.sender, self.first, self.at_once = sender, first, at_once
        self.promised: list[str] = []
        self.statuses: dict[int, int] = {}
        self.over = threading.Event()

    def run(self) -> None:
        number = self.first
        with httpx2.Client(trust_env=False, timeout=30) as client:
            while not self.over.is_set():
                posts = [self.sender.post(number + n) for n in range(self.at_once)]
                if self._taken(client, posts):
                    self.promised += [post["id"] for post in posts]
                    number += self.at_once
                else:
                    time.sleep(0.02)

    def _taken(self, client: httpx2.Client, posts: list[dict[str, str]]) -> bool:
        try:
            answer = self.sender.deliver(posts, client)
        except httpx2.TransportError:
            self._note(599)
            return False
        self._note(answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code == 200 and answer.json()["refused"] == 0

    def _note(self, status: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
