"""Which addresses the guard takes for hostile, however they are dressed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.channels.guard import hostile


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "192.0.2.1", "198.18.0.1",  # noqa: S104
     "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
     "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1", "nonsense", "::ffff:8.8.8.8"],
)  # fmt: skip
def test_hostile_addresses_are_known(address: str) -> None:
    assert hostile(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_not_hostile(address: str) -> None:
    assert not hostile(address)


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="127.0.0.0/8"))
def test_no_dress_hides_a_private_address(address: object) -> None:
    assert hostile(str(address))
    assert hostile(f"::ffff:{address}")
