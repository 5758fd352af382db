"""Sessions and people are looked up by statements of our own, and are what Django's would be."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import load_backend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from amends import clock
from amends.store.models import User
from amends.store.sessions import SessionStore


def test_a_person_is_whole(desk: None) -> None:
    made = User.objects.create_user(
        "ada@example.org", "a quiet green bicycle", name="Ada", date_joined=clock.now()
    )
    backend = load_backend(settings.AUTHENTICATION_BACKENDS[0])
    found = backend.get_user(made.pk)
    assert isinstance(found, User)
    kept = User.objects.get(pk=made.pk)
    assert {f.attname: getattr(found, f.attname) for f in User._meta.concrete_fields} == {
        f.attname: getattr(kept, f.attname) for f in User._meta.concrete_fields
    }
    assert found.get_deferred_fields() == set()
    found.name = "Ada L."
    found.save(update_fields=["name"])
    assert User.objects.get(pk=made.pk).name == "Ada L."


def test_who_may_not_sign_in_is_nobody(desk: None) -> None:
    made = User.objects.create_user(
        "ben@example.org", None, name="Ben", is_active=False, date_joined=clock.now()
    )
    backend = load_backend(settings.AUTHENTICATION_BACKENDS[0])
    assert backend.get_user(made.pk) is None
    assert backend.get_user(made.pk + 1) is None


def test_a_session_is_what_django_keeps(desk: None) -> None:
    session = db.SessionStore()
    session["brand"] = "the-brand"
    session.save()
    ours = SessionStore(session.session_key)
    assert ours["brand"] == "the-brand"
    ours["brand"] = "another"
    ours.save()
    assert db.SessionStore(session.session_key)["brand"] == "another"


def test_a_session_that_is_over_holds_nothing(desk: None) -> None:
    session = SessionStore()
    session["brand"] = "the-brand"
    session.save()
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    late = SessionStore(session.session_key)
    assert "brand" not in late
    assert late.session_key is None
