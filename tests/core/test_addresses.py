"""Who can open an address of the desk, as the address itself tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core import addresses


@pytest.mark.parametrize(
    ("url", "here", "public"),
    [
        ("http://127.0.0.1:8010", True, False),
        ("http://[::1]:8010", True, False),
        ("http://localhost", True, False),
        ("http://desk.localhost:8010", True, False),
        ("https://desk.example.org", False, True),
        ("https://desk.example.org.", False, True),
        ("https://desk", False, False),
        ("https://desk.lan", False, False),
        ("https://DESK.Internal", False, False),
        ("https://192.168.1.5", False, False),
        ("https://[fd00::1]", False, False),
        ("https://8.8.8.8", False, True),
        ("https://[::1", False, False),
        ("", False, False),
    ],
)
def test_who_can_open_it(url: str, here: bool, public: bool) -> None:
    assert (addresses.is_here(url), addresses.is_public(url)) == (here, public)


@given(st.text(max_size=40))
def test_anything_is_looked_at(url: str) -> None:
    for spelled in (url, f"https://{url}"):
        assert not (addresses.is_here(spelled) and addresses.is_public(spelled))
