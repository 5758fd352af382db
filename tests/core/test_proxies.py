"""Whom a request comes from: what a stranger writes into headers never counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core import proxies
from amends.core.proxies import NotANetwork, Seen

TRUSTED = proxies.networks("127.0.0.1, ::1 10.0.0.0/8,,192.0.2.7")


def seen(peer: str, hops: str = "", scheme: str = "", host: str = "") -> Seen:
    return proxies.seen(peer, hops=hops, scheme=scheme, host=host, trusted=TRUSTED)


@pytest.mark.parametrize(
    ("hops", "address"),
    [
        ("", "127.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("nonsense, 10.1.2.3", "10.1.2.3"),
        ("203.0.113.9, nonsense", "127.0.0.1"),
        ("203.0.113.9,", "127.0.0.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, ::ffff:10.1.2.3", "203.0.113.9"),
        ("unknown", "127.0.0.1"),
        (", ".join(["6.6.6.6"] * 1000 + ["10.0.0.1"] * 30), "10.0.0.1"),
    ],
)
def test_from_the_right_the_first_that_is_not_trusted(hops: str, address: str) -> None:
    assert seen("127.0.0.1", hops).address == address


@pytest.mark.parametrize("peer", ["203.0.113.1", "11.0.0.1", "", "unix:", "::2"])
def test_from_anybody_else_nothing_is_believed(peer: str) -> None:
    assert seen(peer, "1.1.1.1", "https", "evil.example") == Seen(peer)


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("https", "https"),
        ("HTTP", "http"),
        ("http, https", "https"),
        ("ftp", ""),
        ("", ""),
    ],
)
def test_the_scheme_is_the_nearest_proxys(told: str, believed: str) -> None:
    assert seen("10.0.0.1", scheme=told).scheme == believed


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("desk.example.org", "desk.example.org"),
        ("evil.example, desk.example.org:8443", "desk.example.org:8443"),
        ("two words", ""),
        ("b\u00fccher.example", ""),
        ("x\ty", ""),
    ],
)
def test_the_host_is_the_nearest_proxys(told: str, believed: str) -> None:
    assert seen("10.0.0.1", host=told).host == believed


@pytest.mark.parametrize("spelled", ["localhost", "10.0.0.0/33", "1.2.3", "127.0.0.1;::1", "*"])
def test_networks_that_are_none_are_named(spelled: str) -> None:
    with pytest.raises(NotANetwork):
        proxies.networks(f"127.0.0.1,{spelled}")


def test_nobody_is_trusted_unless_named() -> None:
    assert proxies.networks(" ") == ()
    assert proxies.seen("127.0.0.1", hops="1.1.1.1", scheme="https", host="x", trusted=()) == Seen(
        "127.0.0.1"
    )


WORDS = st.text(max_size=30)


@given(WORDS, st.lists(WORDS, max_size=5), WORDS, WORDS)
def test_anything_is_read_without_a_fault(peer: str, hops: list[str], scheme: str, host: str) -> None:
    for spelled in (peer, "127.0.0.1"):
        found = seen(spelled, ",".join(hops), scheme, host)
        assert found.scheme in ("", "http", "https")


@given(st.ip_addresses(v=4), st.lists(st.ip_addresses(), max_size=6))
def test_a_stranger_is_known_by_the_address_that_our_proxy_heard(
    stranger: object, made_up: list[object]
) -> None:
    hops = ", ".join([*map(str, made_up), str(stranger)])
    found = seen("127.0.0.1", hops).address
    if not proxies.is_trusted(str(stranger), TRUSTED):
        assert found == str(stranger)
