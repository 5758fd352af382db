"""Accounts: connected only when the network says so, and without the token anywhere but sealed."""

from __future__ import annotations

import pytest
from tests.pipeline.conftest import Town

from amends.channels.fake_trouble import Trouble
from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import accounts, answers, decide
from amends.pipeline.people_checks import BadField, NotForYou
from amends.store import brands, history, sealed
from amends.store.models import Account, Brand, HistoryContent, HistoryEntry, Membership, Send, User

TOKEN = "secret-token"


def admin(brand: Brand) -> User:
    user = User.objects.create_user("boss@example.com", None, name="Boss")
    Membership.objects.create(user=user, brand=brand, role=Role.ADMIN)
    return user


def connect(town: Town, brand: Brand, by: User, **changed: str) -> Account:
    wanted = {"base_url": "http://127.0.0.1:9/", "handle": "@Brand", "token": f" {TOKEN}\n"} | changed
    return accounts.connect(
        brand.pk,
        wanted.pop("channel", "fake"),
        base_url=wanted["base_url"],
        handle=wanted["handle"],
        token=wanted["token"],
        by=by,
        now=town.now(),
        wire=town.stage.wire,
    )


@pytest.fixture
def brand(town: Town) -> Brand:
    return brands.get_or_create("New", town.now())


def test_a_good_token_connects_the_account_it_belongs_to(town: Town, brand: Brand) -> None:
    made = connect(town, brand, admin(brand))
    assert (made.handle, made.remote_id) == ("brand", town.stage.connected.remote_id)
    assert made.base_url == "http://127.0.0.1:9"
    kept = Account.objects.get(pk=made.pk)
    assert sealed.open_(bytes(kept.token or b"")) == TOKEN
    assert TOKEN.encode() not in bytes(kept.token or b"")
    entry = HistoryEntry.objects.get(action="account connected")
    assert entry.chain == f"brand:{brand.pk}"
    assert TOKEN not in str(list(HistoryContent.objects.values_list("body", flat=True)))
    assert list(history.faults()) == []


WRONG = [
    ("token", "wrong-token"),
    ("token", ""),
    ("token", "two\nlines"),
    ("token", "tökén"),
    ("token", "x" * 5000),
    ("handle", "somebody-else"),
    ("channel", "nonsense"),
    ("base_url", "ftp://127.0.0.1:9"),
    ("base_url", "http://user:pass@127.0.0.1:9"),
    ("base_url", "http://127.0.0.1:9/?token=x"),
    ("base_url", "http://[::1"),
    ("base_url", "http://127.0.0.1:99999"),
    ("base_url", "http://169.254.169.254"),
    ("base_url", "https://" + "x" * 600),
    ("base_url", "\x00\ud800"),
]


def test_whatever_is_wrong_is_named_and_nothing_is_kept(town: Town, brand: Brand) -> None:
    by, before = admin(brand), Account.objects.count()
    for field, value in WRONG:
        with pytest.raises(BadField) as caught:
            connect(town, brand, by, **{field: value})
        assert caught.value.field == field, value
        assert TOKEN not in str(caught.value)
    assert Account.objects.count() == before
    assert not HistoryEntry.objects.filter(action="account connected").exists()


def test_a_hiccup_connects_nothing_and_says_try_again(town: Town, brand: Brand) -> None:
    by = admin(brand)
    for trouble in (Trouble.ERROR, Trouble.RESET, Trouble.RATE, Trouble.DROP):
        town.stage.break_next_poll(trouble)
        with pytest.raises(NotPossible, match="Nothing was kept"):
            connect(town, brand, by)
    assert not Account.objects.filter(brand=brand).exists()
    assert connect(town, brand, by).active


def test_only_admins_connect_and_nothing_is_asked_for_others(town: Town, brand: Brand) -> None:
    asked = len(town.stage.network.state.accounts)
    with pytest.raises(NotForYou):
        connect(town, brand, town.agent, token="wrong-token")
    assert len(town.stage.network.state.accounts) == asked
    assert not Account.objects.filter(brand=brand).exists()


def test_the_same_account_is_connected_once_a_brand(town: Town, brand: Brand) -> None:
    by = admin(brand)
    made = connect(town, brand, by)
    with pytest.raises(BadField, match="Reconnect"):
        connect(town, brand, by)
    accounts.disconnect(made, by, town.now())
    assert connect(town, brand, by, handle="").pk == made.pk


def test_a_new_token_must_be_the_same_accounts(town: Town) -> None:
    by, network = admin(town.brand), town.stage.network
    network.admit(network.join("rival", "Rival").id, "rival-token")
    network.admit(town.account.remote_id, "new-token")
    Account.objects.update(trouble="The token has expired.", retry_at=town.now())
    with pytest.raises(BadField, match="another account"):
        accounts.reconnect(town.account, "rival-token", by, town.now(), town.stage.wire)
    assert Account.objects.get().trouble
    accounts.reconnect(town.account, "new-token", by, town.now(), town.stage.wire)
    kept = Account.objects.get()
    assert (kept.trouble, kept.retry_at) == ("", None)
    assert sealed.open_(bytes(kept.token or b"")) == "new-token"


def test_a_disconnected_account_keeps_no_token_and_gives_its_answers_back(town: Town) -> None:
    by = admin(town.brand)
    town.stage.customer_says("@brand My parcel is lost!")
    town.fetch()
    case, agent = town.case(), decide.person(town.agent.pk)
    answers.reply(case, town.question(), "We look into it.", agent, town.now())
    assert accounts.disconnect(town.account, by, town.now()) == 1
    assert accounts.disconnect(town.account, by, town.now()) == 0
    kept = Account.objects.get()
    assert (kept.active, kept.token) == (False, None)
    assert (Send.objects.get().state, town.case().sends_open) == ("refused", 0)
    assert town.case().waiting_since is not None
    town.send()
    assert town.stage.said_by_us() == []
    assert town.case().history_count == HistoryEntry.objects.filter(chain=f"case:{case.pk}").count()
    with pytest.raises(NotPossible):
        answers.reply(town.case(), town.question(), "We look into it.", agent, town.now())
