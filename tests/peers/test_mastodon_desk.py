"""Mastodon end to end: a stranger's mention becomes a case, the answer stands under it on the network."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from tests.peers.desk import Watched, watched
from tests.peers.mastodons import Server
from tests.rig.processes import until

COMPLAINT = "my parcel is lost and nobody answers me for weeks! This is a disgrace."
ANSWER = "We are sorry about this. We are looking for your parcel now and tell you today."


@pytest.fixture(scope="module")
def desk(mock: Server) -> Iterator[Watched]:
    with watched(mock) as made:
        yield made


def test_a_strangers_mention_comes_by_stream_and_is_answered_under_it(desk: Watched) -> None:
    anna = desk.server.stranger()
    desk.streaming()
    posted = anna.says(f"@{desk.brand.handle} {COMPLAINT} ref one")
    case = desk.case(anna)
    assert [post["remote_id"] for post in case["posts"]] == [posted]
    assert [row[:2] for row in desk.posts("ref one")] == [("stream", "in")]
    desk.sent(desk.answer(case, ANSWER))
    [under] = anna.answers_to(posted)
    assert (under["in_reply_to_id"], under["visibility"]) == (posted, "public")
    assert under["account"]["acct"] == desk.brand.handle
    assert f"@{anna.handle} {ANSWER}" in under["content"]
    assert [status["id"] for status in anna.mentions()] == [under["id"]]
    assert desk.case(anna)["waiting_since"] is None


def test_direct_messages_go_both_ways_and_stay_private(desk: Watched) -> None:
    bert, stranger = desk.server.stranger(), desk.server.stranger()
    posted = bert.says(f"@{desk.brand.handle} {COMPLAINT} my number is 4711", visibility="direct")
    case = desk.case(bert)
    assert [post["visibility"] for post in case["posts"]] == ["private"]
    desk.sent(desk.answer(case, "Thank you. We have found it under that number."))
    [under] = bert.mentions()
    assert (under["in_reply_to_id"], under["visibility"]) == (posted, "direct")
    assert stranger.mentions() == []
    again = bert.says(f"@{desk.brand.handle} and when does it come?", re=under["id"], visibility="direct")
    until(lambda: again in [post["remote_id"] for post in desk.case(bert)["posts"]], 60, "it joins the case")


def test_an_answer_typed_elsewhere_joins_the_case(desk: Watched) -> None:
    cleo = desk.server.stranger()
    posted = cleo.says(f"@{desk.brand.handle} {COMPLAINT} ref three")
    assert desk.case(cleo)["waiting_since"] is not None
    desk.brand.says(f"@{cleo.handle} from my telephone: it leaves today", re=posted)
    until(lambda: desk.case(cleo)["waiting_since"] is None, 60, "nobody waits any more")
    assert [post["direction"] for post in desk.case(cleo)["posts"]] == ["in", "out"]


def test_mentions_that_the_server_holds_back_from_strangers_are_seen(desk: Watched) -> None:
    ivan = desk.server.stranger()
    policy = "/api/v2/notifications/policy"
    desk.brand.told("PATCH", policy, json={"for_not_following": "filter", "for_private_mentions": "filter"})
    try:
        ivan.says(f"@{desk.brand.handle} {COMPLAINT} ref 9a")
        ivan.says(f"@{desk.brand.handle} {COMPLAINT} ref 9b", visibility="direct")
        until(lambda: desk.posts("ref 9a") and desk.posts("ref 9b"), 60, "both are seen")
    finally:
        desk.brand.told(
            "PATCH", policy, json={"for_not_following": "accept", "for_private_mentions": "accept"}
        )
    assert [row[0] for row in desk.posts("ref 9")] == ["poll", "poll"]


def test_edits_and_deletions_come_by_stream(desk: Watched) -> None:
    dora = desk.server.stranger()
    desk.brand.follows(dora)
    desk.streaming()
    posted = dora.says(f"@{desk.brand.handle} {COMPLAINT} ref four")
    desk.case(dora)
    dora.edits(posted, f"@{desk.brand.handle} it came, with a scratch! ref four")
    until(lambda: "scratch" in str(desk.posts("ref four")), 60, "the edit is seen")
    dora.deletes(posted)
    gone = "SELECT count(*) FROM store_post WHERE remote_id = %s AND deleted_at IS NOT NULL AND text = ''"
    until(lambda: desk.rig.one(gone, posted), 60, "the deletion is seen")


def test_a_stream_that_was_cut_loses_nothing_and_goes_on(desk: Watched) -> None:
    emma = desk.server.stranger()
    desk.streaming()
    emma.says(f"@{desk.brand.handle} {COMPLAINT} ref 5a")
    until(lambda: desk.posts("ref 5a"), 60, "the first is seen")
    desk.line.cut()
    until(lambda: not desk.holders(), 60, "the stream is known to be gone")
    for number in range(3):
        emma.says(f"@{desk.brand.handle} nobody there? ref 5b{number}")
    desk.line.mend()
    until(lambda: len(desk.posts("ref 5b")) == 3, 60, "what was said meanwhile is seen")
    desk.streaming()
    emma.says(f"@{desk.brand.handle} hello again ref 5c")
    until(lambda: desk.posts("ref 5c"), 60, "and what is said afterwards")
    assert [len(desk.posts(f"ref 5{part}")) for part in "abc"] == [1, 3, 1]
    assert {row[0] for row in desk.posts("ref 5b")} == {"poll"}
    assert {row[0] for row in desk.posts("ref 5c")} == {"stream"}


def test_a_sending_cut_in_the_middle_stands_there_once(desk: Watched) -> None:
    finn = desk.server.stranger()
    posted = finn.says(f"@{desk.brand.handle} {COMPLAINT} ref six")
    case = desk.case(finn)
    desk.line.lose_answer_to(b"POST /api/v1/statuses")
    send = desk.answer(case, "One answer, once.")
    desk.sent(send)
    assert desk.line.swallow == b"", "the cable was not cut at all"
    assert len(finn.answers_to(posted)) == 1
    record = desk.rig.api("GET", f"/cases/{case['id']}/history").json()["items"]
    assert "reply unknown" in [entry["action"] for entry in record]


def test_a_busy_server_is_answered_when_it_says(desk: Watched) -> None:
    gina = desk.server.stranger()
    posted = gina.says(f"@{desk.brand.handle} {COMPLAINT} ref seven")
    case = desk.case(gina)
    limited = {"type": "ratelimit", "headers": {"Retry-After": "2"}}
    desk.server.fault(limited, "POST", "/api/v1/statuses")
    send = desk.answer(case, "A patient answer.")
    assert desk.sent(send)["attempts"] == 2
    assert len(gina.answers_to(posted)) == 1


def test_another_worker_takes_a_dead_ones_stream_over(desk: Watched) -> None:
    hans = desk.server.stranger()
    desk.streaming()
    [first] = desk.holders()
    other = desk.rig.start("worker")
    known = "SELECT count(*) FROM procrastinate_workers"
    until(lambda: desk.rig.one(known) >= 2, 60, "the other works", other.said)
    desk.worker.kill()
    until(lambda: desk.holders() not in ([], [first]), 20, "the other has the stream", other.said)
    hans.says(f"@{desk.brand.handle} {COMPLAINT} ref eight")
    until(lambda: desk.posts("ref eight"), 30, "it hears", other.said)
    assert desk.posts("ref eight")[0][0] == "stream"
    desk.worker = other


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_stream_does_not_hold_a_worker_up(desk: Watched, number: signal.Signals) -> None:
    desk.streaming()
    desk.worker.process.send_signal(number)
    assert desk.worker.process.wait(6) == 0
    assert desk.holders() == []
    desk.worker = desk.rig.start("worker")
