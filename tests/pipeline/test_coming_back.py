"""Every way in which what comes back from a consent page is not believed, and codes that are pasted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from tests.channels.consent import BASE, reply
from tests.pipeline.consenting import SESSION, Desk, read

from amends.channels.errors import Transient
from amends.channels.protocol import Request, Response
from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import coming_back, connecting
from amends.pipeline.coming_back import Answer
from amends.pipeline.connecting import HOLDS_FOR, SignInGone
from amends.pipeline.people_checks import BadField, NotForYou
from amends.store.models import (
    Account,
    Membership,
    NetworkApp,
    SignIn,
)


def test_a_state_is_good_once(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    place.come_back(address)
    with pytest.raises(SignInGone, match="used before"):
        place.come_back(address)
    assert Account.objects.count() == 1
    assert place.server.paths().count("/oauth/token") == 1


def test_a_state_is_good_once_however_many_come_at_once(place: Desk) -> None:
    answer = read(place.server.consent(place.begin().url))

    def claim() -> bool:
        try:
            coming_back.claim(answer, session=SESSION, by=place.admin, now=place.at)
        except SignInGone:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        claims = [pool.submit(claim) for _ in range(16)]
    assert sorted(claimed.result() for claimed in claims) == [False] * 15 + [True]


def test_a_state_is_good_for_ten_minutes(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    asked = len(place.server.asked)
    place.at += HOLDS_FOR
    with pytest.raises(SignInGone, match="longer than ten minutes"):
        place.come_back(address)
    assert len(place.server.asked) == asked


@pytest.mark.parametrize("state", ["", "x", "\x00", "\ud800", "ä" * 4000])
def test_a_state_that_the_desk_did_not_make_opens_nothing(place: Desk, state: str) -> None:
    place.server.consent(place.begin().url)
    asked = len(place.server.asked)
    answer = Answer(state, "code")
    with pytest.raises(SignInGone, match="no such sign-in"):
        place.answer(answer)
    assert len(place.server.asked) == asked


def test_a_state_is_good_only_for_who_began_it_where_they_began_it(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    asked = len(place.server.asked)
    other = place.person(Role.ADMIN)
    for session, by in (("another session", place.admin), ("", place.admin), (SESSION, other)):
        with pytest.raises(SignInGone, match="somebody else or in another browser"):
            place.come_back(address, session, by)
    assert len(place.server.asked) == asked
    assert place.come_back(address).active, "the others did not spend it"


def test_who_is_no_admin_any_more_connects_nothing(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    Membership.objects.update(role=Role.SUPERVISOR)
    asked = len(place.server.asked)
    with pytest.raises(NotForYou):
        place.come_back(address)
    assert len(place.server.asked) == asked
    assert not Account.objects.exists()
    with pytest.raises(NotForYou):
        place.begin()


def test_a_program_begins_for_its_person_whatever_the_browser(place: Desk) -> None:
    address = place.server.consent(place.begin(session="").url)
    with pytest.raises(SignInGone):
        place.come_back(address, by=place.person(Role.ADMIN))
    assert place.come_back(address, "any session").active


@pytest.mark.parametrize(
    ("told", "iss", "good"),
    [
        (True, f"{BASE}/", True),
        (True, BASE, True),
        (True, "", False),
        (True, "https://evil.example/", False),
        (False, "", True),
        (False, f"{BASE}/", True),
        (False, "https://evil.example", False),
        (None, "", True),
        (None, BASE, True),
        (None, "https://evil.example", False),
    ],
)
def test_a_code_of_another_server_is_sent_nowhere(
    place: Desk, told: bool | None, iss: str, good: bool
) -> None:
    if told is not None:
        place.server.metadata = {
            "issuer": f"{BASE}/",
            "authorization_response_iss_parameter_supported": told,
        }
    more = {"iss": iss} if iss else {}
    address = place.server.consent(place.begin().url, **more)
    asked = len(place.server.asked)
    if good:
        assert place.come_back(address).active
        return
    with pytest.raises(NotPossible, match="sent nowhere"):
        place.come_back(address)
    assert len(place.server.asked) == asked


def test_a_no_is_told_kindly_and_ends_it(place: Desk) -> None:
    begun = place.begin()
    with pytest.raises(NotPossible, match=r"You said no on https://social\.example") as caught:
        place.come_back(place.server.deny(begun.url))
    assert "<b>" not in str(caught.value)
    with pytest.raises(SignInGone, match="used before"):
        place.come_back(place.server.consent(begun.url))
    assert not Account.objects.exists()


@pytest.mark.parametrize("error", ["server_error", "invalid_scope", "<script>", "x" * 4000])
def test_any_other_refusal_is_told_without_the_servers_words(place: Desk, error: str) -> None:
    state = read(place.server.consent(place.begin().url)).state
    answer = Answer(state, error=error)
    with pytest.raises(NotPossible, match="Nothing was connected") as caught:
        place.answer(answer)
    assert error not in str(caught.value)
    assert NetworkApp.objects.filter(retired_at=None).exists() == (error == "server_error")


@pytest.mark.parametrize("code", ["", "wrong", "two\nlines", "cöde", "x" * 3000])
def test_a_code_that_is_none_connects_nothing(place: Desk, code: str) -> None:
    state = read(place.server.consent(place.begin().url)).state
    answer = Answer(state, code)
    with pytest.raises(BadField) as caught:
        place.answer(answer)
    assert caught.value.field == "code"
    assert not Account.objects.exists()


def test_somebody_elses_account_is_told_apart(place: Desk) -> None:
    with pytest.raises(NotPossible, match=r"belongs to “other@social\.example”.*sign out on"):
        place.come_back(place.server.consent(place.begin("@brand@social.example").url, "other"))
    made = place.connect()
    with pytest.raises(NotPossible, match="another account"):
        place.come_back(place.server.consent(place.again(made).url, "other"))
    assert Account.objects.count() == 1
    assert place.revoke() == 2
    assert [token.rpartition("-")[0] for token in place.server.revoked] == ["token-of-other"] * 2


def test_a_server_that_grants_less_is_no_use(place: Desk) -> None:
    begun = place.begin()
    address = place.server.consent(begun.url)
    for waiting in place.server.codes.values():
        waiting.scopes = "read:accounts read:notifications"
    with pytest.raises(NotPossible, match=r"missing: read:search, read:statuses, write:conversations"):
        place.come_back(address)
    assert not Account.objects.exists()
    assert place.revoke() == 1


def test_a_server_that_does_not_accept_its_own_token_connects_nothing(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    place.server.instead["/api/v1/accounts/verify_credentials"] = lambda _: reply({"error": "no"}, 401)
    with pytest.raises(NotPossible, match="did not accept it"):
        place.come_back(address)
    assert not Account.objects.exists()


def test_trouble_on_the_way_keeps_nothing_and_says_what_to_do(place: Desk) -> None:
    def lost(_: Request) -> Response:
        raise Transient("social.example cannot be reached.")

    for path in ("/api/v2/instance", "/api/v1/apps"):
        place.server.instead = {path: lost}
        with pytest.raises(NotPossible, match=r"cannot be reached\. Nothing was connected; try again"):
            place.begin()
    place.server.instead = {}
    for path in ("/oauth/token", "/api/v1/accounts/verify_credentials"):
        address = place.server.consent(place.begin().url)
        place.server.instead = {path: lost}
        with pytest.raises(NotPossible, match="Nothing was"):
            place.come_back(address)
        place.server.instead = {}
    assert not Account.objects.exists()
    assert place.connect().active


def test_a_code_that_the_server_shows_is_pasted(place: Desk) -> None:
    begun = place.begin(pasted=True)
    assert begun.shows_code
    assert "state=" not in begun.url
    assert connecting.consent_page(begun.sign_in, SESSION, place.at) == begun.url
    code = place.server.consent(begun.url)
    with pytest.raises(BadField) as caught:
        place.paste(begun, code[:-1])
    assert caught.value.field == "code"
    assert place.paste(begun, f" {code}\n").active
    with pytest.raises(SignInGone, match="used before"):
        place.paste(begun, code)
    with pytest.raises(SignInGone, match="is over"):
        connecting.consent_page(SignIn.objects.get(), SESSION, place.at)


def test_a_shown_code_is_good_for_nobody_else_and_not_for_long(place: Desk) -> None:
    begun = place.begin(pasted=True)
    code = place.server.consent(begun.url)
    for session, by in (("another", place.admin), (SESSION, place.person(Role.ADMIN))):
        with pytest.raises(SignInGone):
            place.paste(begun, code, session, by)
    with pytest.raises(SignInGone, match="is over"):
        connecting.consent_page(begun.sign_in, "another", place.at)
    place.at += HOLDS_FOR
    with pytest.raises(SignInGone):
        place.paste(begun, code)
    assert not Account.objects.exists()


def test_a_sign_in_that_comes_back_by_itself_takes_no_pasted_code(place: Desk) -> None:
    begun = place.begin()
    code = read(place.server.consent(begun.url)).code
    with pytest.raises(SignInGone):
        place.paste(begun, code)


def test_a_server_that_does_not_send_back_here_shows_the_code(place: Desk) -> None:
    def only_shown(request: Request) -> Response:
        if b"oob" not in request.content:
            return reply({"error": "Validation failed: Redirect URI"}, 422)
        return place.server._register(request)

    place.server.instead["/api/v1/apps"] = only_shown
    begun = place.begin()
    assert begun.shows_code
    assert place.paste(begun, place.server.consent(begun.url)).active


def test_a_code_of_an_account_that_is_there_already_is_spent(place: Desk) -> None:
    place.connect()
    begun = place.begin(pasted=True)
    code = place.server.consent(begun.url)
    with pytest.raises(BadField, match="connected already"):
        place.paste(begun, code)
    with pytest.raises(SignInGone, match="used before"):
        place.paste(begun, code)


def test_a_key_that_was_lost_ends_what_was_begun(place: Desk) -> None:
    begun = place.begin(pasted=True)
    SignIn.objects.update(verifier=b"nonsense")
    begun.sign_in.refresh_from_db()
    with pytest.raises(SignInGone, match=r"secret\.key"):
        connecting.consent_page(begun.sign_in, SESSION, place.at)
    with pytest.raises(NotPossible, match=r"secret\.key"):
        place.paste(begun, place.server.consent(begun.url))
