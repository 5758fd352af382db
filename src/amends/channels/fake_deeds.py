"""What people may do on the fake network, and what it refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import regex

from amends.channels.fake_state import Account, Block, Deletion, Edit, Entry, Post, State
from amends.core.values import Visibility

PUBLIC_LIMIT = 500
PRIVATE_LIMIT = 2000
FIRST_NUMBER = 100_001
GRAPHEME = regex.compile(r"\X")

Clock: TypeAlias = Callable[[], datetime]


class Denied(Exception):
    """The network says no, with a status and a code of its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody is about to say."""

    author_id: str
    text: str
    in_reply_to: str | None = None
    recipient_id: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    lang: str = ""
    beat: str = ""


def length(text: str) -> int:
    """The number of characters as a reader sees them, which is what the network counts."""
    return len(GRAPHEME.findall(text))


class Deeds:
    """Every change of the network: checked, written to the journal, then made true."""

    def __init__(self, state: State, record: Callable[[Entry], None], now: Clock) -> None:
        self.state = state
        self.now = now
        self._record = record
        self._clocks: dict[str, timedelta] = {}

    def join(self, handle: str, name: str, *, messages: bool = True, followers: int = 0) -> Account:
        """The account with this handle, made when there is none."""
        known = self.state.handles.get(handle.lower())
        if known:
            return self.state.accounts[known]
        account = Account(f"u{len(self.state.accounts) + 1}", handle, name, messages, followers)
        self._commit(account)
        return account

    def set_clock(self, account_id: str, off: timedelta) -> None:
        """From now on an account writes by a clock of its own, this much off; zero sets it right.

        The network says both times: what the clock said, and when it first had the post.
        """
        self._clocks[account_id] = off

    def say(self, saying: Saying, *, at: datetime | None = None) -> Post:
        """A new post or message by an account, now or at a time in the past; raises `Denied`."""
        parent = self._parent(saying)
        text = self._allowed(saying, parent)
        post_id = str(FIRST_NUMBER + len(self.state.posts))
        said_at, off = at or self.now(), self._clocks.get(saying.author_id)
        post = Post(
            id=post_id,
            author_id=saying.author_id,
            text=text,
            created_at=said_at + off if off else said_at,
            conversation_id=self._conversation(saying, parent, post_id),
            visibility=saying.visibility,
            in_reply_to=saying.in_reply_to,
            recipient_id=saying.recipient_id,
            lang=saying.lang,
            beat=saying.beat,
            noticed_at=said_at if off else None,
        )
        self._commit(post)
        return post

    def edit(self, by: str, post_id: str, text: str, *, at: datetime | None = None) -> Post:
        """A new text for one's own post; raises `Denied`."""
        post = self._own(by, post_id)
        self._commit(Edit(post.id, self._fitting(text, post.visibility), at or self.now()))
        return self.state.posts[post.id]

    def delete(self, by: str, post_id: str, *, at: datetime | None = None) -> None:
        """One's own post taken away; raises `Denied`."""
        self._commit(Deletion(self._own(by, post_id).id, at or self.now()))

    def block(self, by: str, whom: str, *, on: bool = True) -> None:
        """Somebody shut out, or let in again; raises `Denied` for nobody."""
        if whom not in self.state.accounts or by == whom:
            raise Denied(404, "no_such_account", "There is no such account to block.")
        self._commit(Block(by, whom, on))

    def _commit(self, entry: Entry) -> None:
        self._record(entry)
        self.state.apply(entry)

    def _parent(self, saying: Saying) -> Post | None:
        if saying.in_reply_to is None:
            return None
        parent = self.state.posts.get(saying.in_reply_to)
        if parent is None or parent.deleted or not _may_see(parent, saying.author_id):
            raise Denied(404, "parent_gone", "The post you answer to is not there.")
        return parent

    def _allowed(self, saying: Saying, parent: Post | None) -> str:
        to = saying.recipient_id if saying.visibility is Visibility.PRIVATE else parent and parent.author_id
        if to and (to, saying.author_id) in self.state.blocks:
            raise Denied(403, "blocked_by_person", "This person has blocked you.")
        if saying.visibility is Visibility.PRIVATE:
            self._reachable(saying)
        return self._fitting(saying.text, saying.visibility)

    def _reachable(self, saying: Saying) -> None:
        recipient = self.state.accounts.get(saying.recipient_id or "")
        if recipient is None or recipient.id == saying.author_id:
            raise Denied(404, "no_such_account", "There is nobody to send this to.")
        known = self.state.conversations.get(_private(saying.author_id, recipient.id), [])
        wrote = any(self.state.posts[post_id].author_id == recipient.id for post_id in known)
        if not (recipient.messages or wrote):
            raise Denied(403, "messages_off", "This person takes no messages from strangers.")

    def _fitting(self, text: str, visibility: Visibility) -> str:
        # The network trims what it is given, as real ones do, so a read-back cannot compare bytes.
        trimmed = text.strip()
        limit = PUBLIC_LIMIT if visibility is Visibility.PUBLIC else PRIVATE_LIMIT
        if not trimmed:
            raise Denied(422, "empty", "There is nothing to say.")
        if len(trimmed) > 40 * limit or length(trimmed) > limit:
            raise Denied(422, "too_long", f"At most {limit} characters.")
        return trimmed

    def _own(self, by: str, post_id: str) -> Post:
        post = self.state.posts.get(post_id)
        if post is None or post.deleted:
            raise Denied(404, "no_such_post", "There is no such post.")
        if post.author_id != by:
            raise Denied(403, "not_yours", "Only its author may change a post.")
        return post

    def _conversation(self, saying: Saying, parent: Post | None, post_id: str) -> str:
        if saying.visibility is Visibility.PRIVATE:
            return _private(saying.author_id, saying.recipient_id or "")
        return parent.conversation_id if parent and _public(parent) else post_id


def _public(post: Post) -> bool:
    return post.visibility is Visibility.PUBLIC


def _may_see(post: Post, account_id: str) -> bool:
    return _public(post) or account_id in (post.author_id, post.recipient_id)


def _private(one: str, other: str) -> str:
    return "dm-" + "-".join(sorted((one, other)))
