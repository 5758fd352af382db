"""An account is connected by signing in on real servers: one like Mastodon, and a small one with less."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
import pytest
from tests.peers import mastodons
from tests.peers.mastodons import Server, form_of

from amends import clock
from amends.channels.drive import Http
from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import accounts, coming_back, connecting, revoking
from amends.pipeline.coming_back import Answer
from amends.pipeline.connecting import Begun, SignInGone
from amends.store import brands, sealed
from amends.store.models import Account, Brand, Membership, NetworkApp, User

SESSION = "a session"


@dataclass
class Desk:
    """A brand whose admin signs in on one server, and that server's consent page as a browser uses it."""

    brand: Brand
    admin: User
    server: Server
    ours: str
    theirs: str
    fill: Callable[[dict[str, str], str], dict[str, str]]
    tells: bool
    """Whether the server can tell that it knows an app."""

    def begin(self, account: Account | None = None, *, pasted: bool = False) -> Begun:
        about = {"session": SESSION, "pasted": pasted, "by": self.admin, "now": clock.now()}
        with self.wire() as wire:
            if account is not None:
                return connecting.begin_again(account, wire=wire, **about)  # type: ignore[arg-type]
            typed = f"{self.server.url}/@{self.ours}"
            return connecting.begin(self.brand.pk, "mastodon", typed, wire=wire, **about)  # type: ignore[arg-type]

    def consent(self, url: str, handle: str) -> str:
        """Say yes on the consent page: where the browser is sent to then, or the code that is shown."""
        alone = {"connection": "close"}
        with httpx2.Client(trust_env=False, timeout=30, headers=alone) as browser:
            page = browser.get(url)
            assert page.status_code == 200, page.text
            fields, action = form_of(page.text)
            answer = browser.post(urljoin(url, action), data=self.fill(fields, handle))
        if answer.is_redirect:
            return answer.headers["location"]
        found = re.search(r"(?:code: )?([\w-]{16,})", re.sub(r"<[^>]*>", " ", answer.text))
        assert found, answer.text
        return found[1]

    def come_back(self, address: str) -> Account:
        assert address.startswith(connecting.back() + "?"), address
        query = dict(parse_qsl(urlsplit(address).query))
        answer = Answer(query["state"], query["code"], issuer=query.get("iss", ""))
        claimed = coming_back.claim(answer, session=SESSION, by=self.admin, now=clock.now())
        with self.wire() as wire:
            return coming_back.finish(claimed, answer, by=self.admin, now=clock.now(), wire=wire)

    def paste(self, begun: Begun, code: str) -> Account:
        with self.wire() as wire:
            return coming_back.paste(
                begun.sign_in, code, session=SESSION, by=self.admin, now=clock.now(), wire=wire
            )

    def connect(self) -> Account:
        return self.come_back(self.consent(self.begin().url, self.ours))

    def revoke(self) -> None:
        with self.wire() as wire:
            while revoking.revoke_next(wire, clock.now):
                pass

    def wire(self) -> Http:
        return Http(allow_hosts=frozenset({self.server.url.removeprefix("http://")}), now=clock.now)

    def opens(self, token: str) -> bool:
        """Whether the server still takes a token for a person's."""
        with httpx2.Client(trust_env=False, timeout=30) as client:
            url = f"{self.server.url}/api/v1/accounts/verify_credentials"
            return client.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 200


@pytest.fixture(scope="module")
def mock() -> Iterator[Server]:
    with mastodons.mastodon_mock() as server:
        yield server


@pytest.fixture(scope="module")
def snac() -> Iterator[Server]:
    with mastodons.snac("brand", "rival") as server:
        yield server


@pytest.fixture(params=["mastodon_mock", "snac"])
def place(request: pytest.FixtureRequest, desk: None) -> Desk:
    brand = brands.get_or_create("The Brand", clock.now())
    admin = User.objects.create_user("boss@example.org", None, name="Boss")
    Membership.objects.create(user=admin, brand=brand, role=Role.ADMIN)
    if request.param == "snac":
        server: Server = request.getfixturevalue("snac")
        return Desk(
            brand,
            admin,
            server,
            "brand",
            "rival",
            lambda fields, handle: fields | {"login": handle, "passwd": server.passwords[handle]},
            tells=False,
        )
    server = request.getfixturevalue("mock")
    ours, theirs = (person.handle for person in server.strangers[:2])
    return Desk(
        brand,
        admin,
        server,
        ours,
        theirs,
        lambda fields, handle: fields | {"username": handle},
        tells=True,
    )


def token_of(account: Account) -> str:
    account.refresh_from_db()
    return sealed.open_(bytes(account.token or b""))


def test_an_account_is_connected_by_consenting(place: Desk) -> None:
    address = place.consent(place.begin().url, place.ours)
    made = place.come_back(address)
    assert made.active
    assert made.handle.partition("@")[0] == place.ours
    assert place.opens(token_of(made))
    with pytest.raises(SignInGone):
        place.come_back(address)


def test_a_code_that_is_shown_is_pasted(place: Desk) -> None:
    begun = place.begin(pasted=True)
    made = place.paste(begun, place.consent(begun.url, place.ours))
    assert place.opens(token_of(made))


def test_a_new_token_for_the_same_account_only_and_the_old_one_is_ended(place: Desk) -> None:
    made = place.connect()
    old = token_of(made)
    with pytest.raises(NotPossible, match="another account"):
        place.come_back(place.consent(place.begin(made).url, place.theirs))
    assert token_of(made) == old
    again = place.come_back(place.consent(place.begin(made).url, place.ours))
    assert again.pk == made.pk
    place.revoke()
    assert token_of(made) != old
    assert not place.opens(old)
    assert place.opens(token_of(made))


def test_disconnecting_ends_the_token_on_the_server(place: Desk) -> None:
    made = place.connect()
    token = token_of(made)
    accounts.disconnect(made, place.admin, clock.now())
    assert place.opens(token)
    place.revoke()
    assert not place.opens(token)
    assert place.connect().pk == made.pk, "and it can be connected again"


def test_the_desk_is_made_known_once_where_the_server_can_tell(place: Desk) -> None:
    for _ in range(3):
        place.begin()
    assert NetworkApp.objects.filter(retired_at=None).count() == 1
    assert NetworkApp.objects.count() == (1 if place.tells else 3)
