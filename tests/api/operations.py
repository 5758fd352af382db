"""Every operation of the API, with a path and a body that would do if the door were open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amends.api.urls import api
from amends.core.scopes import Scope


@dataclass(frozen=True)
class Operation:
    """One operation as the API's own description has it."""

    name: str
    method: str
    path: str
    scope: Scope
    body: Any

    def at(self, ids: dict[str, int]) -> str:
        """Its path under /api/v1 with ids in place."""
        return self.path.format(**ids)


BODIES: dict[str, Any] = {
    "add_posts": {
        "posts": [{"id": "n1", "author_id": "a", "text": "hello", "created_at": "2026-03-04T11:00:00Z"}]
    },
    "make_case": {"severity": "low"},
    "reply": {"to_post": 1, "text": "Sorry"},
    "count_length": {"text": "Sorry"},
    "assign": {"to": None},
    "note": {"text": "A note"},
    "be_present": {"doing": "noting"},
    "promise": {"until": "2030-01-01T00:00:00Z"},
    "wait_for_customer": {"why": "their photograph"},
    "go_on": {"why": "no need for it"},
    "set_standing": {"standing": "priority", "why": "third failure"},
    "merge": {"case": 1, "why": "one matter"},
    "split": {"posts": [1], "why": "another matter"},
    "link": {"author": 1, "why": "she says so"},
    "unlink": {"author": 1, "why": "she is not"},
    "snooze": {"until": "2030-01-01T00:00:00Z"},
    "set_severity": {"severity": "low", "why": "looked"},
    "resolve": {"resolution": "answered", "why": "done"},
    "reopen": {"why": "again"},
    "hold": {"placed": True, "why": "court"},
    "read_deleted_words": {"post": 1, "why": "court"},
    "settle": {"again": False, "why": "looked"},
    "rename_brand": {"name": "New name"},
    "set_profile": {"name": "Ada"},
    "make_brand": {"name": "Third"},
    "publish_policy": {"document": {}, "based_on": 1},
    "publish_policy_text": {"toml": "", "based_on": 1},
    "set_role": {"role": "agent"},
    "set_work": {"languages": ["de"]},
    "set_away": {"away": True},
    "invite": {"email": "eve@example.org"},
    "connect_account": {"channel": "fake", "base_url": "http://127.0.0.1:1", "token": "t"},
    "reconnect_account": {"token": "t"},
    "begin_sign_in": {"channel": "mastodon", "server": "http://127.0.0.1:1"},
    "begin_sign_in_again": {},
    "finish_sign_in": {"code": "c"},
    "make_source": {"channel": "forum"},
    "choose_alert_mail": {"by_mail": True},
    "make_alert_hook": {"address": "https://alerts.example.com/amends"},
    "make_token": {"name": "x", "scopes": ["read"]},
}


def all_operations() -> list[Operation]:
    """All of them, from the description that callers read."""
    described = api.get_openapi_schema(path_prefix="/")
    return [
        Operation(
            details["operationId"],
            method,
            path,
            Scope(details["x-scope"]),
            BODIES.get(details["operationId"]),
        )
        for path, methods in described["paths"].items()
        for method, details in methods.items()
    ]
