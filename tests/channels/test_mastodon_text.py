"""From a server's HTML to plain words, and the length of an answer as Mastodon counts it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.channels.mastodon import Mastodon
from amends.channels.mastodon_text import addressed, counted, mentions, plain_text, skeleton

HOME = "here.example"
HANDLES = {"https://far.example/@ann": "ann@far.example", "https://here.example/@bob": "bob"}
MENTION = '<span class="h-card" translate="no"><a href="{}" class="u-url mention">@<span>{}</span></a></span>'
LONG = (
    '<a href="https://shop.example/a/long/way?order=4711&amp;x=1" rel="nofollow"><span class="invisible">'
    'https://</span><span class="ellipsis">shop.example/a/long/way?or</span><span class="invisible">'
    "der=4711&amp;x=1</span></a>"
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Still <b>broken</b></p>", "Still broken"),
        ("<p>one<br>two<br />three</p><p>four</p>", "one\ntwo\nthree\n\nfour"),
        ("<p>2 &lt; 3 &amp;&amp; &quot;ok&quot; &#128545; &nbsp;.</p>", '2 < 3 && "ok" 😡 \xa0.'),
        (f"<p>{MENTION.format('https://far.example/@ann', 'ann')} hi</p>", "@ann@far.example hi"),
        (f"<p>{MENTION.format('https://here.example/@bob', 'bob')} hi</p>", "@bob hi"),
        (f"<p>{MENTION.format('https://un.known/@eve', 'eve')} hi</p>", "@eve hi"),
        (f"<p>see {LONG}</p>", "see https://shop.example/a/long/way?order=4711&x=1"),
        ('<a href="https://shop.example/">shop.example</a>', "https://shop.example/"),
        ('<a href="https://shop.example">https://shop.example/</a>', "https://shop.example/"),
        ('<a href="https://evil.example/x">https://shop.example</a>',
         "https://shop.example (https://evil.example/x)"),
        ('<a href="https://shop.example/x">the shop</a>', "the shop (https://shop.example/x)"),
        ('<a href="https://shop.example/x"><img src="y"></a>', "https://shop.example/x"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<a class="mention hashtag" href="https://x/tags/late">#<span>late</span></a>', "#late"),
        ('<p>a <span class="invisible">hidden</span>b</p>', "a b"),
        ('<p title="class=invisible > x">seen</p>', "seen"),
        ('<p>face <img alt=":blobcat:" class="emoji" src="x">!</p>', "face :blobcat:!"),
        ("<p>ok</p><script>alert('<p>no</p>')</script><style>p{}</style>", "ok"),
        ("<p>ok<!-- not <b>this</b> --></p>", "okthis -->"),
        ("<ul><li>one</li><li>two</li></ul>after", "- one\n\n- two\n\nafter"),
        ("<pre><code>if x:\n    y</code></pre>", "if x:\n    y"),
        ("one\ntwo", "one two"),
        ("<p>never  two   blanks less</p>", "never  two   blanks less"),
        ("a < b and c > d <3 <", "a < b and c > d <3 <"),
        ('<a href="https://open.example/x">never closed', "never closed (https://open.example/x)"),
        ("</p></span></a>odd", "odd"),
        ("<P>LOUD<BR>CASE</P>", "LOUD\nCASE"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_to_words(html: str, text: str) -> None:
    assert plain_text(html, HANDLES) == text


@settings(deadline=None)
@given(st.text())
def test_escaped_words_come_back_whole(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    kept = text.replace("\r", "").replace("\n", " ").strip()
    assert plain_text(f"<p>{escaped}</p>", {}) == kept


PIECES = st.sampled_from(
    ["<a href='https://x.example/", "'>", "<p", ">", '"', "'", "</a>", "<span class=invisible>", "<!--",
     "-->", "<script>", "</script>", "&amp;", "&#x0;", "&#xD800;", "text", "<br", "/>", "<", "=", " ", "\n",
     "<pre>"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_whatever_html_it_is_it_becomes_words(html: str) -> None:
    text = plain_text(html, {})
    assert text == text.strip()
    assert len(text) <= 3 * len(html) + 10


@pytest.mark.parametrize(
    "html",
    ["<a " * 30_000, '<a "' * 25_000, "<a '\"<a" * 14_000, "<" * 100_000, "<p>" * 30_000, "<!--" * 25_000,
     "<span class=invisible>x" * 4_000, "<a href='x'" * 9_000, "<a " + "a " * 48_000 + ">", "&" * 100_000,
     "<a href='https://x.example'>" * 3_500],
)  # fmt: skip
def test_html_made_to_take_for_ever_does_not(html: str) -> None:
    began = time.monotonic()
    plain_text(html, {})
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("hello", 5),
        ("👨‍👩‍👧‍👦" * 3, 3),
        ("e\u0301", 1),
        ("see https://shop.example/a/very/long/way/to/it?with=words", 4 + 23),
        ("https://a.example", 23),
        ("https://a.example/x, and", 23 + 5),
        ("(https://a.example/Foo_(bar))", 2 + 23),
        ("https://a.example/?q=1. Yes", 23 + 5),
        ("https://münchen.example/straße", 23),
        ("http://a.example:8080/x", 23),
        ("http://localhost/x", 18),
        ("http://127.0.0.1/x", 18),
        ("shop.example/x", 14),
        ("foohttps://a.example", 20),
        ("@ann@far.example hello", len("@ann hello")),
        ("@ann hello", len("@ann hello")),
        ("me@far.example", 14),
        ("@ann@far.example, @bob@here.example!", len("@ann, @bob!")),
    ],
)
def test_the_length_is_counted_as_mastodon_counts(text: str, length: int) -> None:
    assert counted(text) == length


@settings(deadline=None)
@given(st.text())
def test_without_links_and_mentions_it_is_never_more_than_the_characters(text: str) -> None:
    if "@" not in text and "://" not in text:
        assert counted(text) <= len(text)


def test_the_name_is_counted_only_where_it_is_added() -> None:
    network, told = Mastodon(), {"domain": HOME, "per_url": "30"}
    assert network.length("hi", "ann@far.example", told) == len("@ann hi")
    assert network.length("@ann@far.example hi", "ann@far.example", told) == len("@ann hi")
    assert network.length("hi", "", told) == 2
    assert network.length("https://a.example", "", told) == 30
    assert network.length("https://a.example", "", {}) == 23


@pytest.mark.parametrize(
    ("text", "handle", "named"),
    [
        ("@ann hello", "ann", True),
        ("hello @Ann!", "ann", True),
        ("@ann@here.example hello", "ann", True),
        ("@ann@far.example hello", "ann", False),
        ("@ann hello", "ann@far.example", False),
        ("@anna hello", "ann", False),
        ("mail ann@here.example", "ann", False),
        ("hello", "ann", False),
        ("@ann@127.0.0.1 hi", "ann@127.0.0.1:8001", True),
    ],
)
def test_who_is_named(text: str, handle: str, named: bool) -> None:
    assert mentions(text, handle, HOME) is named
    said = addressed(text, handle, HOME)
    assert said == (text if named else f"@{handle} {text}")


def test_a_skeleton_outlives_markup() -> None:
    assert skeleton("@ann **We** look\n\ninto it…") == skeleton("@ann@far.example We *look* into it")
    assert skeleton("We look into it") != skeleton("We looked into it")
