"""The settings about how the desk is reached: what cannot be understood is said, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.site.processes import result

from amends.site import public


def test_proxies_and_limits_are_read_from_the_environment() -> None:
    assert public.trusted_proxies({}) == ()
    assert [str(n) for n in public.trusted_proxies({public.TRUSTED: "127.0.0.1 ,::1"})] == [
        "127.0.0.1/32",
        "::1/128",
    ]
    assert public.hook_posts_per_minute({}) == public.DEFAULT_HOOK_POSTS
    assert public.hook_posts_per_minute({public.HOOK_POSTS: " 100 "}) == 100


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "many", "9" * 30, "١٢"])
def test_a_limit_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(public.PublicError, match="AMENDS_HOOK_POSTS_PER_MINUTE"):
        public.hook_posts_per_minute({public.HOOK_POSTS: given})


@pytest.mark.parametrize(
    "setting", [{"AMENDS_TRUSTED_PROXIES": "proxy.local"}, {"AMENDS_HOOK_POSTS_PER_MINUTE": "many"}]
)
def test_a_command_says_what_is_wrong_and_starts_nothing(made: Path, setting: dict[str, str]) -> None:
    code, _, said = result(made, "stats", **setting)
    assert code == 1
    (name,) = setting
    assert name in said
    assert "Nothing was started" in said
    assert "Traceback" not in said
