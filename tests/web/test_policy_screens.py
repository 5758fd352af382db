"""The policy as a form and as a text."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse
from tests.web.settings_pages import page, post, signed_in

from amends.store import policies
from amends.store.models import Membership, PolicyVersion


def policy_fields(html: str) -> dict[str, object]:
    """What a browser would post back from the form as it stands."""
    form = html[html.index('class="policy"') :]
    inputs = r'<input type="(?:number|text|hidden|date)" name="([\w-]+)"(?: value="([^"]*)")?'
    fields: dict[str, object] = {name: unescape(value) for name, value in re.findall(inputs, form)}
    for name, options in re.findall(r'<select name="([\w-]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields[name] = next(iter(re.findall(r'<option value="([^"]*)" selected', options)), "")
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


ROWS = {
    "open": "hours",
    "hours_mon": "09:00-17:00",
    "hours_zone": "Asia/Kathmandu",
    "resolution_high": "900",
    "holidays-0-country": "DE",
    "holidays-0-subdivision": "by",
    "special_days-0-date": "2026-12-24",
    "special_days-0-hours": "9:00-12:00, 12:30:15 to 13:00",
    "special_days-0-note": "Christmas <Eve>",
    "target_rules-0-channel": "old net",
    "target_rules-0-language": "DE",
    "target_rules-0-standing": "priority",
    "target_rules-0-first_answer_high": "5",
    "target_rules-0-resolution_low": "600",
}


def test_lists_are_published_as_rows_and_removed(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    assert "Version 2" in post(admin, url, policy_fields(page(admin, url)) | ROWS)
    _, policy = policies.current(boss.brand_id)
    hours, (rule,) = policy.opening_hours, policy.target_rules
    assert hours is not None
    assert (hours.time_zone, policy.resolution.high) == ("Asia/Kathmandu", 900)
    assert [(closed.country, closed.subdivision) for closed in hours.holidays] == [("DE", "BY")]
    assert [(str(day.date), day.note, len(day.spans)) for day in hours.special_days] == [
        ("2026-12-24", "Christmas <Eve>", 2)
    ]
    assert (rule.channel, rule.language, rule.standing) == ("old net", "de", "priority")
    assert (rule.first_answer.high, rule.first_answer.low, rule.resolution.low) == (5, None, 600)
    html = page(admin, url)
    assert 'value="09:00-12:00, 12:30:15-13:00"' in html
    assert "old net, de, priority" in html
    fields = policy_fields(html)
    assert "nothing was changed" in post(admin, url, fields)
    more = fields | {"holidays-1-country": "US", "special_days-1-date": "2026-01-02"}
    assert "Version 3" in post(admin, url, more)
    gone = {"holidays-0-DELETE": "on", "target_rules-0-DELETE": "on", "target_rules-0-channel": "x" * 99}
    emptied = {"special_days-0-date": "", "special_days-0-hours": "", "special_days-0-note": ""}
    assert "Version 4" in post(admin, url, policy_fields(page(admin, url)) | gone | emptied)
    _, policy = policies.current(boss.brand_id)
    assert policy.opening_hours is not None
    assert [closed.country for closed in policy.opening_hours.holidays] == ["US"]
    assert [str(day.date) for day in policy.opening_hours.special_days] == ["2026-01-02"]
    assert policy.target_rules == ()


@pytest.mark.parametrize("kind", ["holidays", "special_days", "target_rules"])
def test_a_row_is_added_without_publishing_and_keeps_what_was_typed(boss: Membership, kind: str) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url)) | ROWS | {"target_low": "7777"}
    longer = post(admin, url, fields, more=kind)
    assert "nothing is published yet" in longer
    typed = policy_fields(longer)
    assert typed[f"{kind}-TOTAL_FORMS"] == "2"
    kept = {name: typed[name] for name in ROWS} | {"target_low": typed["target_low"]}
    assert kept == ROWS | {"target_low": "7777"}
    assert policies.current(boss.brand_id)[0] == 1
    for odd in ("", "x", "999999999999", "-1", "²"):
        assert post(admin, url, fields | {f"{kind}-TOTAL_FORMS": odd}, more=kind)
    assert post(admin, url, fields, more="<nothing>")


def test_what_is_wrong_in_a_row_stands_beside_it(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url)) | ROWS
    for name, bad, words in [
        ("holidays-0-subdivision", "XX", "DE has no subdivision “XX”: it knows BB"),
        ("holidays-0-country", "", "Choose the country too"),
        ("holidays-0-country", "ZZ", "valid choice"),
        ("special_days-0-date", "", "Give the date too"),
        ("special_days-0-date", "24 Dec", "valid date"),
        ("special_days-0-hours", "late", "Write times like"),
        ("special_days-0-note", "x" * 101, "at most 100 characters"),
        ("target_rules-0-language", "deu", "as two letters"),
        ("target_rules-0-standing", "vip", "valid choice"),
        ("target_rules-0-first_answer_high", "0", "greater than or equal to 1"),
        ("target_rules-0-resolution_low", "x", "whole number"),
        ("hours_zone", "Mars/Olympus", "valid choice"),
        ("resolution_none", "0", "greater than or equal to 1"),
        ("resolution_none", "86400", "too short to keep"),
        ("open", "always", "need opening hours"),
    ]:
        refused = post(admin, url, fields | {name: bad})
        assert words.lower() in refused.lower(), name
        assert 'class="field wrong"' in refused or 'class="message error"' in refused, name
        typed = policy_fields(refused)
        assert {typed[other] for other in ROWS if other != name} == {v for o, v in ROWS.items() if o != name}
    nobody = {f"target_rules-0-{name}": "" for name in ("channel", "language", "standing")}
    assert "A rule must name a channel" in post(admin, url, fields | nobody)
    nothing = {"target_rules-0-first_answer_high": "", "target_rules-0-resolution_low": ""}
    assert "minutes for at least one severity" in post(admin, url, fields | nothing)
    twice = {"special_days-TOTAL_FORMS": "2", "special_days-1-date": "2026-12-24"}
    assert "is there twice" in post(admin, url, fields | twice)
    for odd in ("", "x", "9" * 30):
        assert post(admin, url, fields | {"holidays-TOTAL_FORMS": odd})
    assert policies.current(boss.brand_id)[0] == 1


def test_all_of_a_policy_survives_the_text(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    post(admin, url, policy_fields(page(admin, url)) | ROWS)
    _, before = policies.current(boss.brand_id)
    text = admin.get(reverse("policy_version", args=["firm", 2])).content.decode()
    assert '{ date = "2026-12-24", spans = [{ opens = "09:00:00"' in text
    whole = reverse("policy_text", args=["firm"])
    assert "nothing was changed" in post(admin, whole, version=2, text=text)
    own = '\n[[channel_hours."old net".sat]]\nopens = 10:00:00\ncloses = 16:00:00\n'
    assert "Version 3" in post(admin, whole, version=2, text=text + own)
    _, after = policies.current(boss.brand_id)
    assert after.channel_hours.keys() == {"old net"}
    assert after.model_copy(update={"channel_hours": {}}) == before
    assert "old net has hours of its own" in page(admin, url)
    again = policy_fields(page(admin, url)) | {"target_low": "99"}
    assert "Version 4" in post(admin, url, again)
    assert policies.current(boss.brand_id)[1].channel_hours == after.channel_hours
    assert "write dates like" in post(
        admin, whole, version=4, text=text.replace('date = "2026-12-24"', "date = 2026-12-24T10:00:00")
    )


def test_who_gets_which_case_is_published_with_its_skills(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url))
    assert (fields["how"], fields["anybody"]) == ("off", "yes")
    wanted = fields | {"how": "balanced", "anybody": "no", "usual_limit": "7", "return_after_minutes": "30"}
    wanted |= {"skills-0-skill": " Legal ", "skills-0-signal": "legal"}
    assert "Version 2" in post(admin, url, wanted)
    rule = policies.current(boss.brand_id)[1].assignment
    assert (rule.how, rule.anybody, rule.usual_limit, rule.return_after_minutes) == ("balanced", False, 7, 30)
    assert [(one.skill, one.signal, one.kind, one.channel) for one in rule.skills] == [
        ("legal", "legal", None, None)
    ]
    fields = policy_fields(page(admin, url))
    assert "nothing was changed" in post(admin, url, fields)
    for name, bad, words in (
        ("how", "by dice", "valid choice"),
        ("usual_limit", "0", "greater than or equal to 1"),
        ("skills-0-skill", "", "write a skill"),
        ("skills-0-signal", "", "name a kind, an urgent signal or a channel"),
    ):
        refused = post(admin, url, fields | {name: bad})
        assert words in refused.lower(), name
    assert policies.current(boss.brand_id)[0] == 2
    assert "Version 3" in post(admin, url, fields | {"skills-0-DELETE": "on"})
    assert policies.current(boss.brand_id)[1].assignment.skills == ()
