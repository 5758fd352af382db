"""Whatever people type for their server is understood, or refused in words; never misread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.channels.errors import HostRefused
from amends.channels.mastodon_address import origin, read
from amends.channels.signing_in import Place


@pytest.mark.parametrize(
    ("typed", "base_url", "handle"),
    [
        ("mastodon.example", "https://mastodon.example", ""),
        ("  Mastodon.Example.  ", "https://mastodon.example", ""),
        ("mastodon.example/", "https://mastodon.example", ""),
        ("https://mastodon.example", "https://mastodon.example", ""),
        ("HTTPS://MASTODON.EXAMPLE/home", "https://mastodon.example", ""),
        ("https://mastodon.example/@brand", "https://mastodon.example", "brand"),
        ("https://mastodon.example/@brand/", "https://mastodon.example", "brand"),
        ("mastodon.example/@brand/116?x=1#y", "https://mastodon.example", "brand"),
        ("https://mastodon.example/users/brand", "https://mastodon.example", "brand"),
        ("https://mastodon.example/@friend@other.example", "https://mastodon.example", ""),
        ("@brand@mastodon.example", "https://mastodon.example", "brand"),
        ("brand@mastodon.example", "https://mastodon.example", "brand"),
        ("brand@mastodon.example/", "https://mastodon.example", "brand"),
        ("acct:brand@mastodon.example", "https://mastodon.example", "brand"),
        ("b.rand-1@mastodon.example:8443", "https://mastodon.example:8443", "b.rand-1"),
        ("https://mastodon.example:443", "https://mastodon.example", ""),
        ("http://127.0.0.1:8950/", "http://127.0.0.1:8950", ""),
        ("http://localhost:80/@brand", "http://localhost", "brand"),
        ("localhost:3000", "https://localhost:3000", ""),
        ("http://[::1]:3000", "http://[::1]:3000", ""),
        ("bücher.example", "https://xn--bcher-kva.example", ""),
        ("@brand@bücher.example", "https://xn--bcher-kva.example", "brand"),
    ],
)
def test_what_people_type_is_understood(typed: str, base_url: str, handle: str) -> None:
    assert read(typed) == Place(base_url, handle)


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "@brand", "brand", "two words.example", "ftp://mastodon.example", "https://", "https:///@brand",
     "https://user:pass@mastodon.example", "https://user@mastodon.example/", "https://@mastodon.example",
     "@brand@other@mastodon.example", "mastodon.example:0", "mastodon.example:99999", "mastodon.example:x",
     "https://[::1", "https://-a.example", "https://a..example", "https://exa mple", "java\nscript.example",
     "javascript:alert(1)", "data:text/html,x", "https://mastodon.example\\@evil.example", "x" * 600,
     "https://" + "a" * 64 + ".example", "\x00.example", "\ud800.example", "https://a%2eexample"],
)  # fmt: skip
def test_what_is_no_server_is_refused_in_words(typed: str) -> None:
    with pytest.raises(HostRefused) as caught:
        read(typed)
    assert "mastodon.example" in caught.value.text
    assert "pass" not in caught.value.text.replace("password", "")


@given(st.text(max_size=60) | st.from_regex(r"(https?://)?[\w@:/.\[\]%#?-]{1,40}", fullmatch=True))
def test_nothing_else_comes_out_than_a_bare_address(typed: str) -> None:
    try:
        place = read(typed)
    except HostRefused:
        return
    assert origin(place.base_url) == place.base_url
    assert place.base_url.isascii()
    scheme, _, rest = place.base_url.partition("://")
    assert scheme in ("http", "https")
    assert not set(rest) & set("/@?#\\ ")
