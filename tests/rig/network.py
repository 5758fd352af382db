"""The fake network as a process of its own: spoken to by its control room, believed by its journal."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.rig.processes import AMENDS, Processes, Running, until

from amends.channels.fake_server import TOKEN_VARIABLE
from amends.channels.fake_state import State, from_json
from amends.site import ports

BRAND = "brand"


@dataclass(slots=True)
class Network:
    """One running fake network with nothing on it but the brand's account."""

    processes: Processes
    folder: Path
    environment: Mapping[str, str]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = field(default_factory=ports.free)
    running: Running | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ["fake-network", "--empty", "--handle", BRAND, "--with-parent"]
        words += ["--port", str(self.port), "--state", str(self.folder)]
        environment = {**self.environment, TOKEN_VARIABLE: self.token}
        running = self.processes.start([*AMENDS, *words], environment)
        until(lambda: "ready" in running.said(), 30, "the fake network runs")
        self.running = running

    def control(self, method: str, path: str, /, **body: object) -> Any:
        """One order to the control room, over a connection of its own so that threads may share this."""
        headers = {"authorization": f"Bearer {self.token}"}
        with httpx2.Client(trust_env=False, timeout=30) as client:
            answer = client.request(method, f"{self.url}/control/{path}", headers=headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def say(self, handle: str, text: str, **more: str) -> str:
        post_id: str = self.control("POST", "posts", handle=handle, text=text, **more)["id"]
        return post_id

    def order(self, trouble: str, method: str, path: str, count: int = 1, seconds: int = 2) -> None:
        self.control(
            "POST", "faults", trouble=trouble, method=method, path=path, count=count, seconds=seconds
        )

    def truth(self) -> State:
        """All that stands on the network, from its journal: what it has on disk and nothing it only says."""
        state = State()
        for line in (self.folder / "journal.jsonl").read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                state.apply(from_json(json.loads(line)))
        return state
