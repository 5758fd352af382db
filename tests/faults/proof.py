"""What must hold of a desk and its network after any trouble: nothing lost, nothing twice, all on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.rig.desk import Rig

from amends.channels.fake_state import State


def prove(rig: Rig, promised: Mapping[str, str]) -> dict[str, int]:
    """Fail unless everything holds; the figures."""
    truth = rig.network.truth()
    _posts(rig, truth)
    sends = _sends(rig, truth, promised)
    _cases(rig)
    _record(rig)
    quiet(rig)
    return {
        "posts": len(truth.posts),
        "cases": rig.one("SELECT count(*) FROM store_case"),
        "history": rig.one("SELECT count(*) FROM store_historyentry"),
        **sends,
    }


def _posts(rig: Rig, truth: State) -> None:
    """Every post of the network is one post of the desk, with the words it has now, and no other is."""
    rows = rig.ask("SELECT remote_id, text, deleted_at IS NOT NULL, direction FROM store_post")
    assert Counter(row[0] for row in rows) == Counter(truth.posts.keys())
    ours = truth.handles["brand"]
    for remote_id, text, deleted, direction in rows:
        post = truth.posts[remote_id]
        assert deleted == post.deleted, remote_id
        assert deleted or text == post.text, remote_id
        assert (direction == "out") == (post.author_id == ours), remote_id


def _sends(rig: Rig, truth: State, promised: Mapping[str, str]) -> dict[str, int]:
    """Every promised answer is one send; it stands at most once, and exactly once where we say `sent`."""
    rows = rig.ask("SELECT text, state, remote_id, why FROM store_send")
    assert Counter(row[0] for row in rows) == Counter(promised.values())
    ours = truth.handles["brand"]
    stands = Counter(post.text for post in truth.posts.values() if post.author_id == ours)
    assert not [text for text, times in stands.items() if times > 1], "said twice"
    for text, state, remote_id, why in rows:
        assert state in ("sent", "unknown", "refused"), (state, text)
        assert stands[text] == (1 if state == "sent" else 0), (state, why, text)
        assert state != "sent" or truth.posts[remote_id].text == text
    return dict(Counter(row[1] for row in rows))


def _cases(rig: Rig) -> None:
    """Whoever wants an answer has a case; a case knows its posts, its open sends, its record."""
    lost = "SELECT remote_id FROM store_post WHERE wants_answer AND deleted_at IS NULL AND case_id IS NULL"
    assert rig.ask(lost) == []
    wrong = """SELECT c.id FROM store_case c WHERE sends_open <> (SELECT count(*) FROM store_send s
        WHERE s.case_id = c.id AND s.state IN ('planned', 'sending', 'unknown'))"""
    assert rig.ask(wrong) == []
    unanswered = """SELECT c.id FROM store_case c JOIN store_send s ON s.case_id = c.id
        WHERE s.state = 'sent' AND c.first_answer_at IS NULL"""
    assert rig.ask(unanswered) == []
    assert rig.inside("recount") == ""


def _record(rig: Rig) -> None:
    """The chains are whole, and every send that stands has it on record once."""
    rig.amends("verify-history")
    sent = rig.one("SELECT count(*) FROM store_send WHERE state = 'sent'")
    assert rig.one("SELECT count(*) FROM store_historyentry WHERE action = 'reply sent'") == sent


def quiet(rig: Rig) -> None:
    """No stack trace and no secret in anything that was said."""
    said = rig.processes.said()
    assert "Traceback" not in said, said
    assert rig.network.token not in said
    assert rig.secret not in said
