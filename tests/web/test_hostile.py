"""Whatever bytes come in, the screens answer in words: 4xx at worst, and strangers' texts stay harmless."""

from __future__ import annotations

import string

import pytest
from django.http import HttpRequest
from django.template import engines
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.web.conftest import House, lead, visitor
from tests.web.test_deeds import ALL

from amends.core.values import Role
from amends.store import models
from amends.web import shown

SAME_DESK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = st.sampled_from(["view", "severity", "channel", "kind", "assignee", "q", "after", "before", "to"])
PERCENT = st.binary(max_size=12).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw))
VALUES = st.one_of(
    PERCENT,
    st.text(string.printable, max_size=20).map(lambda text: text.replace("#", "").replace("&", "")),
    st.integers().map(str),
    st.sampled_from(
        ["%00", "%ED%A0%80", "9" * 400, "1~2~3", "-1", "%D9%A3", "1e5", "null", "true", "%F0%9F%98%80"]
    ),
)


@SAME_DESK
@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
@example([("q", "%00")])
@example([("q", "a%00b"), ("channel", "%00")])
@example([("assignee", "9" * 400)])
@example([("after", "32768~2026-01-01T00:00:00Z~1")])
@example([("after", "1~0001-01-01T00:00:00Z~1")])
@example([("q", "((((|&!:*<->'")])
def test_any_query_string_is_answered(house: House, client: Client, query: list[tuple[str, str]]) -> None:
    case = models.Case.objects.first() or house.case()
    asked = "&".join(f"{name}={value}" for name, value in query)
    for path in (
        "/b/the-brand/",
        "/b/the-brand/posts/",
        "/b/the-brand/search/",
        f"/cases/{case.pk}/",
        f"/posts/{case.lead_id}/",
    ):
        assert client.get(path, QUERY_STRING=asked).status_code in (200, 400)


@SAME_DESK
@given(st.text(max_size=30))
@example("cases/" + "9" * 5000)
@example("cases/9223372036854775808/")
@example("posts/0/")
@example("b/\x00/")
@example("b/../../etc/passwd")
def test_any_path_is_answered(house: House, client: Client, path: str) -> None:
    assert client.get("/" + path.replace("\ud800", "")).status_code < 500


DEEDS = [*ALL.split(), "hold", "evidence"]
FIELDS = st.sampled_from(
    [
        "text",
        "why",
        "to",
        "to_post",
        "key",
        "seen",
        "severity",
        "resolution",
        "for",
        "until",
        "send",
        "again",
        "back",
    ]
)


@SAME_DESK
@given(
    st.sampled_from(DEEDS),
    st.lists(st.tuples(FIELDS, VALUES), max_size=5),
)
@example("note", [("text", "%00%ED%A0%80")])
@example("assign", [("to", "9" * 25)])
@example("reply", [("to_post", "9" * 19), ("key", "x"), ("seen", "9" * 50)])
@example("snooze", [("until", "2026-03-05T10%3A00%2B99%3A99")])
@example("snooze", [("until", "2028-12-31T23%3A59-23%3A59")])
def test_any_form_is_answered(house: House, name: str, fields: list[tuple[str, str]]) -> None:
    case = models.Case.objects.first() or house.case()
    boss = models.User.objects.filter(email__startswith="supervisor").first() or house.person(Role.SUPERVISOR)
    body = "&".join(f"{field}={value}" for field, value in fields)
    answer = house.enter(boss).post(
        f"/cases/{case.pk}/{name}/", body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code < 500


@SAME_DESK
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-7",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "application/json",
            "text/plain; charset=utf-7",
            "\x7f",
        ]
    ),
)
@example(
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\x00\xff\r\n--x--\r\n',
    "multipart/form-data; boundary=x",
)
def test_any_body_is_answered(house: House, client: Client, body: bytes, kind: str) -> None:
    case = models.Case.objects.first() or house.case()
    answer = client.generic("POST", f"/cases/{case.pk}/note/", body, content_type=kind)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "cookies",
    [
        'sessionid="abcdefghij\\000"',
        "sessionid=\x01\x02; zone=%00",
        "messages=x:y:z; look=<script>",
        "sessionid=" + "x" * 4000,
        ";;;===",
    ],
)
def test_any_cookie_is_answered(house: House, cookies: str) -> None:
    for path in ("/account/login/", "/"):
        assert visitor().get(path, HTTP_COOKIE=cookies).status_code < 500


HOSTILE = "<script>alert(1)</script>\u202egpj.exe\x07\x1b[31m‹\u0000›&amp;\"'"


def test_texts_and_names_of_strangers_are_shown_harmless(house: House, client: Client) -> None:
    case = house.case(f"high {HOSTILE}", "eve", author_name=HOSTILE, author_handle=HOSTILE, lang="<b>")
    client.post(f"/cases/{case.pk}/note/", {"text": HOSTILE})
    for path in (
        "/b/the-brand/",
        "/b/the-brand/posts/",
        "/b/the-brand/search/?q=high",
        f"/cases/{case.pk}/",
        f"/posts/{case.lead_id}/",
    ):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert not {"\u202e", "\x07", "\x1b", "\x00"} & set(html)
        assert "␛[31m" in html


def test_reasons_that_lie_mark_nothing_and_break_nothing(house: House, client: Client) -> None:
    case = house.case("high <b>words</b>")
    post = lead(case)
    post.labels = {
        "reasons": [
            {"label": "<i>", "start": 5, "end": 8},
            {"label": "x", "start": 6, "end": 900},
            {"label": "x", "start": -3, "end": 2},
            {"label": "x", "start": "1", "end": 2},
            "nonsense",
        ],
        "urgent": ["<u>"],
    }
    post.save()
    html = client.get(f"/cases/{case.pk}/").content.decode()
    assert 'high <mark title="&lt;i&gt;">&lt;b&gt;</mark>words&lt;/b&gt;' in html
    assert "<u>" not in html


@given(st.text(max_size=60))
def test_harmless_keeps_each_character_in_its_place(text: str) -> None:
    safe = shown.harmless(text)
    assert len(safe) == len(text)
    assert not any(character < " " and character not in "\t\n\r" for character in safe)
    assert not {chr(code) for code in range(0x202A, 0x202F)} & set(safe)


def test_no_page_holds_script_or_style_of_its_own(house: House, client: Client) -> None:
    case = house.case()
    house.connect()
    for path in ("/b/the-brand/", f"/cases/{case.pk}/", "/b/the-brand/search/", "/nowhere/"):
        page = client.get(path)
        html = page.content.decode()
        assert "style=" not in html
        assert "<style" not in html
        assert " onclick" not in html
        assert all(part.startswith(' src="/static/') for part in html.split("<script")[1:])
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_the_pages_of_errors_need_no_database(name: str) -> None:
    html = engines["django"].get_template(name).render({}, HttpRequest() if name != "500.html" else None)
    assert "<h1>" in html


def test_a_broken_desk_says_so_in_words(house: House, client: Client) -> None:
    house.case()
    client.raise_request_exception = False
    models.PolicyVersion.objects.update(document={"time_zone": "Nowhere/Land"})
    page = client.get("/b/the-brand/")
    assert page.status_code == 500
    assert "Something went wrong here" in page.content.decode()
