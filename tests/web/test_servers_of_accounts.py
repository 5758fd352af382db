"""What an account's server has said of itself is on the screens: notices, streams, lengths of answers."""

from __future__ import annotations

from django.test import Client
from procrastinate.contrib.django.utils import connector_params
from tests.web.conftest import House, lead

from amends.core.values import Role
from amends.store import models, streams
from amends.store.accounts import remember


def accounts_page(house: House) -> str:
    boss = house.enter(house.person(Role.ADMIN, name="Ruth"))
    page = boss.get(f"/b/{house.brand.slug}/settings/accounts/")
    assert page.status_code == 200
    return page.content.decode()


def test_an_account_says_how_it_is_watched_and_what_to_know_of_it(house: House) -> None:
    ours = house.connect()
    models.Account.objects.update(polled_at=house.now)
    assert "Watched live" not in accounts_page(house)
    remember(ours.pk, {"server": {"notice": "The server drops <some> mentions."}})
    with streams.Held(connector_params("default")) as held:
        held.opened(ours.pk)
        html = accounts_page(house)
    assert "Watched live" in html
    assert "The server drops &lt;some&gt; mentions." in html


def test_an_answer_is_counted_as_the_accounts_own_server_counts(house: House, client: Client) -> None:
    case, ours = house.case(), house.connect()
    models.Account.objects.update(channel="mastodon")
    models.Post.objects.filter(case=case).update(channel="mastodon", account=ours)
    models.Case.objects.filter(pk=case.pk).update(channel="mastodon")
    remember(ours.pk, {"server": {"max_characters": "60", "domain": "here.example"}})
    handle = lead(case).author.handle
    html = client.get(f"/cases/{case.pk}/").content.decode()
    assert f"{len(handle) + 2} of 60" in html
    assert "is put before your words" in html
    counted = client.post(f"/cases/{case.pk}/length/", {"text": "x" * 10, "to_post": lead(case).pk})
    assert f"{len(handle) + 12} of 60" in counted.content.decode()
