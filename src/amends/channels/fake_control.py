"""The control room of the fake network: speak as anybody and order trouble, for tests, demo and bench."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amends.channels.errors import Unreadable
from amends.channels.fake_deeds import Denied, Saying
from amends.channels.fake_trouble import Fault, Trouble
from amends.channels.protocol import Json
from amends.channels.record import Record
from amends.core.values import Visibility

if TYPE_CHECKING:
    from amends.channels.fake_api import Call

MOST_AT_ONCE = 1000
MOST_OFF = 366 * 86_400
"""Seconds that somebody's clock may be wrong by."""


def faults(call: Call) -> Json:
    """Order `{"trouble", "count", "method", "path", "seconds"}`."""
    record = call.record()
    wanted = record.text("trouble")
    if wanted not in list(Trouble):
        raise Denied(422, "no_such_trouble", f"One of: {', '.join(Trouble)}.")
    path, method = record.text("path", "/api/"), record.text("method", "")
    count = _number(record, "count", 1)
    fault = Fault(Trouble(wanted), method, path, _number(record, "seconds", 2))
    call.network.fail(*[fault] * count)
    return {"ordered": count}


def clock(call: Call) -> Json:
    """Have a handle write by a clock of its own, wrong by `{"handle", "seconds"}`; 0 sets it right."""
    record = call.record()
    off = record.number("seconds", 0)
    if not -MOST_OFF <= off <= MOST_OFF:
        raise Unreadable(f"seconds must be between {-MOST_OFF} and {MOST_OFF}.")
    handle = record.key("handle")
    call.network.set_clock(call.network.join(handle, handle).id, timedelta(seconds=off))
    return {"handle": handle, "seconds": off}


def say(call: Call) -> Json:
    """Post as `{"handle", "name", "text", "in_reply_to", "to", "lang"}`; `to` makes it a message."""
    record = call.record()
    handle = record.key("handle")
    author = call.network.join(handle, record.text("name", handle))
    to = record.maybe_key("to")
    saying = Saying(
        author.id,
        record.text("text"),
        record.maybe_key("in_reply_to"),
        recipient_id=_account(call, to) if to else None,
        visibility=Visibility.PRIVATE if to else Visibility.PUBLIC,
        lang=record.text("lang", ""),
    )
    post = call.network.say(saying)
    return {"id": post.id, "conversation_id": post.conversation_id}


def edit(call: Call, post_id: str) -> Json:
    """Give anybody's post the new `{"text"}`."""
    call.network.edit(_author(call, post_id), post_id, call.record().text("text"))
    return {"edited": post_id}


def delete(call: Call, post_id: str) -> Json:
    """Take anybody's post away."""
    call.network.delete(_author(call, post_id), post_id)
    return {"deleted": post_id}


def block(call: Call) -> Json:
    """Let one handle shut another out: `{"by", "whom"}`."""
    record = call.record()
    call.network.block(_account(call, record.key("by")), _account(call, record.key("whom")))
    return {"blocked": record.key("whom")}


def state(call: Call) -> Json:
    """How much there is on the network, to compare with what a desk holds."""
    posts = call.network.state.posts.values()
    return {
        "accounts": len(call.network.state.accounts),
        "posts": len(posts),
        "standing": sum(not post.deleted for post in posts),
        "events": call.network.state.seq,
    }


def _account(call: Call, handle: str) -> str:
    account_id = call.network.state.handles.get(handle.lower())
    if account_id is None:
        raise Denied(404, "no_such_account", "There is no account of that handle.")
    return account_id


def _author(call: Call, post_id: str) -> str:
    post = call.network.state.posts.get(post_id)
    if post is None:
        raise Denied(404, "no_such_post", "There is no such post.")
    return post.author_id


def _number(record: Record, name: str, default: int) -> int:
    number = record.number(name, default)
    if not 0 <= number <= MOST_AT_ONCE:
        raise Unreadable(f"{name} must be between 0 and {MOST_AT_ONCE}.")
    return number
