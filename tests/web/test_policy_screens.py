"""The policy as a form and as a text."""

from __future__ import annotations

import re

from django.urls import reverse
from tests.web.settings_pages import page, post, signed_in

from amends.store import policies
from amends.store.models import Membership, PolicyVersion


def policy_fields(html: str) -> dict[str, object]:
    """What a browser would post back from the form as it stands."""
    form = html[html.index('class="policy"') :]
    inputs = r'<input type="(?:number|text|hidden)" name="(\w+)"(?: value="([^"]*)")?'
    fields: dict[str, object] = dict(re.findall(inputs, form))
    fields["time_zone"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    checked = re.findall(r'name="(\w+)" value="(\w+)"[^>]*checked', form)
    fields["open"] = next(value for name, value in checked if name == "open")
    fields["open_for"] = [value for name, value in checked if name == "open_for"]
    return fields


def test_the_policy_is_published_as_a_form(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url))
    assert fields["time_zone"] == "Europe/Berlin"
    assert "nothing was changed" in post(admin, url, fields)
    hours = {"open": "hours", "hours_mon": "9:00-12:30, 13:30 – 18:00", "hours_sun": "10:00-24:00"}
    assert "Version 2" in post(admin, url, fields | hours, target_high="25")
    version, policy = policies.current(boss.brand_id)
    assert (version, policy.targets.high) == (2, 25)
    assert policy.opening_hours is not None
    assert [str(span.opens) for span in policy.opening_hours.mon] == ["09:00:00", "13:30:00"]
    assert 'value="09:00-12:30, 13:30-18:00"' in page(admin, url)
    overtaken = post(admin, url, fields | {"target_high": "20"})
    assert "Version 2 was published meanwhile" in overtaken
    assert 'value="20"' in overtaken


def test_a_bad_policy_is_refused_beside_the_field(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url)) | {"open": "hours", "hours_mon": "09:00-17:00"}
    for name, bad, words in [
        ("target_low", "0", "greater than or equal to 1"),
        ("target_low", "9" * 30, "less than or equal"),
        ("hours_tue", "late", "write times like"),
        ("hours_tue", "18:00-09:00", "close after it opens"),
        ("erase_deleted_after_hours", "x", "whole number"),
        ("time_zone", "Mars/Olympus", "valid choice"),
        ("hours_mon", "", "without one open span"),
    ]:
        refused = post(admin, url, fields | {name: bad})
        assert words.lower() in refused.lower(), name
        assert 'class="field wrong"' in refused, name
    assert policies.current(boss.brand_id)[0] == 1


def test_the_policy_goes_out_and_comes_back_as_text(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy_text", args=["firm"])
    written = admin.get(reverse("policy_version", args=["firm", 1]))
    assert written.headers["Content-Type"].startswith("application/toml")
    text = written.content.decode()
    assert 'time_zone = "Europe/Berlin"' in text
    assert "nothing was changed" in post(admin, url, version=1, text=text)
    more = text + '\n[channel_targets."old \\"net\\""]\nhigh = 5\n'
    more += "[[opening_hours.mon]]\nopens = 09:00:00\ncloses = 17:00:00\n"
    assert "Version 2" in post(admin, url, version=1, text=more)
    again = admin.get(reverse("policy_version", args=["firm", 2])).content.decode()
    assert "nothing was changed" in post(admin, url, version=2, text=again)
    deep, long = "a = " + "[" * 5000, "targets.high = " + "9" * 6000
    for bad in ("x", "= 1", "time_zone = 7", "\u202e=1", "x = 1", deep, long):
        assert 'class="field wrong"' in post(admin, url, version=2, text=bad)
    assert PolicyVersion.objects.count() == 2
    for version in (0, 3, 10**30):
        assert admin.get(reverse("policy_version", args=["firm", version])).status_code == 404
