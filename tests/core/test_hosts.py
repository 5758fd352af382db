"""Hosts as people spell them, and the one form that they are compared in."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core import hosts


def test_places_are_written_one_way() -> None:
    assert hosts.named("Desk.Example.", 443) == "desk.example:443"
    assert hosts.named("[::1]", 80) == "::1:80"
    assert hosts.named("FD00:0:0::1", 80) == hosts.named("[fd00::1]", 80) == "fd00::1:80"
    assert hosts.named("Bücher.lan", 80) == hosts.named("xn--bcher-kva.lan", 80)


@pytest.mark.parametrize(
    ("spelled", "places"),
    [
        ("", set()),
        (" , ,", set()),
        ("10.0.0.1:80, social.lan:443", {"10.0.0.1:80", "social.lan:443"}),
        ("Social.lan:443\n", {"social.lan:443"}),
        ("Social.LAN.:0443", {"social.lan:443"}),
        ("[FD00::1]:80 fd00::1:80", {"fd00::1:80"}),
        ("my_server:3000", {"my_server:3000"}),
        ("Bücher.lan:443", {"xn--bcher-kva.lan:443"}),
    ],
)
def test_a_list_of_places_is_read_however_it_is_spelled(spelled: str, places: set[str]) -> None:
    assert hosts.places(spelled) == places


@pytest.mark.parametrize(
    "word",
    [
        "social.lan",
        "social.lan:",
        ":80",
        "social.lan:0",
        "social.lan:65536",
        "social.lan:x",
        "social.lan:-1",
        "social.lan:١",
        "social.lan:443/",
        "https://social.lan:443",
        "a..b:80",
        "*:80",
        "fd00::1",
        "[fd00::1]",
        "10.0.0.256:80",
    ],
)
def test_what_is_no_place_is_quoted(word: str) -> None:
    with pytest.raises(hosts.NotAPlace) as refused:
        hosts.places(f"10.0.0.1:80,{word}")
    assert str(refused.value) == word


@pytest.mark.parametrize(
    ("spelled", "origin"),
    [
        ("https://desk.example.org", "https://desk.example.org"),
        (" HTTPS://Desk.Example.org:443/ ", "https://desk.example.org"),
        ("https://desk.example.org./", "https://desk.example.org"),
        ("https://desk.example.org:", "https://desk.example.org"),
        ("https://desk.example.org:80", "https://desk.example.org:80"),
        ("http://Desk:80", "http://desk"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010"),
        ("http://[::1]:8010/", "http://[::1]:8010"),
        ("https://[FD00:0:0::1]:443", "https://[fd00::1]"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"),
    ],
)
def test_an_address_is_spelled_as_browsers_send_it(spelled: str, origin: str) -> None:
    assert str(hosts.origin(spelled)) == origin
    assert hosts.origin(origin) == hosts.origin(spelled)


@pytest.mark.parametrize(
    ("spelled", "why"),
    [
        ("", "begin"),
        ("desk.example.org", "begin"),
        ("//desk.example.org", "begin"),
        ("ftp://desk.example.org", "begin"),
        ("https:/desk.example.org", "begin"),
        ("https://", "host"),
        ("https://:443", "host"),
        ("http://[::1", "host or its port"),
        ("http://[::1]x", "host or its port"),
        ("http://::1", "host or its port"),
        ("http://[desk]", "host"),
        ("https://desk:99999", "port"),
        ("https://desk:0", "port"),
        ("https://desk:port", "port"),
        ("https://desk.example.org/amends", "follows"),
        ("https://desk.example.org?x=1", "follows"),
        ("https://desk.example.org#x", "follows"),
        ("https://user:pw@desk.example.org", "password"),
        ("https://@desk.example.org", "password"),
        ("https://desk\n.example.org", "blank"),
        ("https://desk .example.org", "blank"),
        ("https://desk\u200b.example.org", "cannot be seen"),
        ("https://my_desk.example.org", "refuse"),
        ("https://[fe80::1%eth0]", "refuse"),
        ("https://10.0.0.256", "host"),
        ("https://straße.example", "xn--"),
        ("https://-desk.example.org", "host"),
        (f"https://{'a' * 64}.example", "host"),
        (f"https://{'a.' * 127}aa", "host"),
        (f"https://{'ü' * 70}.example", "host"),
    ],
)
def test_an_address_that_no_desk_can_have_is_refused_with_the_reason(spelled: str, why: str) -> None:
    with pytest.raises(hosts.NotAnOrigin, match=why) as refused:
        hosts.origin(spelled)
    assert "pw" not in str(refused.value)


@given(st.text(max_size=40) | st.from_regex(r"[a-zA-Z0-9.:\[\]@/üß_-]{0,30}", fullmatch=True))
def test_whatever_is_accepted_is_read_alike_by_others(spelled: str) -> None:
    for word in (spelled, f"https://{spelled}", f"http://[{spelled}]"):
        try:
            found = hosts.origin(word)
        except hosts.NotAnOrigin:
            continue
        parts = urlsplit(str(found))
        assert (parts.scheme, parts.netloc) == (found.scheme, f"{found.host}{found.port and ':'}{found.port}")
        assert httpx2.URL(str(found)).raw_host.decode() == found.host.strip("[]")
        assert str(found).isascii()
        assert str(found) == str(found).lower()


@given(st.text(max_size=40), st.integers(1, 65535))
def test_any_name_has_a_form(spelled: str, port: int) -> None:
    assert hosts.named(spelled, port).endswith(f":{port}")
    try:
        (place,) = hosts.places(f"{hosts.host(spelled)}:{port}")
    except hosts.NotAHost:
        return
    assert place == hosts.named(spelled, port)
