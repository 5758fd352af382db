"""Run inside a desk's environment: make people of a brand and sign them in. Prints a session key for each."""

from __future__ import annotations

import sys

from amends.site.desk import desk


def sign_in(brand_name: str, name: str, role: str) -> str:
    """The key of a new session of a person of that name, who is made where there is none yet."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from amends.core.values import Role
    from amends.store.models import Brand, Membership, User

    email = f"{name.lower()}@example.org"
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, "quiet green", name=name
    )
    Membership.objects.get_or_create(
        user=user, brand=Brand.objects.get(name=brand_name), defaults={"role": Role(role)}
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "amends.web.signed_in.Backend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    with desk():
        keys = [sign_in(sys.argv[1], *who.split(":")) for who in sys.argv[2:]]
    sys.stdout.write("\n".join(keys))
