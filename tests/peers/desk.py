"""A whole desk of real processes with an account on a real server, behind a cable that can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.peers.cable import Cable, cable
from tests.peers.mastodons import Server
from tests.peers.people import Person
from tests.rig.desk import Rig, rig
from tests.rig.processes import Running, until

PATIENCE = 60.0
OPEN = "amends stream open"


@dataclass(slots=True)
class Watched:
    """The desk, its account (`brand`) on the server, and the cable between the two."""

    rig: Rig
    server: Server
    line: Cable
    brand: Person
    worker: Running

    def case(self, of: Person) -> dict[str, Any]:
        """The case of this person, with its posts, once the desk has it."""
        case_id = until(lambda: self._case_id(of), PATIENCE, f"{of.handle} has a case", self.worker.said)
        found: dict[str, Any] = self.rig.api("GET", f"/cases/{case_id}").json()
        return found

    def _case_id(self, of: Person) -> int | None:
        items = self.rig.api("GET", "/cases?view=all&limit=100").json()["items"]
        return next((one["id"] for one in items if one["handle"].split("@")[0] == of.handle), None)

    def answer(self, case: dict[str, Any], text: str) -> str:
        """Answer the person's last post by the API; returns where to ask for the send."""
        last = [post for post in case["posts"] if post["direction"] == "in"][-1]
        body = {"to_post": last["id"], "text": text}
        planned = self.rig.api("POST", f"/cases/{case['id']}/reply", body)
        assert planned.status_code == 201, planned.text
        return f"/sends/{planned.json()['id']}"

    def sent(self, send: str, state: str = "sent") -> dict[str, Any]:
        """The send, once it is in this state."""

        def there() -> dict[str, Any] | None:
            found: dict[str, Any] = self.rig.api("GET", send).json()
            return found if found["state"] == state else None

        return until(there, PATIENCE, f"{send} is {state}", lambda: self.rig.api("GET", send).text)

    def posts(self, words: str) -> list[tuple[Any, ...]]:
        """Every post with these words: source of its first item, direction, text, whether it was deleted."""
        question = (
            "SELECT (SELECT source FROM store_raw r WHERE r.remote_id = p.remote_id ORDER BY id LIMIT 1), "
            "direction, text, deleted_at IS NOT NULL, case_id FROM store_post p WHERE text LIKE %s"
        )
        return self.rig.ask(question, f"%{words}%")

    def holders(self) -> list[int]:
        """The database's process for each worker that has a stream open."""
        rows = self.rig.ask(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext(%s)::oid", OPEN
        )
        return [row[0] for row in rows]

    def streaming(self) -> None:
        until(lambda: len(self.holders()) == 1, PATIENCE, "a stream is open", self.worker.said)


@contextmanager
def watched(server: Server) -> Iterator[Watched]:
    """A desk whose account on the server was connected through the API by a pasted token."""
    brand = server.stranger()
    with cable(server.port) as line, rig({"AMENDS_ALLOW_HOSTS": f"127.0.0.1:{line.port}"}) as desk:
        desk.plant(on_network=False)
        desk.web()
        body = {"channel": "mastodon", "base_url": line.url, "token": brand.token}
        made = desk.api("POST", "/accounts", body)
        assert made.status_code == 201, made.text
        assert made.json()["handle"].startswith(f"{brand.handle}@")
        made_desk = Watched(desk, server, line, brand, desk.start("worker"))
        asked = "SELECT count(*) FROM store_account WHERE polled_at IS NOT NULL"
        until(lambda: desk.one(asked), PATIENCE, "it was polled", made_desk.worker.said)
        yield made_desk
        assert "Traceback" not in desk.processes.said()
        assert brand.token not in desk.processes.said()
