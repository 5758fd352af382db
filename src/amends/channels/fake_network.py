"""The fake network: a real little network behind `handle`, pure but for the clock and journal it is given.

It has no idempotency key on purpose: whoever loses an answer has to read back. Trouble can be ordered
with `fail`, and comes to exactly the requests that it was ordered for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from amends.channels import fake_api
from amends.channels.fake_deeds import Clock, Deeds
from amends.channels.fake_state import Entry, State
from amends.channels.fake_trouble import Broken, Fault, Trouble
from amends.channels.protocol import Request, Response


def unrecorded(_entry: Entry) -> None:
    """The journal of a network that need not outlive its process."""


class FakeNetwork(Deeds):
    """Accounts, posts, threads, messages, edits, deletions and blocks behind one HTTP door."""

    def __init__(
        self, now: Clock, *, state: State | None = None, record: Callable[[Entry], None] = unrecorded
    ) -> None:
        super().__init__(state or State(), record, now)
        self._tokens: dict[str, str] = {}
        self._faults: deque[Fault] = deque()

    def admit(self, account_id: str, token: str) -> None:
        """Let whoever shows `token` act as this account; tokens are never journalled."""
        self._tokens[token] = account_id

    def fail(self, *faults: Fault) -> None:
        """Order trouble; each comes once, in the order given."""
        self._faults.extend(faults)

    def handle(self, request: Request) -> Response:
        """The network's answer to any request; raises `Broken` where the carrier is to break off."""
        path, query = _target(request)
        call = fake_api.Call(
            network=self,
            method=request.method,
            path=path,
            query=query,
            body=request.content,
            account_id=self._tokens.get(_bearer(request), ""),
        )
        fault = self._fault_for(call)
        if fault is None:
            return fake_api.respond(call)
        return self._troubled(fault, call)

    def _fault_for(self, call: fake_api.Call) -> Fault | None:
        for fault in self._faults:
            if call.path.startswith(fault.path) and fault.method in ("", call.method):
                self._faults.remove(fault)
                return fault
        return None

    def _troubled(self, fault: Fault, call: fake_api.Call) -> Response:
        match fault.trouble:
            case Trouble.ERROR:
                return fake_api.failed(call, 500, "ordered", "An ordered trouble.")
            case Trouble.EXPIRE:
                return fake_api.failed(call, 401, "token_expired", "The token has expired.")
            case Trouble.RATE:
                wait = {"retry-after": str(fault.seconds)}
                return fake_api.failed(call, 429, "slow_down", "Too many requests.", wait)
            case Trouble.RESET:
                raise Broken(fault)
            case Trouble.ERROR_AFTER:
                fake_api.respond(call)
                return fake_api.failed(call, 500, "ordered", "An ordered trouble.")
            case Trouble.DROP | Trouble.SLOW:
                raise Broken(fault, fake_api.respond(call))


def _target(request: Request) -> tuple[str, dict[str, str]]:
    """Path and query of a request; what is no URL leads to a path where nothing is."""
    try:
        split = urlsplit(request.url)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
    except ValueError:
        return "/?", {}
    more = {name: value if isinstance(value, str) else value[-1] for name, value in request.query.items()}
    return unquote(split.path, errors="replace"), query | more


def _bearer(request: Request) -> str:
    for name, value in request.headers.items():
        if name.lower() == "authorization" and value[:7].lower() == "bearer ":
            return value[7:].strip()
    return ""
