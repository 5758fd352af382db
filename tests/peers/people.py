"""People on a server that speaks Mastodon's client API, through plain HTTP and nothing of the desk's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account there."""

    server: str
    handle: str
    token: str

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        with httpx2.Client(trust_env=False, timeout=30) as client:
            return client.request(method, self.server + path, headers=headers, **more)

    def told(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def says(self, text: str, *, re: str | None = None, visibility: str = "public") -> str:
        body = {"status": text, "visibility": visibility, **({"in_reply_to_id": re} if re else {})}
        status_id: str = self.told("POST", "/api/v1/statuses", json=body)["id"]
        return status_id

    def edits(self, status_id: str, text: str) -> None:
        self.told("PUT", f"/api/v1/statuses/{status_id}", json={"status": text})

    def deletes(self, status_id: str) -> None:
        self.told("DELETE", f"/api/v1/statuses/{status_id}")

    def answers_to(self, status_id: str) -> list[dict[str, Any]]:
        """What stands under a post for this person's eyes."""
        found: list[dict[str, Any]] = self.told("GET", f"/api/v1/statuses/{status_id}/context")["descendants"]
        return found

    def mentions(self) -> list[dict[str, Any]]:
        """The statuses by which this person was told that somebody spoke to them, the last one first."""
        found = self.told("GET", "/api/v1/notifications", params={"limit": "40"})
        return [one["status"] for one in found if one["type"] == "mention" and one["status"]]

    def account_id(self) -> str:
        found: str = self.told("GET", "/api/v1/accounts/verify_credentials")["id"]
        return found

    def follows(self, other: Person) -> None:
        self.told("POST", f"/api/v1/accounts/{other.account_id()}/follow", json={})
