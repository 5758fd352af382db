"""Checkpoints and the check of the whole record: whatever is done to the record is found and named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, connections, transaction

from amends.site.cluster import Cluster
from amends.store import checkpoints, erasure, history, models
from amends.store.checkpoints import advance, read_line
from amends.store.verification import CannotCheck, Verdict, verify

KEY = Ed25519PrivateKey.generate()


def write(now: datetime, *words: str) -> None:
    with transaction.atomic():
        history.record(None, [history.Line(now, history.SYSTEM, "noted", 1, {"text": w}) for w in words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints.jsonl"


def check(file: Path, kept: Path | None = None) -> Verdict:
    return verify(file, KEY.public_key(), kept)


@pytest.fixture
def three(desk: None, file: Path, now: datetime) -> Path:
    """Three checkpoints over two entries each."""
    for number in range(3):
        write(now, f"{number} a", f"{number} b")
        assert advance(file, KEY, now + timedelta(minutes=number))
    return file


def as_superuser(cluster: Cluster, *statements: str) -> None:
    """What somebody with all power over the database could do."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(cluster.url("postgres", name), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in statements:
            admin.execute(statement)


def rewritten(cluster: Cluster, position: int, text: str) -> None:
    """Rewrite an entry, and everything behind it, so that the chain is consistent again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, e.position, e.at, e.actor, e.action, e.policy_version, c.salt, c.body->>'text' "
            "FROM store_historyentry e JOIN store_historycontent c ON c.entry_id = e.id ORDER BY e.position"
        )
        rows = cursor.fetchall()
    before = b""
    for entry_id, at_position, at, actor, action, version, salt, words in rows:
        body = history.canonical({"text": text if at_position == position else words})
        commitment = history.commit_to(bytes(salt), body)
        fields = ("desk", at_position, history.spell_time(at), actor, action, version)
        before = history.link(before, fields, commitment)
        as_superuser(
            cluster,
            f"UPDATE store_historyentry SET commitment = '\\x{commitment.hex()}', hash = '\\x{before.hex()}' "
            f"WHERE id = {entry_id}",
            f"UPDATE store_historycontent SET body = '{body}' WHERE entry_id = {entry_id}",
        )
    as_superuser(cluster, f"UPDATE store_chain SET history_head = '\\x{before.hex()}'")


def test_nothing_new_adds_no_line(desk: None, file: Path, now: datetime) -> None:
    assert advance(file, KEY, now) is None
    write(now, "one")
    made = advance(file, KEY, now)
    assert made is not None
    assert (made.entries, made.at) == (1, now)
    assert advance(file, KEY, now) is None
    assert len(file.read_bytes().splitlines()) == 1
    assert file.stat().st_mode & 0o077 == 0


def test_a_whole_record_is_whole(three: Path) -> None:
    verdict = check(three)
    assert verdict.whole
    assert (verdict.entries, verdict.contents, verdict.checkpoints, verdict.unsigned_since) == (6, 6, 3, 0)


def test_digests_do_not_depend_on_when_checkpoints_were_made(three: Path, now: datetime) -> None:
    other = three.with_name("other.jsonl")
    assert advance(other, KEY, now)
    last = read_line(three.read_bytes().splitlines()[-1])
    assert read_line(other.read_bytes().strip()).digest == last.digest


Tampering = Callable[[Cluster], None]
DROP_LAST = "DELETE FROM store_historyentry WHERE position = 6"


def cut_tail(cluster: Cluster) -> None:
    """The last entry gone, with a head that fits."""
    as_superuser(
        cluster,
        DROP_LAST,
        "UPDATE store_chain SET history_count = 5",
        "UPDATE store_chain SET history_head = (SELECT hash FROM store_historyentry WHERE position = 5)",
    )


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (cut_tail, ["1 entries are missing among those up to no. "]),
        (lambda c: rewritten(c, 3, "other words"), ["entries were changed among those up to no. "]),
        (
            lambda c: as_superuser(
                c, "DELETE FROM store_historycontent; DELETE FROM store_historyentry; DELETE FROM store_chain"
            ),
            ["2 entries are missing among those up to no. "],
        ),
        (
            lambda c: as_superuser(
                c,
                "UPDATE store_historycontent SET body = '[]' FROM store_historyentry e "
                "WHERE e.id = entry_id AND position = 2",
            ),
            ["desk, entry 2: content is not what was recorded"],
        ),
        (
            lambda c: as_superuser(c, "UPDATE store_historyentry SET actor = 'person:1' WHERE position = 4"),
            ["desk, entry 4: entry does not fit the one before it"],
        ),
        (
            lambda c: as_superuser(
                c, "UPDATE store_historyentry SET at = at + interval '1 us' WHERE position = 1"
            ),
            ["desk, entry 1: entry does not fit the one before it"],
        ),
        (lambda c: as_superuser(c, DROP_LAST), ["desk, entry 6: 6 entries were written, 5 are there"]),
        (
            lambda c: as_superuser(c, "DELETE FROM store_historyentry WHERE position = 3"),
            ["desk, entry 3: entry missing", "1 entries are missing among those up to no. "],
        ),
        (
            lambda c: as_superuser(
                c,
                "INSERT INTO store_historyentry SELECT 0, 'case:9', 1, at, actor, action, policy_version, "
                "commitment, hash FROM store_historyentry WHERE position = 1",
            ),
            ["case:9, entry 1: 0 entries were written, 1 are there"],
        ),
    ],
    ids=["cut", "rewritten", "dropped", "content", "actor", "time", "tail", "middle", "invented"],
)
def test_tampering_is_found(cluster: Cluster, three: Path, tamper: Tampering, named: list[str]) -> None:
    tamper(cluster)
    verdict = check(three)
    assert not verdict.whole
    for words in named:
        assert any(words in fault for fault in verdict.faults), verdict.faults


def test_a_rewritten_record_is_placed_between_its_checkpoints(cluster: Cluster, three: Path) -> None:
    rewritten(cluster, 5, "other words")
    (fault,) = check(three).faults
    assert "line 3: entries were changed among those up to no. " in fault
    assert fault.endswith("recorded between 2026-03-04 12:01:00 UTC and 2026-03-04 12:02:00 UTC")


def test_erased_content_leaves_the_record_whole(three: Path, now: datetime) -> None:
    some = list(models.HistoryEntry.objects.filter(position__in=[2, 3]).values_list("pk", flat=True))
    assert erasure.erase_contents(some, "asked for by law", history.SYSTEM, now) == 2
    verdict = check(three)
    assert verdict.whole
    assert verdict.erased == 2
    assert any("2 entries were erased" in note for note in verdict.notes)


def test_a_copy_kept_elsewhere_finds_what_was_done_with_our_key(cluster: Cluster, three: Path) -> None:
    """Whoever holds the machine can rewrite table and checkpoints alike; a copy out of reach tells."""
    kept = three.with_name("kept.jsonl")
    kept.write_bytes(three.read_bytes())
    line = three.with_name("line.jsonl")
    line.write_bytes(three.read_bytes().splitlines()[-1] + b"\n")
    assert check(three, kept).whole
    assert check(three, line).kept_checkpoints == 1
    rewritten(cluster, 2, "other words")
    three.unlink()
    assert advance(three, KEY, read_line(line.read_bytes()).at)
    assert check(three).whole
    assert any("kept.jsonl, line 1: entries were changed" in fault for fault in check(three, kept).faults)
    assert any("line.jsonl, line 1: entries were changed" in fault for fault in check(three, line).faults)


def test_a_forged_checkpoint_is_named_and_not_built_upon(
    cluster: Cluster, three: Path, now: datetime
) -> None:
    cut_tail(cluster)
    good = three.read_bytes().splitlines(keepends=True)
    forger = Ed25519PrivateKey.generate()
    false = checkpoints.Checkpoint(now, read_line(good[2]).last_id - 1, 5, b"\x01" * 32).signed(forger)
    three.write_bytes(b"".join(good[:2]) + false.line().encode() + b"\n")
    write(now, "more")
    made = advance(three, KEY, now)
    assert made is not None
    assert made.entries == 6
    (fault,) = check(three).faults
    assert "line 3: the checkpoint of 2026-03-04 12:00:00 UTC was not signed by this desk's key" in fault


def test_a_changed_line_and_a_damaged_one_are_named(three: Path) -> None:
    first, _, third = three.read_text().splitlines()
    three.write_text("\n".join([first.replace('"entries": 2', '"entries": 3'), "{}", third, ""]))
    faults = check(three).faults
    assert len(faults) == 2
    assert "line 1" in faults[0]
    assert "was not signed" in faults[0]
    assert "line 2: it is no checkpoint" in faults[1]


def test_a_line_cut_off_by_a_crash_is_no_tampering(three: Path, now: datetime) -> None:
    whole = three.read_bytes()
    three.write_bytes(whole + whole.splitlines()[0][:50])
    assert check(three).whole
    write(now, "more")
    assert advance(three, KEY, now)
    assert check(three).whole
    assert len(three.read_bytes().splitlines()) == 4


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense\n", b"[]\n", b'{"at": 5}\n', b"\xff\x00\n"])
def test_a_copy_without_a_checkpoint_cannot_be_checked(three: Path, content: bytes) -> None:
    kept = three.with_name("kept")
    kept.write_bytes(content)
    with pytest.raises(CannotCheck):
        check(three, kept)


def test_a_missing_copy_cannot_be_checked(three: Path) -> None:
    with pytest.raises(CannotCheck, match="There is no file"):
        check(three, three.with_name("nowhere"))
    with pytest.raises(CannotCheck, match="cannot be read"):
        check(three, three.parent)


def test_writers_beside_a_checkpoint_lose_nothing_of_it(desk: None, file: Path, now: datetime) -> None:
    """An id given out earlier may be committed later: no checkpoint may pass over it."""
    stop = threading.Event()

    def writer(name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with transaction.atomic():
                head = history.Head(f"case:{name}{number}", 0, b"")
                history.append(
                    [(head, [history.Line(now, history.SYSTEM, "noted", 1, {}) for _ in range(5)])]
                )
        connections.close_all()

    threads = [threading.Thread(target=writer, args=(str(n),)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(25):
            advance(file, KEY, now)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    advance(file, KEY, now)
    faults = [
        fault
        for fault in check(file).faults
        if "entries were written" not in fault and "whose it is" not in fault
    ]
    assert faults == []


def test_a_writer_that_takes_too_long_is_waited_for_next_time(desk: None, file: Path, now: datetime) -> None:
    started, done = threading.Event(), threading.Event()

    def writer() -> None:
        with transaction.atomic():
            history.record(None, [history.Line(now, history.SYSTEM, "noted", 1, {})])
            started.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=writer)
    thread.start()
    started.wait(10)
    try:
        assert advance(file, KEY, now) is None
    finally:
        done.set()
        thread.join()
    assert advance(file, KEY, now)
