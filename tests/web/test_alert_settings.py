"""The page of alerts and its settings: who sees what, what is chosen, and how a failing way is told."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client, override_settings
from tests.web.conftest import House

from amends.core.values import Role
from amends.pipeline import alerting
from amends.store import models, ways

HERE = "/b/the-brand/settings/alerts/"


@pytest.fixture
def boss(house: House, supervisor: models.User) -> Client:
    return house.enter(supervisor)


def page(client: Client, path: str = HERE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_everybody_chooses_mail_for_themselves(house: House, client: Client, agent: models.User) -> None:
    assert "Add a webhook" not in page(client)
    assert client.post(f"{HERE}mail/", {"by_mail": "on"}).status_code == 302
    told = page(client)
    assert "You get the alerts that concern you by mail." in told
    assert "No mail server is set for this desk" in told
    assert models.Membership.objects.get(user=agent).alerts_by_mail
    client.post(f"{HERE}mail/try/")
    assert "nothing was sent" in page(client)
    with override_settings(EMAIL_HOST="127.0.0.1"):
        client.post(f"{HERE}mail/try/")
        assert "A trial is on its way to you" in page(client)
    client.post(f"{HERE}mail/", {})
    assert not models.Membership.objects.get(user=agent).alerts_by_mail
    assert models.Delivery.objects.get().state == "refused"


def test_a_supervisor_adds_tries_renews_and_removes_a_webhook(house: House, boss: Client) -> None:
    wrong = boss.post(HERE, {"address": "http://alerts.example.com"})
    assert "encrypted only" in wrong.content.decode()
    assert boss.post(HERE, {"address": "https://alerts.example.com/in?key=k3y"}).status_code == 302
    shown = page(boss)
    (secret,) = re.findall(r'value="(whsec_[^"]+)"', shown)
    assert "alerts.example.com" in shown
    assert "k3y" not in shown
    assert secret not in page(boss)
    hook = models.AlertHook.objects.get()
    boss.post(f"{HERE}{hook.pk}/try/")
    assert "waiting to be sent" in page(boss)
    boss.post(f"{HERE}{hook.pk}/secret/")
    assert "whsec_" in page(boss)
    boss.post(f"{HERE}{hook.pk}/remove/")
    told = page(boss)
    assert "alerts.example.com gets no alerts any more." in told
    assert "No other system gets the alerts" in told
    assert boss.post(f"{HERE}{hook.pk}/try/").status_code == 404


@pytest.mark.parametrize("deed", ["try", "secret", "remove"])
def test_webhooks_are_for_supervisors_of_their_brand(house: House, boss: Client, deed: str) -> None:
    boss.post(HERE, {"address": "https://alerts.example.com/in"})
    hook = models.AlertHook.objects.get()
    assert house.enter(house.person(Role.AGENT)).post(f"{HERE}{hook.pk}/{deed}/").status_code == 403
    other = house.enter(house.person(Role.ADMIN, house.other))
    assert other.post(f"/b/another/settings/alerts/{hook.pk}/{deed}/").status_code == 404
    assert other.post(f"{HERE}{hook.pk}/{deed}/").status_code == 404
    assert boss.get(f"{HERE}{hook.pk}/{deed}/").status_code == 405


def test_an_agent_makes_no_webhook(house: House, client: Client) -> None:
    assert client.post(HERE, {"address": "https://alerts.example.com/in"}).status_code == 403
    assert not models.AlertHook.objects.exists()


def test_a_way_that_fails_stands_on_the_screen_until_it_is_seen(house: House, boss: Client) -> None:
    boss.post(f"{HERE}mail/", {"by_mail": "on"})
    alerting.look_after(house.now)
    told = page(boss, "/b/the-brand/alerts/")
    assert "Alerts by mail fail since" in told
    assert alerting.NO_SERVER in told
    assert "AMENDS_SMTP_HOST" in told
    assert '<span class="num">1</span>' in page(boss, "/b/the-brand/posts/")
    (alert,) = models.Alert.objects.all()
    back = boss.post(f"/b/the-brand/alerts/{alert.pk}/", {"back": "/b/the-brand/now/"})
    assert back["Location"] == "/b/the-brand/now/"
    assert boss.post(f"/b/the-brand/alerts/{alert.pk}/")["Location"] == "/b/the-brand/alerts/"
    assert "Nothing stands" in page(boss, "/b/the-brand/alerts/")
    assert ways.troubles(house.brand.pk)["mail"].told


def test_a_webhook_that_fails_says_so_in_the_settings(house: House, boss: Client) -> None:
    boss.post(HERE, {"address": "https://alerts.example.com/in"})
    hook = models.AlertHook.objects.get()
    for number in range(ways.TRIES):
        assert ("Fails" in page(boss)) == (number == ways.TRIES)
        ways.failed(house.brand.pk, ways.hook(hook.pk), "It answered 500.", house.now, house.now)
    assert "It answered 500." in page(boss)
    assert "Fails" in page(boss)
    assert "Alerts by webhook to alerts.example.com fail" in page(boss, "/b/the-brand/alerts/")
