"""How people sign in: by allauth, only those who were invited, and with sealed second factors."""

from __future__ import annotations

from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.http import HttpRequest

from amends import clock
from amends.pipeline import mail
from amends.store import live, sealed
from amends.store.models import User


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: the first admin is made in the set-up, everybody else is invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        del request
        return False

    def logout(self, request: HttpRequest) -> None:
        """End the session, and with it what listens by it."""
        user_id = request.user.pk
        super().logout(request)
        if user_id is not None:
            live.tell_person(user_id)

    def set_password(self, user: User, password: str) -> None:
        """Set it, and end what listens by sessions of before."""
        super().set_password(user, password)
        live.tell_person(user.pk)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """Plan the mail; a worker sends it, so that no page waits for a mail server or fails with it."""
        letter = self.render_mail(template_prefix, email, context)
        with transaction.atomic():
            mail.plan(uuid4(), None, email, letter.subject, letter.body, clock.now())


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors are kept sealed like every other secret of the desk."""

    def encrypt(self, text: str) -> str:
        """The secret as a row may hold it."""
        return sealed.seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return sealed.open_(encrypted_text.encode())
