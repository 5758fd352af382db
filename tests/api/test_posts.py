"""Posts through the API: brought in once, each with its outcome; listed, filtered and searched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.api.conftest import COMPLAINTS, Desk

from amends.core.scopes import Scope
from amends.pipeline.take import take_in
from amends.store import models


def new(**fields: Any) -> dict[str, Any]:
    post = {
        "id": "n1",
        "channel": "fake",
        "author_id": "zoe",
        "text": "Nothing works",
        "created_at": "2026-03-04T11:30:00Z",
    }
    return post | fields


def bring(api: Desk, *posts: Any) -> Any:
    answer = api.caller(Scope.IMPORT).post("/posts", {"posts": list(posts)})
    assert answer.status_code == 200, answer.content
    while take_in(COMPLAINTS, api.now):
        pass
    return answer.json()


def test_each_item_has_its_outcome(api: Desk) -> None:
    told = bring(
        api,
        new(),
        new(),
        new(id="n2", text=""),
        new(id="n3", created_at="never"),
        "rubbish",
        {"id": 7},
        new(id=8),
    )
    assert (told["kept"], told["repeated"], told["refused"]) == (3, 1, 3)
    outcomes = [(item["id"], item["outcome"]) for item in told["items"]]
    assert outcomes == [
        ("n1", "kept"),
        ("n1", "repeated"),
        ("n2", "kept"),
        ("n3", "refused"),
        ("", "refused"),
        ("7", "refused"),
        ("8", "kept"),
    ]
    assert all(item["reason"] for item in told["items"] if item["outcome"] == "refused")
    assert models.Raw.objects.filter(source="api").count() == 3


def test_what_is_sent_again_is_one_post(api: Desk) -> None:
    bring(api, new())
    told = bring(api, new(), new(text="Nothing works at all", edited_at="2026-03-04T11:40:00Z"))
    assert (told["kept"], told["repeated"]) == (1, 1)
    post = models.Post.objects.get(remote_id="n1")
    assert (post.text, post.version) == ("Nothing works at all", 2)
    bring(api, new(deleted=True))
    found = api.caller(Scope.READ).get(f"/posts/{post.pk}").json()
    assert found["text"] == ""
    assert found["deleted_at"]
    assert found["versions"] == []


def test_an_edit_is_shown_with_what_it_was(api: Desk) -> None:
    post = models.Post.objects.get(brand=api.brand, remote_id="3")
    found = api.caller(Scope.READ).get(f"/posts/{post.pk}").json()
    assert found["text"] == "Still nothing, really!"
    assert [version["text"] for version in found["versions"]] == ["Still nothing!"]
    assert found["reading"]["model"] == COMPLAINTS.name
    assert found["reading"]["kind"] == "complaint"


def test_a_line_of_another_brand_stays_in_the_tokens_brand(api: Desk) -> None:
    bring(api, new(brand="Other Brand"))
    assert models.Post.objects.get(remote_id="n1").brand == api.brand


def test_unknown_fields_are_kept_with_the_raw_item(api: Desk) -> None:
    bring(api, new(likes=[1, {"a": None}]))
    assert b'"likes":[1,{"a":null}]' in bytes(models.Raw.objects.get(remote_id="n1").payload)


def test_a_new_post_starts_a_case_with_its_clock_at_the_networks_time(api: Desk) -> None:
    bring(api, new())
    lines = api.caller(Scope.READ).get("/cases", q="works").json()["items"]
    assert [line["waiting_since"] for line in lines] == ["2026-03-04T11:30:00Z"]


def test_posts_are_filtered_and_searched(api: Desk) -> None:
    caller = api.caller(Scope.READ)

    def ids(**query: object) -> list[str]:
        answer = caller.get("/posts", **query)
        assert answer.status_code == 200, answer.content
        return [post["remote_id"] for post in answer.json()["items"]]

    assert ids() == ["4", "3", "2", "1"]
    assert ids(direction="out") == ["2"]
    assert ids(visibility="private") == ["4"]
    assert ids(q="parcel") == ["1"]
    assert ids(q='"still nothing"') == ["3"]
    assert ids(case=api.case().pk) == ["3", "2", "1"]
    assert ids(since="2026-03-04T08:00:00Z", until="2026-03-04T10:00:00Z") == ["3", "2"]
    assert ids(is_complaint="false") == ["2"]
    assert ids(channel="mastodon") == []
    assert ids(handle="@ANN") == ["3", "1"]
    assert ids(handle="an") == ids(handle="@") == []
    assert ids(handle="us", direction="in") == []
    assert ids(unread="true") == []
    models.Post.objects.filter(brand=api.brand, remote_id="3").update(read_at=None)
    assert ids(unread="true") == ["3"]
    assert ids(unread="false") == ["4", "2", "1"]
    models.Post.objects.filter(remote_id="1").update(text="", deleted_at=api.now)
    assert ids(q="parcel") == []


def test_pages_of_posts_hold_each_once(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    found: list[str] = []
    page = caller.get("/posts", limit=1).json()
    while True:
        found += [post["remote_id"] for post in page["items"]]
        if page["next"] is None:
            break
        page = caller.get("/posts", limit=1, cursor=page["next"]).json()
    assert found == ["4", "3", "2", "1"]


def test_the_talk_of_a_case_in_pages(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    first = caller.get(f"/cases/{api.case().pk}/posts", limit=2).json()
    rest = caller.get(f"/cases/{api.case().pk}/posts", cursor=first["next"]).json()
    assert [post["remote_id"] for post in first["items"] + rest["items"]] == ["3", "2", "1"]


def test_a_batch_has_a_limit(api: Desk) -> None:
    caller = api.caller(Scope.IMPORT)
    assert caller.post("/posts", {"posts": [new(id=str(n)) for n in range(501)]}).status_code == 422
    assert caller.post("/posts", {"posts": []}).status_code == 422
    assert bring(api, *[new(id=f"m{n}") for n in range(500)])["kept"] == 500


def test_the_times_of_a_post_stand_apart(api: Desk) -> None:
    ahead = (api.now + timedelta(hours=5)).replace(microsecond=0)
    bring(api, new(created_at=ahead.isoformat()))
    stored = models.Post.objects.get(remote_id="n1")
    caller = api.caller(Scope.READ, Scope.WRITE)
    before = caller.get(f"/posts/{stored.pk}").json()
    assert before["posted_at"] == before["received_at"]
    assert datetime.fromisoformat(before["claimed_at"]) == ahead
    assert (before["seen_at"], before["answered_at"]) == (None, None)
    assert caller.put(f"/cases/{stored.case_id}/presence", {}).status_code == 200
    seen = caller.get(f"/posts/{stored.pk}").json()["seen_at"]
    assert datetime.fromisoformat(seen) >= datetime.fromisoformat(before["received_at"])
    talk = caller.get(f"/cases/{api.case().pk}/posts").json()["items"]
    [us] = [post for post in talk if post["direction"] == "out"]
    assert {post["remote_id"]: post["answered_at"] for post in talk}["1"] == us["posted_at"]
