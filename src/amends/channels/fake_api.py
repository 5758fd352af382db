"""The fake network's doors: the API by token, the public pages, and the control room for tests and demo."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from amends.channels import fake_control, fake_pages
from amends.channels.errors import Unreadable
from amends.channels.fake_deeds import Denied, Saying
from amends.channels.fake_state import Event, Post
from amends.channels.protocol import NOTHING, Json, Response
from amends.channels.record import Record
from amends.core.values import Visibility

if TYPE_CHECKING:
    from amends.channels.fake_network import FakeNetwork

PAGE = 100
JSON_TYPE = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the network's doors see it; `account_id` is empty for a stranger."""

    network: FakeNetwork
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    account_id: str

    def record(self) -> Record:
        """The JSON object in the body."""
        return Record(Response(0, NOTHING, self.body, self.network.now()).json())


def respond(call: Call) -> Response:
    """The answer to any call at all; nothing that a stranger sends raises."""
    try:
        return _routed(call)
    except Denied as denied:
        return failed(call, denied.status, denied.code, denied.message)
    except Unreadable as error:
        return failed(call, 400, "unreadable", str(error))


def succeeded(call: Call, body: Json, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(status, JSON_TYPE, json.dumps(body).encode(), call.network.now())


def failed(
    call: Call, status: int, code: str, message: str, headers: Mapping[str, str] = NOTHING
) -> Response:
    """A refusal in JSON."""
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Response(status, {**JSON_TYPE, **headers}, body, call.network.now())


def _routed(call: Call) -> Response:
    allowed = []
    for method, pattern, door in DOORS:
        match = re.fullmatch(pattern, call.path)
        if match and method == call.method:
            return _entered(call, door, *match.groups())
        allowed += [method] if match else []
    if allowed:
        return failed(call, 405, "not_allowed", f"Allowed here: {', '.join(allowed)}.")
    if call.method == "GET" and not call.path.startswith(("/api/", "/control/")):
        return fake_pages.page(call.network, call.path)
    return failed(call, 404, "no_such_place", "There is nothing here.")


def _entered(call: Call, door: Door, *names: str) -> Response:
    if not call.account_id:
        return failed(call, 401, "no_token", "A token of this network is needed.")
    return succeeded(call, door(call, *names), 201 if call.method == "POST" else 200)


def _me(call: Call) -> Json:
    account = call.network.state.accounts[call.account_id]
    return {"id": account.id, "handle": account.handle, "name": account.name}


def _timeline(call: Call) -> Json:
    limit = min(max(_number(call, "limit", PAGE), 1), PAGE)
    after = _number(call, "after", 0)
    if after > call.network.state.seq:
        raise Denied(400, "bad_cursor", "This cursor was never given out.")
    events, more = call.network.state.timeline(call.account_id, after, limit)
    cursor = str(events[-1].seq if events else after)
    return {"events": [_event(call, event) for event in events], "cursor": cursor, "more": more}


def _event(call: Call, event: Event) -> Json:
    post = call.network.state.posts[event.post_id]
    kind = "delete" if post.deleted else event.kind
    return {"seq": event.seq, "kind": kind, "post": shown(call, post)}


def shown(call: Call, post: Post) -> dict[str, Json]:
    """A post as the API gives it; a deleted one without a word of it."""
    author = call.network.state.accounts[post.author_id]
    return {
        "id": post.id,
        "author": {
            "id": author.id,
            "handle": author.handle,
            "name": author.name,
            "followers": author.followers,
        },
        "text": post.text,
        "lang": post.lang,
        "created_at": post.created_at.isoformat(),
        "noticed_at": post.noticed_at.isoformat() if post.noticed_at else None,
        "edited_at": post.edited_at.isoformat() if post.edited_at else None,
        "in_reply_to": post.in_reply_to,
        "conversation_id": post.conversation_id,
        "visibility": post.visibility.value,
        "deleted": post.deleted,
    }


def _say(call: Call) -> Json:
    record = call.record()
    saying = Saying(call.account_id, record.text("text"), record.maybe_key("in_reply_to"))
    return shown(call, call.network.say(saying))


def _message(call: Call) -> Json:
    record = call.record()
    saying = Saying(
        call.account_id,
        record.text("text"),
        record.maybe_key("in_reply_to"),
        recipient_id=record.key("recipient"),
        visibility=Visibility.PRIVATE,
    )
    return shown(call, call.network.say(saying))


def _post(call: Call, post_id: str) -> Json:
    post = call.network.state.posts.get(post_id)
    if post is None or (
        post.visibility is Visibility.PRIVATE and call.account_id not in (post.author_id, post.recipient_id)
    ):
        raise Denied(404, "no_such_post", "There is no such post.")
    return shown(call, post)


def _replies(call: Call, post_id: str) -> Json:
    _post(call, post_id)
    replies = (call.network.state.posts[child] for child in call.network.state.children.get(post_id, []))
    return _paged(call, [reply for reply in replies if reply.visibility is Visibility.PUBLIC])


def _mine(call: Call) -> Json:
    posts = call.network.state.posts.values()
    mine = [post for post in posts if post.author_id == call.account_id]
    return _paged(call, [post for post in mine if post.visibility is Visibility.PUBLIC])


def _messages_with(call: Call, account_id: str) -> Json:
    conversation = "dm-" + "-".join(sorted((call.account_id, account_id)))
    ids = call.network.state.conversations.get(conversation, [])
    return _paged(call, [call.network.state.posts[post_id] for post_id in ids])


def _paged(call: Call, posts: list[Post]) -> Json:
    after = _number(call, "after", 0)
    part = posts[after : after + PAGE]
    more = len(posts) > after + PAGE
    return {"posts": [shown(call, post) for post in part], "cursor": str(after + len(part)), "more": more}


def _edit(call: Call, post_id: str) -> Json:
    return shown(call, call.network.edit(call.account_id, post_id, call.record().text("text")))


def _delete(call: Call, post_id: str) -> Json:
    call.network.delete(call.account_id, post_id)
    return {"deleted": post_id}


def _block(call: Call) -> Json:
    account_id = call.record().key("account")
    call.network.block(call.account_id, account_id)
    return {"blocked": account_id}


def _unblock(call: Call, account_id: str) -> Json:
    call.network.block(call.account_id, account_id, on=False)
    return {"unblocked": account_id}


def _number(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Denied(400, "bad_cursor", f"{name} is no number of ours.")
    return int(value)


Door: TypeAlias = Callable[..., Json]
ID = r"([^/]{1,80})"
DOORS: tuple[tuple[str, str, Door], ...] = (
    ("GET", "/api/me", _me),
    ("GET", "/api/timeline", _timeline),
    ("GET", "/api/posts", _mine),
    ("POST", "/api/posts", _say),
    ("GET", f"/api/posts/{ID}", _post),
    ("PATCH", f"/api/posts/{ID}", _edit),
    ("DELETE", f"/api/posts/{ID}", _delete),
    ("GET", f"/api/posts/{ID}/replies", _replies),
    ("POST", "/api/messages", _message),
    ("GET", f"/api/messages/{ID}", _messages_with),
    ("POST", "/api/blocks", _block),
    ("DELETE", f"/api/blocks/{ID}", _unblock),
    ("POST", "/control/faults", fake_control.faults),
    ("POST", "/control/clocks", fake_control.clock),
    ("POST", "/control/posts", fake_control.say),
    ("PATCH", f"/control/posts/{ID}", fake_control.edit),
    ("DELETE", f"/control/posts/{ID}", fake_control.delete),
    ("POST", "/control/blocks", fake_control.block),
    ("GET", "/control/state", fake_control.state),
)
