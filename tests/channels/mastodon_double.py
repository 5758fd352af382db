"""A little Mastodon: the fake network's people and posts behind Mastodon's own client API.

Pages, ids, errors and headers are Mastodon's; `newest_first` makes it a server that knows no `min_id`.
Whoever has a clock of their own (`set_clock`) is on another server.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from amends.channels.fake_deeds import Denied, Saying, length
from amends.channels.fake_network import FakeNetwork, _bearer
from amends.channels.fake_state import Account, Post
from amends.channels.fake_trouble import Broken, Fault, Trouble
from amends.channels.protocol import Json, Request, Response
from amends.core.values import Visibility

DOMAIN, FAR = "double.example", "far.example"
LIMIT = 500
MENTION = re.compile(r"@(\w+)(?:@[\w.]+)?")
Answer = tuple[int, Json]
Query = dict[str, list[str]]


class MastodonDouble(FakeNetwork):
    """The network; `windows` and `asked` let a test see what was asked of it."""

    def __init__(self, now: Callable[[], datetime], *, newest_first: bool = False) -> None:
        super().__init__(now)
        self.newest_first = newest_first
        self.version = "4.4.3"
        self.remaining = 300
        self.absent: set[str] = set()
        self.policy = {"for_not_following": "accept"}
        self.silent: set[str] = set()
        self.page = 40
        self.orphaned = False
        self.lists_private = True
        self.keys: dict[str, str] = {}
        self.asked: list[str] = []

    def handle(self, request: Request) -> Response:
        split = urlsplit(request.url)
        path, query = unquote(split.path), parse_qs(split.query, keep_blank_values=True)
        self.asked.append(f"{request.method} {path}")
        for fault in list(self._faults):
            if fault.method in ("", request.method) and path.startswith(fault.path):
                self._faults.remove(fault)
                return self._in_trouble(fault, request, path, query)
        return self._answered(request, path, query)

    def _in_trouble(self, fault: Fault, request: Request, path: str, query: Query) -> Response:
        match fault.trouble:
            case Trouble.ERROR:
                return self._response(503, {"error": "There was a temporary problem, please try again"})
            case Trouble.EXPIRE:
                return self._response(401, {"error": "The access token expired"})
            case Trouble.RATE:
                reset = (self.now() + timedelta(seconds=fault.seconds)).isoformat()
                return self._response(429, {"error": "Too many requests"}, {"x-ratelimit-reset": reset})
            case Trouble.RESET:
                raise Broken(fault)
            case Trouble.ERROR_AFTER:
                self._answered(request, path, query)
                return self._response(500, {"error": "We're sorry, but something went wrong on our end."})
            case Trouble.DROP | Trouble.SLOW:
                raise Broken(fault, self._answered(request, path, query))

    def _answered(self, request: Request, path: str, query: Query) -> Response:
        if any(path.startswith(gone) for gone in self.absent):
            return self._response(404, {"error": "Not Found"})
        if path == "/api/v2/instance":
            return self._response(200, self._instance())
        me = self._tokens.get(_bearer(request), "")
        if not me:
            return self._response(401, {"error": "The access token is invalid"})
        try:
            status, body = self._route(request, me, path.removeprefix("/api/v1/").split("/"), query)
        except Denied as no:
            status, body = no.status, {"error": f"Validation failed: {no.message}"}
        return self._response(status, body)

    def _response(self, status: int, body: Json, headers: dict[str, str] | None = None) -> Response:
        limits = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": str(self.remaining)}
        limits["x-ratelimit-reset"] = (self.now() + timedelta(minutes=5)).isoformat()
        body_bytes = json.dumps(body).encode()
        return Response(status, {**limits, **(headers or {})}, body_bytes, self.now())

    def _route(self, request: Request, me: str, parts: list[str], query: Query) -> Answer:
        match parts:
            case ["accounts", "verify_credentials"]:
                return 200, self._account(me)
            case ["accounts", "relationships"]:
                ids = query.get("id[]", [])
                return 200, [{"id": one, "blocked_by": (one, me) in self.state.blocks} for one in ids]
            case ["accounts", of, "statuses"]:
                own = [p for p in self._standing(me) if p.author_id == of and self._listed(p)]
                return 200, [self._status(p) for p in self._page(own, query)]
            case ["accounts", of] if of in self.state.accounts:
                return 200, self._account(of)
            case ["notifications"]:
                return 200, [self._notification(p) for p in self._page(self._to(me), query)]
            case ["conversations"]:
                return 200, self._conversations(me, query)
            case ["statuses"] if request.method == "POST":
                return self._posted(me, request)
            case ["statuses"]:
                found = (self._visible(me, one) for one in query.get("id[]", []))
                return 200, [self._status(post) for post in found if post]
            case ["statuses", one, *rest] if post := self._visible(me, one):
                return 200, self._of_status(me, post, rest)
        if parts[-2:] == ["notifications", "policy"]:
            return 200, dict(self.policy)
        return 404, {"error": "Record not found"}

    def _of_status(self, me: str, post: Post, rest: list[str]) -> Json:
        if rest == ["context"]:
            ids = self.state.conversations[post.conversation_id]
            near = [self._status(p) for one in ids if one != post.id and (p := self._visible(me, one))]
            before: list[Json] = [status for status in near if str(status["id"]) < post.id]
            after: list[Json] = [status for status in near if str(status["id"]) > post.id]
            return {"ancestors": before, "descendants": after}
        if rest == ["source"]:
            return {"id": post.id, "text": post.text, "spoiler_text": ""}
        return self._status(post)

    def _listed(self, post: Post) -> bool:
        return self.lists_private or post.visibility is Visibility.PUBLIC

    def _standing(self, me: str) -> list[Post]:
        return [post for post in self.state.posts.values() if self._visible(me, post.id)]

    def _visible(self, me: str, post_id: str) -> Post | None:
        post = self.state.posts.get(post_id)
        if post is None or post.deleted or (post.author_id, me) in self.state.blocks:
            return None
        private = post.visibility is Visibility.PRIVATE
        return None if private and me not in (post.author_id, post.recipient_id) else post

    def _to(self, me: str) -> list[Post]:
        """What the account is notified of, oldest first."""
        events, _ = self.state.timeline(me, 0, 1_000_000)
        ids = dict.fromkeys(event.post_id for event in events if event.kind == "post")
        posts = (self._visible(me, one) for one in ids)
        return [post for post in posts if post and post.author_id != me and post.author_id not in self.silent]

    def _page(self, posts: Iterable[Post], query: Query) -> list[Post]:
        low, high = query.get("min_id", [""])[0], query.get("max_id", [""])[0]
        if self.newest_first:
            low = ""
        chosen = [
            p for p in posts if (not low or int(p.id) > int(low)) and (not high or int(p.id) < int(high))
        ]
        size = min(self.page, int(query.get("limit", ["20"])[0]))
        return (chosen[:size] if low else chosen[-size:])[::-1]

    def _conversations(self, me: str, query: Query) -> Json:
        private = [p for p in self._standing(me) if p.visibility is Visibility.PRIVATE]
        last = {post.conversation_id: post for post in private}
        newest = sorted(last.values(), key=lambda post: int(post.id))
        return [{"id": p.conversation_id, "last_status": self._status(p)} for p in self._page(newest, query)]

    def _posted(self, me: str, request: Request) -> Answer:
        key = next((value for name, value in request.headers.items() if name == "idempotency-key"), "")
        if key in self.keys:
            return 200, self._status(self.state.posts[self.keys[key]])
        body = json.loads(request.content)
        text, direct = body["status"], body["visibility"] == "direct"
        named = [self.state.handles[it] for it in MENTION.findall(text.lower()) if it in self.state.handles]
        if length(text) > LIMIT:
            return 422, {"error": f"Validation failed: Text character limit of {LIMIT} exceeded"}
        to, visibility = (named[0], Visibility.PRIVATE) if direct and named else (None, Visibility.PUBLIC)
        post = self.say(Saying(me, text, body.get("in_reply_to_id"), to, visibility))
        self.keys[key] = post.id
        return 200, self._status(post)

    def _instance(self) -> Json:
        return {
            "domain": DOMAIN,
            "version": self.version,
            "api_versions": {"mastodon": 6},
            "configuration": {
                "urls": {"streaming": f"wss://streaming.{DOMAIN}"},
                "statuses": {"max_characters": LIMIT, "characters_reserved_per_url": 23},
            },
        }

    def _account(self, account_id: str) -> dict[str, Json]:
        account: Account = self.state.accounts[account_id]
        url = f"https://{DOMAIN}/@{account.handle}"
        acct = f"{account.handle}@{FAR}" if self._clocks.get(account.id) else account.handle
        return {"id": account.id, "acct": acct, "display_name": account.name, "url": url}

    def _notification(self, post: Post) -> Json:
        created = (post.noticed_at or post.created_at).isoformat()
        return {"id": post.id, "type": "mention", "created_at": created, "status": self._status(post)}

    def _status(self, post: Post) -> dict[str, Json]:
        private = post.visibility is Visibility.PRIVATE
        named = [it for it in MENTION.findall(post.text.lower()) if it in self.state.handles]
        mentions: list[Json] = [self._account(self.state.handles[it]) for it in named]
        return {
            "id": post.id,
            "created_at": post.created_at.isoformat().replace("+00:00", "Z"),
            "edited_at": post.edited_at.isoformat() if post.edited_at else None,
            "in_reply_to_id": None if self.orphaned else post.in_reply_to,
            "visibility": "direct" if private else "public",
            "spoiler_text": "",
            "language": post.lang or None,
            "url": f"https://{DOMAIN}/@x/{post.id}",
            "content": _rendered(post.text),
            "account": self._account(post.author_id),
            "mentions": mentions,
            "reblog": None,
        }


def _rendered(text: str) -> str:
    """As Mastodon renders: escaped, mentions linked with their host out of sight, lines kept."""

    def linked(it: re.Match[str]) -> str:
        url = f"https://{DOMAIN}/@{it[1]}"
        return f'<span class="h-card"><a href="{url}" class="u-url mention">@<span>{it[1]}</span></a></span>'

    lines = MENTION.sub(linked, html.escape(text)).replace("\n", "<br>")
    return f"<p>{lines}</p>"
