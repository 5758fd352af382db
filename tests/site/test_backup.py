"""Backups of real databases, put back into others; and everything that must be refused."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from amends.site import backup, backup_archive, backup_database, places
from amends.site.cluster import Cluster
from amends.site.errors import BackupError

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
TABLES = """
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL, mood mood, near vector(2));
CREATE TABLE entry (id bigint GENERATED ALWAYS AS IDENTITY, author int REFERENCES author, text text);
CREATE INDEX entry_text ON entry USING gin (text gin_trgm_ops);
CREATE VIEW cross_authors AS SELECT * FROM author WHERE mood = 'cross';
CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'append only'; END $$;
CREATE TRIGGER kept BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION forbid();
REVOKE UPDATE, DELETE ON entry FROM amends_app;
INSERT INTO author (name, mood, near) VALUES ('Zoë', 'cross', '[1,2]'), ('Ján', 'calm', NULL);
INSERT INTO entry (author, text) SELECT 1 + n % 2, 'post ' || n || repeat(md5(n::text), 20)
  FROM generate_series(1, 2000) n;
"""


def urls(cluster: Cluster) -> tuple[str, str]:
    return cluster.url(), cluster.url("amends_owner")


def do(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def rows(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def content(cluster: Cluster) -> list[tuple[object, ...]]:
    return rows(
        cluster.url("amends_owner"),
        "SELECT (SELECT string_agg(a::text, ';' ORDER BY id) FROM author a), count(*), "
        "md5(string_agg(text, '' ORDER BY id)) FROM entry",
    )


@pytest.fixture
def desk(cluster: Cluster) -> Cluster:
    """A desk with something in it, whatever the test before did."""
    clear(cluster)
    shutil.rmtree(cluster.folder / places.BACKUPS, ignore_errors=True)
    do(cluster.url("amends_owner"), TABLES)
    (cluster.folder / places.CHECKPOINTS).write_text('{"head": "abc"}\n')
    (cluster.folder / places.FAKE_NETWORK / "media").mkdir(parents=True, exist_ok=True)
    (cluster.folder / places.FAKE_NETWORK / "media" / "cat.png").write_bytes(b"\x89PNG")
    places.secret_key(cluster.folder, {})
    places.history_key(cluster.folder, {})
    return cluster


def clear(cluster: Cluster) -> None:
    do(
        cluster.url("amends_owner"),
        "DROP TABLE IF EXISTS author, entry, extra CASCADE; DROP FUNCTION IF EXISTS forbid, slow;"
        "DROP TYPE IF EXISTS mood; DROP SCHEMA IF EXISTS other CASCADE",
    )


def back_up(desk: Cluster, now: datetime = NOW) -> Path:
    return backup.back_up(desk.folder, urls(desk), now)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / places.BACKUPS).iterdir() if path.name != ".lock")


def test_a_backup_holds_the_database_and_the_files_but_no_key(desk: Cluster) -> None:
    archive = back_up(desk)
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == [
            "about.json",
            "database.dump",
            "files/checkpoints.jsonl",
            "files/fake-network/media/cat.png",
        ]
    whole = archive.read_bytes()
    assert places.secret_key(desk.folder, {}).encode() not in whole
    assert b"PRIVATE KEY" not in whole
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.parent.stat().st_mode) == 0o700


def test_the_last_good_one_is_recorded(desk: Cluster) -> None:
    archive = back_up(desk)
    good = backup.last_good(desk.folder)
    assert good is not None
    assert (good.when, good.file, good.bytes) == (NOW, archive.name, archive.stat().st_size)
    assert 0 < good.seconds < 60
    (archive.parent / backup.LAST_GOOD).write_text("{")
    assert backup.last_good(desk.folder) is None
    assert backup.last_good(desk.folder / "nowhere") is None


def test_seven_are_kept(desk: Cluster) -> None:
    older = [desk.folder / places.BACKUPS / f"amends-2026050{n}T000000Z.tar" for n in range(1, 9)]
    older[0].parent.mkdir(mode=0o700)
    for path in older:
        path.touch()
    (older[0].parent / "amends-by-hand.txt").touch()
    (older[0].parent / ".new-left-by-a-killed-run").mkdir()
    newest = back_up(desk, NOW + timedelta(days=30))
    assert listed(desk.folder) == [
        *(path.name for path in older[2:]),
        newest.name,
        "amends-by-hand.txt",
        backup.LAST_GOOD,
    ]


def test_all_comes_back_with_its_rights_and_guards(desk: Cluster) -> None:
    before = content(desk)
    archive = back_up(desk)
    do(
        desk.url("amends_owner"),
        "DELETE FROM author WHERE false; DROP TABLE entry; CREATE TABLE extra (id int)",
    )
    do(desk.url("amends_owner"), "GRANT CREATE ON SCHEMA public TO amends_owner")
    (desk.folder / places.CHECKPOINTS).write_text("newer\n")
    done = backup.restore(archive, desk.folder, urls(desk), replace=True)
    assert content(desk) == before
    assert done.when == NOW
    assert (desk.folder / places.CHECKPOINTS).read_text() == '{"head": "abc"}\n'
    assert done.aside is not None
    assert (done.aside / places.CHECKPOINTS).read_text() == "newer\n"
    assert rows(desk.url(), "SELECT to_regclass('extra'), name FROM cross_authors") == [(None, "Zoë")]
    do(desk.url(), "INSERT INTO entry (author, text) VALUES (1, 'later'); UPDATE author SET mood = 'calm'")
    for refused in ("UPDATE entry SET text = ''", "DELETE FROM entry", "TRUNCATE entry", "DROP TABLE entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            do(desk.url(), refused)
    with pytest.raises(psycopg.errors.RaiseException, match="append only"):
        do(desk.url("amends_owner"), "DELETE FROM entry")
    do(desk.url("amends_owner"), "CREATE TABLE extra (id int)")
    do(desk.url(), "INSERT INTO extra VALUES (1)")


def test_into_a_new_desk(desk: Cluster, copied: Path) -> None:
    before, archive = content(desk), back_up(desk)
    new = Cluster(copied)
    new.start()
    backup.restore(archive, copied, urls(new))
    assert content(new) == before
    assert (copied / places.FAKE_NETWORK / "media" / "cat.png").read_bytes() == b"\x89PNG"
    assert not (copied / places.SECRET_KEY).exists()


def test_into_a_database_with_other_roles(desk: Cluster) -> None:
    """As on a server of one's own, with a password, where the owner may do little."""
    before, archive = content(desk), back_up(desk)
    do(
        desk.url("postgres"),
        "DROP ROLE IF EXISTS desk_owner; DROP ROLE IF EXISTS desk_app;"
        "CREATE ROLE desk_owner LOGIN PASSWORD 'pw'; CREATE ROLE desk_app LOGIN",
    )
    do(desk.url("postgres", "postgres"), "CREATE DATABASE elsewhere OWNER desk_owner")
    try:
        superuser = desk.url("postgres", "elsewhere")
        do(
            superuser,
            "CREATE EXTENSION pg_trgm; CREATE EXTENSION vector; ALTER SCHEMA public OWNER TO desk_owner",
        )
        owner = f"{superuser}&options=-c%20role%3Ddesk_owner"
        application = desk.url("desk_app", "elsewhere")
        backup.restore(archive, desk.folder, (application, owner))
        assert rows(superuser, "SELECT count(*) FROM entry") == [(before[0][1],)]
        for right, granted in (("INSERT", True), ("TRUNCATE", False)):
            question = f"SELECT has_table_privilege('desk_app', 'entry', '{right}')"
            assert rows(superuser, question) == [(granted,)]
    finally:
        do(desk.url("postgres", "postgres"), "DROP DATABASE elsewhere")
        do(desk.url("postgres", "postgres"), "DROP ROLE desk_owner; DROP ROLE desk_app")


def test_a_bare_dump_of_another_major_comes_back_too(desk: Cluster) -> None:
    before, archive = content(desk), back_up(desk)
    with tarfile.open(archive) as tar:
        dump = tar.extractfile("database.dump")
        assert dump is not None
        (desk.folder / "bare.dump").write_bytes(dump.read())
    done = backup.restore(desk.folder / "bare.dump", desk.folder, urls(desk), replace=True)
    assert content(desk) == before
    assert done.when is None
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        do(desk.url(), "DELETE FROM entry")


def test_a_database_that_holds_something_is_not_replaced_unasked(desk: Cluster) -> None:
    archive = back_up(desk)
    do(desk.url("amends_owner"), "INSERT INTO author (name) VALUES ('newer')")
    before = content(desk)
    with pytest.raises(BackupError, match="--replace"):
        backup.restore(archive, desk.folder, urls(desk))
    assert content(desk) == before
    clear(desk)
    do(desk.url("postgres"), "CREATE SCHEMA other AUTHORIZATION amends_owner")
    with pytest.raises(BackupError, match="--replace"):
        backup.restore(archive, desk.folder, urls(desk))


def test_a_desk_at_work_is_not_replaced(desk: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_database, "LEAVING", 0.2)
    archive = back_up(desk)
    with psycopg.connect(desk.url()), pytest.raises(BackupError, match="Stop the desk"):
        backup.restore(archive, desk.folder, urls(desk), replace=True)


def cut(archive: Path, share: float) -> bytes:
    return archive.read_bytes()[: int(archive.stat().st_size * share)]


def flipped(archive: Path, at: float) -> bytes:
    whole = bytearray(archive.read_bytes())
    whole[int(len(whole) * at)] ^= 0xFF
    return bytes(whole)


@pytest.mark.parametrize(
    "damage", ["empty", "text", "cut early", "cut late", "flipped", "dump cut", "dump flipped"]
)
def test_a_damaged_archive_is_refused_and_nothing_touched(desk: Cluster, damage: str) -> None:
    archive = back_up(desk)
    with tarfile.open(archive) as tar:
        member = tar.extractfile("database.dump")
        assert member is not None
        dump = desk.folder / "whole.dump"
        dump.write_bytes(member.read())
    wrong = {
        "empty": b"",
        "text": b"no archive at all\n" * 1000,
        "cut early": cut(archive, 0.2),
        "cut late": cut(archive, 0.7),
        "flipped": flipped(archive, 0.5),
        "dump cut": cut(dump, 0.9),
        "dump flipped": flipped(dump, 0.6),
    }[damage]
    (desk.folder / "wrong").write_bytes(wrong)
    before = content(desk)
    names = listed(desk.folder)
    with pytest.raises(BackupError):
        backup.restore(desk.folder / "wrong", desk.folder, urls(desk), replace=True)
    assert content(desk) == before
    assert listed(desk.folder) == names
    assert (desk.folder / places.CHECKPOINTS).read_text() == '{"head": "abc"}\n'


@pytest.mark.parametrize("name", ["../escape", "files/../../escape", "/etc/escape", "secret.key", "files"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive, member = tmp_path / "evil.tar", tmp_path / "member"
    member.write_text("x")
    about = tmp_path / "about.json"
    about.write_text(
        json.dumps(
            {"format": 1, "when": NOW.isoformat(), "application": "", "owner": "", "files": {name: "x"}}
        )
    )
    with tarfile.open(archive, "w") as tar:
        tar.add(about, "about.json")
        tar.add(member, name)
    (tmp_path / "stage").mkdir()
    with pytest.raises(BackupError, match="does not belong"):
        backup_archive.unpack(archive, tmp_path / "stage")
    assert not list((tmp_path / "stage").iterdir())


def test_links_stay_out_of_a_backup(desk: Cluster) -> None:
    link = desk.folder / places.FAKE_NETWORK / "link"
    link.symlink_to(desk.folder / places.SECRET_KEY)
    try:
        with tarfile.open(back_up(desk)) as tar:
            assert "files/fake-network/link" not in tar.getnames()
    finally:
        link.unlink()


def test_a_restore_that_is_killed_half_way_changes_nothing(desk: Cluster) -> None:
    do(
        desk.url("amends_owner"),
        "CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.4); RETURN $1; END $$; ALTER TABLE author ADD CHECK (slow(name) <> '')",
    )
    archive = back_up(desk)
    do(desk.url("amends_owner"), "INSERT INTO author (name) VALUES ('newer')")
    before = content(desk)
    script = (
        "import sys, pathlib; from amends.site import backup\n"
        "a, f, app, owner = sys.argv[1:]\n"
        "backup.restore(pathlib.Path(a), pathlib.Path(f), (app, owner), replace=True)"
    )
    working = (
        "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^COPY public.author' AND datname = 'amends'"
    )
    with subprocess.Popen([sys.executable, "-c", script, archive, desk.folder, *urls(desk)]) as restoring:
        with psycopg.connect(desk.url("postgres", "postgres"), autocommit=True) as watch:
            while watch.execute(working.encode()).fetchone() == (0,):
                assert restoring.poll() is None, "it was over before it could be killed"
        restoring.kill()
    assert content(desk) == before
    backup.restore(archive, desk.folder, urls(desk), replace=True)
    assert rows(desk.url(), "SELECT count(*) FROM author") == [(2,)]
    assert not list((desk.folder / places.BACKUPS).glob(".new-*"))


def test_a_restore_that_the_server_refuses_changes_nothing(desk: Cluster) -> None:
    archive = back_up(desk)
    before = content(desk)
    do(desk.url("postgres"), "REVOKE CREATE ON SCHEMA public FROM amends_owner")
    try:
        with pytest.raises(BackupError, match="permission denied"):
            backup.restore(archive, desk.folder, urls(desk), replace=True)
    finally:
        do(desk.url("postgres"), "GRANT CREATE ON SCHEMA public TO amends_owner")
    assert content(desk) == before


def test_one_at_a_time(desk: Cluster) -> None:
    with backup._alone(desk.folder), pytest.raises(BackupError, match="at work"):
        back_up(desk)


def test_a_backup_that_fails_leaves_the_older_ones_and_the_record(desk: Cluster) -> None:
    back_up(desk)
    names, good = listed(desk.folder), backup.last_good(desk.folder)
    broken = desk.url("amends_owner", "no_such_database").replace("amends_owner@", "amends_owner:hunter2@")
    with pytest.raises(BackupError, match="no_such_database") as failed:
        backup.back_up(desk.folder, (broken, broken), NOW + timedelta(days=1))
    assert "hunter2" not in str(failed.value)
    assert (listed(desk.folder), backup.last_good(desk.folder)) == (names, good)


def test_a_password_is_in_no_list_of_processes() -> None:
    address, environment = backup_database._without_password(
        "postgresql://desk:hunter2@db.example/x?sslmode=require"
    )
    assert "hunter2" not in address
    assert environment["PGPASSWORD"] == "hunter2"
    assert "hunter2" not in os.environ.get("PGPASSWORD", "")


@pytest.mark.parametrize(
    ("opens", "words"), [(None, "Keys are not part"), (False, "does not open"), (True, "may be started")]
)
def test_it_is_said_whether_the_key_fits(desk: Cluster, opens: bool | None, words: str) -> None:
    asked: list[str] = []

    def key_opens(url: str) -> bool:
        asked.append(url)
        return bool(opens)

    done = backup.restore(
        back_up(desk), desk.folder, urls(desk), replace=True, key_opens=None if opens is None else key_opens
    )
    assert done.key_opens is opens
    assert words in done.advice
    assert asked == ([] if opens is None else [desk.url("amends_owner")])
