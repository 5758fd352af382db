"""The fake network's public pages, so that "view on the network" leads somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from amends.channels.fake_state import Post
from amends.channels.protocol import Response
from amends.core.values import Visibility

if TYPE_CHECKING:
    from amends.channels.fake_network import FakeNetwork

NEWEST = 60
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'self'",
    "x-content-type-options": "nosniff",
}
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#222}
article{border:1px solid #ddd;border-radius:.6rem;padding:.8rem 1rem;margin:.8rem 0;overflow-wrap:anywhere}
article.this{border-color:#3a6ea5;border-width:2px}small{color:#666}a{color:#245a8d}p{white-space:pre-wrap}"""


def page(network: FakeNetwork, path: str) -> Response:
    """The page at a path: the newest posts, one account's, one thread, or "nothing here"."""
    if path == "/style.css":
        return Response(200, {**HEADERS, "content-type": "text/css"}, STYLE.encode(), network.now())
    if path == "/":
        return _html(network, "The fake network", islice(network.state.newest(), NEWEST))
    if path.startswith("/@"):
        return _account(network, path[2:])
    if path.startswith("/posts/"):
        return _thread(network, path.removeprefix("/posts/"))
    return _nothing(network)


def _account(network: FakeNetwork, handle: str) -> Response:
    account_id = network.state.handles.get(handle.lower())
    if account_id is None:
        return _nothing(network)
    theirs = (post for post in network.state.newest() if post.author_id == account_id)
    return _html(network, network.state.accounts[account_id].name, islice(theirs, NEWEST))


def _thread(network: FakeNetwork, post_id: str) -> Response:
    post = network.state.posts.get(post_id)
    if post is None or post.deleted or post.visibility is Visibility.PRIVATE:
        return _nothing(network)
    thread = (network.state.posts[each] for each in network.state.conversations[post.conversation_id])
    return _html(network, "Conversation", (each for each in thread if not each.deleted), post_id)


def _nothing(network: FakeNetwork) -> Response:
    return _html(network, "There is nothing here", (), status=404)


def _html(
    network: FakeNetwork, title: str, posts: Iterable[Post], this: str = "", *, status: int = 200
) -> Response:
    articles = "\n".join(_article(network, post, post.id == this) for post in posts)
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css"></head>'
        f'<body><p><a href="/">The fake network</a></p><h1>{escape(title)}</h1>{articles}</body></html>'
    )
    return Response(status, HEADERS, body.encode("utf-8", "replace"), network.now())


def _article(network: FakeNetwork, post: Post, this: bool) -> str:
    author = network.state.accounts[post.author_id]
    when = post.created_at.strftime("%d %b %Y, %H:%M UTC")
    marks = " (edited)" if post.edited_at else ""
    parent = post.in_reply_to
    above = f' <a href="/posts/{quote(parent, safe="")}">in reply to</a>' if parent else ""
    return (
        f'<article{" class=this" if this else ""}><a href="/@{quote(author.handle, safe="")}">'
        f"{escape(author.name)} @{escape(author.handle)}</a>"
        f'<p dir="auto">{escape(post.text)}</p>'
        f'<small><a href="/posts/{quote(post.id, safe="")}">{when}</a>{marks}{above}</small></article>'
    )
