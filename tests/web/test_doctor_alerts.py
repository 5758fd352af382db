"""The doctor says whether alerts leave the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

import time_machine
from django.test import override_settings

from amends.core.values import Role
from amends.pipeline import alert_settings
from amends.site import doctor_alerts
from amends.site.finding import Level
from amends.store import brands, models, ways


def test_the_doctor_says_what_keeps_alerts_on_the_desk(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("The Brand", now)
    boss = models.User.objects.create_user("sam@example.org", name="Sam")
    models.Membership.objects.create(user=boss, brand=brand, role=Role.SUPERVISOR)
    assert doctor_alerts.alerts().text == "to 0 people by mail and 0 webhooks"
    alert_settings.choose_mail(brand.pk, boss, True, now)
    found = doctor_alerts.alerts()
    assert (found.level, found.text) == (
        Level.BAD,
        "1 people want alerts by mail, and no mail server is set",
    )
    with override_settings(EMAIL_HOST="127.0.0.1"), time_machine.travel(now, tick=False) as clock:
        hook, _ = alert_settings.make_hook(brand.pk, "https://alerts.example.com", boss, now)
        alert_settings.try_hook(hook, boss, now)
        assert doctor_alerts.alerts().level is Level.OK
        clock.move_to(now + timedelta(minutes=11))
        assert doctor_alerts.alerts().text == "1 should have left by now"
        for _ in range(ways.TRIES):
            ways.failed(brand.pk, ways.hook(hook.pk), "It answered 500.", now, now)
        assert "It answered 500." in doctor_alerts.alerts().text
