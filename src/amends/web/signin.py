"""How people sign in: by allauth, and only those who were invited."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: the first admin is made in the set-up, everybody else is invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
