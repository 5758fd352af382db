"""Deliveries by signed webhook: kept once and for good, and nobody else's."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import COMPLAINTS, Desk
from tests.api.hooked import Sender, post, sender
from tests.rig.processes import until

from amends.pipeline import accounts, answers, hooks, sources
from amends.pipeline.take import take_in
from amends.store import models


@pytest.fixture
def forum(api: Desk) -> Sender:
    return sender(api)


def taken(desk: Desk) -> None:
    while take_in(COMPLAINTS, desk.now):
        pass


@pytest.mark.parametrize("shape", ["one", "list", "posts"])
def test_one_post_a_list_and_posts_are_kept(api: Desk, forum: Sender, shape: str) -> None:
    bodies = {"one": post(), "list": [post()], "posts": {"posts": [post()]}}
    answer = forum.deliver(bodies[shape])
    assert answer.status_code == 200
    assert answer.json() == {
        "kept": 1,
        "repeated": 0,
        "refused": 0,
        "items": [{"id": "f1", "outcome": "kept", "reason": ""}],
    }
    assert answer.cookies == {}
    raw = models.Raw.objects.get(remote_id="f1")
    assert (raw.channel, raw.source, raw.account_id, raw.brand) == (
        "forum",
        "webhook",
        forum.account.pk,
        api.brand,
    )
    assert json.loads(bytes(raw.payload)) == bodies[shape]
    taken(api)
    case = models.Case.objects.get(channel="forum")
    assert case.brand == api.brand


def test_it_is_kept_once_however_often_it_comes(api: Desk, forum: Sender) -> None:
    body = json.dumps([post(1), post(2), post(1)]).encode()
    headers = forum.headers(body)
    first = forum.send(body, headers).json()
    assert [item["outcome"] for item in first["items"]] == ["kept", "kept", "repeated"]
    again = forum.send(body, headers).json()
    assert (again["kept"], again["repeated"]) == (0, 3)
    taken(api)
    assert models.Post.objects.filter(channel="forum").count() == 2


def test_an_edit_is_a_version_and_a_deletion_takes_the_words(api: Desk, forum: Sender) -> None:
    forum.deliver(post())
    taken(api)
    forum.deliver(post(text="It was found, sorry", edited_at="2026-03-04T11:30:00Z"))
    taken(api)
    stored = models.Post.objects.get(channel="forum")
    assert (stored.text, stored.version) == ("It was found, sorry", 2)
    assert forum.deliver(post(deleted=True)).json()["kept"] == 1
    taken(api)
    stored.refresh_from_db()
    assert stored.deleted_at is not None
    assert stored.text == ""


def test_one_bad_item_refuses_no_other_and_is_kept_as_failed(api: Desk, forum: Sender) -> None:
    bad = [post(2) | {"created_at": "yesterday"}, 7, {"id": "x\x00"}, post(3, channel="fake")]
    answer = forum.deliver([post(1), *bad])
    assert answer.status_code == 200
    told = answer.json()
    assert (told["kept"], told["refused"]) == (1, 4)
    assert "speaks for" not in told["items"][0]["reason"]
    assert "this source brings posts of “forum” only" in told["items"][4]["reason"]
    failed = models.Raw.objects.filter(state="failed", source="webhook")
    assert failed.count() == 4
    assert {row.account_id for row in failed} == {forum.account.pk}
    assert all(row.reason for row in failed)
    assert forum.deliver([post(1), *bad]).json()["repeated"] == 1
    assert failed.count() == 4


def test_a_delivery_of_nothing_good_is_422_and_kept_as_failed(forum: Sender) -> None:
    answer = forum.deliver(post() | {"text": None})
    assert answer.status_code == 422
    assert answer.json()["items"] == [{"id": "f1", "outcome": "refused", "reason": "text is missing"}]
    assert models.Raw.objects.get(source="webhook").state == "failed"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"id": " "}, "id is empty"),
        ({"id": "x" * 501}, "id is longer than 500 characters"),
        (
            {"created_at": "1950-01-01"},
            "created_at: 1950-01-01T00:00:00+00:00 is before 1990 or in the future",
        ),
    ],
)
def test_a_refusal_names_the_field_as_it_was_sent(forum: Sender, wrong: dict[str, str], reason: str) -> None:
    assert forum.deliver(post() | wrong).json()["items"][0]["reason"] == reason


def test_it_cannot_touch_what_another_channel_or_brand_has(api: Desk, forum: Sender) -> None:
    before = list(models.Post.objects.order_by("pk").values())
    for theirs in ("fake", "FORUM", "forum2", " forum\u200b"):
        answer = forum.deliver({"id": "1", **post(channel=theirs, deleted=True), "brand": "Other Brand"})
        assert answer.status_code == 422, theirs
    forum.deliver(post("own", brand="Other Brand"))
    taken(api)
    assert list(models.Post.objects.exclude(channel="forum").order_by("pk").values()) == before
    assert models.Post.objects.get(channel="forum").brand == api.brand


@pytest.mark.parametrize("shape", [[], {"posts": []}, {"posts": 7}, 7, "x", None, [{}] * 501])
def test_what_is_no_delivery_is_422_and_nothing_is_kept(forum: Sender, shape: object) -> None:
    answer = forum.deliver(shape)
    assert (answer.status_code, answer.json()["code"]) == (422, "body")
    assert not models.Raw.objects.filter(source="webhook").exists()


@pytest.mark.parametrize("body", [b" ", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b"9" * 10_000])
def test_what_is_no_json_is_400(forum: Sender, body: bytes) -> None:
    answer = forum.deliver(body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_other_methods_kinds_sizes_and_addresses(forum: Sender) -> None:
    refused = forum.client.get(forum.path)
    assert (refused.status_code, refused["Allow"]) == (405, "POST")
    assert forum.deliver(post(), content_type="text/plain").status_code == 415
    assert forum.deliver(b"[" + b" " * (4 << 20) + b"]").status_code == 413
    assert forum.deliver(post(), content_type="application/json; charset=utf-8").status_code == 200
    chunked = forum.headers(b"") | {"Transfer-Encoding": "chunked"}
    assert forum.send(b"", chunked).status_code == 411
    for path in ("/hooks/", "/hooks/a/b", f"{forum.path}/"):
        assert forum.deliver(post(), path=path).status_code == 404


def said(answer: object) -> tuple[int, bytes, dict[str, str]]:
    return (answer.status_code, answer.content, dict(answer.headers))  # type: ignore[attr-defined]


def test_no_answer_tells_whether_there_is_such_a_source(api: Desk, forum: Sender) -> None:
    body = json.dumps(post()).encode()
    good = forum.headers(body)
    nobody = forum.send(body, good, path="/hooks/AAAAAAAAAAAAAAAAAAAAAAAA")
    assert nobody.status_code == 401
    wrong = [
        forum.with_secret("whsec_" + "A" * 44).deliver(body),
        forum.send(body + b" ", good),
        forum.send(body, {}),
        forum.send(body, good | {"webhook-id": "other"}),
        forum.send(body, forum.headers(body, api.now - timedelta(minutes=6))),
        forum.send(body, forum.headers(body, api.now + timedelta(minutes=6))),
        forum.send(body, good | {"webhook-signature": "v1,"}),
    ]
    for each in wrong:
        assert said(each) == said(nobody)
    assert not models.Raw.objects.filter(source="webhook").exists()


def test_one_brands_secret_opens_no_other_brands_source(api: Desk, forum: Sender) -> None:
    other = sender(api, "forum", api.other)
    assert other.with_secret(forum.secret).deliver(post()).status_code == 401
    assert other.deliver(post()).status_code == 200
    assert models.Raw.objects.get(source="webhook").brand == api.other


def test_an_old_delivery_cannot_be_played_again(api: Desk, forum: Sender) -> None:
    body = json.dumps(post()).encode()
    headers = forum.headers(body)
    assert forum.send(body, headers).status_code == 200
    with time_machine.travel(api.now + timedelta(minutes=4)):
        assert forum.send(body, headers).json()["repeated"] == 1
    with time_machine.travel(api.now + timedelta(minutes=6)):
        assert forum.send(body, headers).status_code == 401


def test_the_old_secret_is_good_for_a_day(api: Desk, forum: Sender) -> None:
    renewed = forum.with_secret(sources.renew(forum.account, api.ada, api.now))
    assert renewed.deliver(post(1)).status_code == 200
    assert forum.deliver(post(2)).status_code == 200
    both = forum.headers(b"[]", None, forum.secret, renewed.secret)
    assert forum.send(b"[]", both).status_code == 422
    with time_machine.travel(api.now + timedelta(hours=23, minutes=59)):
        assert forum.deliver(post(3)).status_code == 200
    with time_machine.travel(api.now + timedelta(hours=24)):
        assert forum.deliver(post(4)).status_code == 401
        assert renewed.deliver(post(4)).status_code == 200


def test_a_third_secret_ends_the_first(api: Desk, forum: Sender) -> None:
    second = sources.renew(forum.account, api.ada, api.now)
    third = sources.renew(forum.account, api.ada, api.now)
    codes = [forum.with_secret(one).deliver(post()).status_code for one in (forum.secret, second, third)]
    assert codes == [401, 200, 200]


def test_disconnecting_ends_it_at_once_even_where_it_is_remembered(api: Desk, forum: Sender) -> None:
    assert forum.deliver(post(1)).status_code == 200
    accounts.disconnect(forum.account, api.ada, api.now)
    assert hooks.known.get(forum.account.remote_id, api.now), "this process has not been told"
    assert forum.deliver(post(2)).status_code == 401
    assert models.Raw.objects.filter(source="webhook").count() == 1
    back, secret = sources.make(api.brand.pk, "forum", api.ada, api.now)
    assert back.remote_id == forum.account.remote_id
    assert forum.deliver(post(3)).status_code == 401
    assert forum.with_secret(secret).deliver(post(3)).status_code == 200


def test_a_secret_changed_in_another_process_is_noticed(api: Desk, forum: Sender) -> None:
    forum.deliver(post(1))
    remembered = hooks.known._sources
    secret = sources.renew(forum.account, api.ada, api.now)
    hooks.known._sources, hooks.known._read_at = remembered, api.now - timedelta(seconds=2)
    assert forum.with_secret(secret).deliver(post(2)).status_code == 200
    hooks.known._sources = remembered
    assert forum.deliver(post(3)).status_code == 200, "the old one still holds, under the new number"


def test_a_delivery_is_one_statement_and_no_job(
    api: Desk, forum: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    forum.deliver(post("first"))
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            asked.append(str(query))
        return execute(self, query, *args, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    with CaptureQueriesContext(connection) as queries:
        assert forum.deliver([post(n) for n in range(100)]).json()["kept"] == 100
    assert len(queries) == 0, [query["sql"][:80] for query in queries]
    assert [query.split()[0] for query in asked] == ["WITH"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'amends.take'")
        assert cursor.fetchone()[0] <= 1


def test_workers_are_told_and_the_source_shows_when(api: Desk, forum: Sender) -> None:
    forum.deliver(post())
    told = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'amends.take' AND status = 'todo'"

    def found() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(told)
            return bool(cursor.fetchone()[0])

    until(found, 10, "a hint is left")
    until(lambda: models.Account.objects.get(pk=forum.account.pk).last_event_at, 10, "the delivery was noted")


def test_strangers_cost_no_query(api: Desk, forum: Sender) -> None:
    forum.deliver(post("first"))
    forum.with_secret("whsec_" + "A" * 44).deliver(post())
    with (
        time_machine.travel(hooks.known._read_at or api.now, tick=False),
        CaptureQueriesContext(connection) as q,
    ):
        for path in (forum.path, "/hooks/unknown"):
            assert forum.with_secret("whsec_" + "A" * 44).deliver(post(), path=path).status_code == 401
    assert len(q) == 0


def test_too_many_posts_in_a_minute_are_told_to_wait(api: Desk, forum: Sender, settings_of_pace: int) -> None:
    kept = 0
    while (answer := forum.deliver([post(kept + n) for n in range(250)])).status_code == 200:
        kept += 250
        assert kept <= settings_of_pace + 250
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert models.Raw.objects.filter(source="webhook").count() == kept
    other = sender(api, "reviews")
    other.client = forum.client
    assert other.deliver(post()).status_code == 200, "each source has its own"
    with time_machine.travel(api.now + timedelta(seconds=61)):
        assert forum.deliver(post("later")).status_code == 200


@pytest.fixture
def settings_of_pace() -> object:
    from django.test import override_settings

    with override_settings(HOOK_POSTS_PER_MINUTE=1000):
        yield 1000


def test_the_desk_says_that_it_cannot_answer_there(api: Desk, forum: Sender) -> None:
    forum.deliver(post())
    taken(api)
    found = models.Post.objects.get(channel="forum")
    assert found.case is not None
    assert answers.account_for(found) == forum.account
    refused = api.caller().post(f"/cases/{found.case.pk}/reply", {"to_post": found.pk, "text": "Sorry!"})
    assert refused.status_code == 409
    assert "cannot answer there" in refused.json()["detail"]
    assert "https://forum.example/t/1" in refused.json()["detail"]
    forum.deliver(
        post("us", text="We look into it", direction="out", in_reply_to="f1", author_id="us", url="")
    )
    taken(api)
    assert models.Case.objects.get(pk=found.case.pk).waiting_since is None
