"""A whole desk from its embedded database to Debian's PostgreSQL and on to another database of it."""

from __future__ import annotations

import json
import re
import signal
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.peers.postgresql import SUPERUSER, SUPERUSER_PASSWORD, Server, programs, server
from tests.peers.watch import Watch
from tests.rig.desk import PASSWORD, Rig, rig
from tests.rig.processes import until

from amends.site import places
from amends.site.cluster import Cluster

POSTS = 1500
LEFT = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_DIRECT_URL", "PGPASSWORD")
_numbers = count(1)


def line(number: int) -> str:
    text = f"My parcel no. {number} is lost and nobody answers, Ärger über Ärger! " * (1 + number % 9)
    values = {"id": str(number), "author_id": f"a{number % 97}", "channel": "made", "text": text}
    at = f"2026-03-{1 + number % 28:02d}T10:{number % 60:02d}:00Z"
    return json.dumps({**values, "created_at": at}, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def real() -> Iterator[Server]:
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with server(where) as made:
        yield made


@pytest.fixture(scope="module")
def filled() -> Iterator[Rig]:
    """A desk with people, an account, a record and thousands of posts."""
    with rig() as desk:
        desk.plant()
        file = desk.data / "made.jsonl"
        file.write_text("".join(map(line, range(POSTS))), encoding="utf-8")
        desk.amends("import", "--brand", "Imported", "--quiet", str(file))
        desk.inside("checkpoint")
        yield desk


@pytest.fixture
def full(filled: Rig) -> Iterator[Rig]:
    """The same for every test: on its embedded database, with nothing running."""
    yield filled
    filled.processes.end()
    for name in LEFT:
        filled.environment.pop(name, None)


@pytest.fixture
def empty(real: Server) -> str:
    """The name of a fresh database on the server."""
    name = f"desk{next(_numbers)}"
    real.as_superuser(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return name


def admin(full: Rig, real: Server, database: str) -> str:
    """The address of whoever runs the server; the password is in the environment, as it should be."""
    full.environment["PGPASSWORD"] = SUPERUSER_PASSWORD
    return f"postgresql://{SUPERUSER}@127.0.0.1:{real.port}/{database}"


def settings(full: Rig, database: str) -> Path:
    (found,) = (full.data / places.MOVES).glob(f"*-{database}-*.env")
    return found


def set_up(full: Rig, database: str) -> None:
    """Set what the file says, as a unit of systemd would."""
    text = settings(full, database).read_text()
    full.environment.update(re.findall(r"^(DATABASE_\w+)='(.*)'$", text, re.MULTILINE))
    full.environment.pop("PGPASSWORD", None)


def figures(full: Rig) -> object:
    return json.loads(full.amends("stats", "--json").stdout)


def tables(real: Server, database: str) -> int:
    with psycopg.connect(real.url(SUPERUSER, SUPERUSER_PASSWORD, database)) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert row
        return int(row[0])


def test_a_desk_moves_and_works_where_it_came_to(full: Rig, real: Server, empty: str) -> None:
    before, watch = figures(full), Watch()
    watch.start()
    done = full.amends("move-database", admin(full, real, empty))
    watch.over.set()
    watch.join()
    file = settings(full, empty)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    urls = dict(re.findall(r"^(DATABASE_\w+)='(.*)'$", file.read_text(), re.MULTILINE))
    assert set(urls) == {"DATABASE_URL", "DATABASE_OWNER_URL"}
    secrets = [SUPERUSER_PASSWORD, *(url.split("@")[0].rpartition(":")[2] for url in urls.values())]
    for secret in secrets:
        assert secret not in done.stdout + done.stderr
        assert not [seen for seen in watch.seen if secret in seen]
    assert any("pg_dump" in seen or "pg_restore" in seen for seen in watch.seen)
    assert f"postgresql://{empty}_app@127.0.0.1:{real.port}/{empty}" in done.stdout
    assert str(file) in done.stdout
    assert f"{POSTS:,} posts" in done.stderr
    assert re.search(r"Alike: \d+ tables with [\d,]+ rows", done.stderr)
    assert figures(full) == before, "the old one is as it was"
    set_up(full, empty)
    assert figures(full) == before
    full.amends("verify-history")
    said = json.loads(full.amends("doctor", "--json", expect=None).stdout)
    assert next(each for each in said if each["about"] == "roles")["level"] == "ok"
    _work(full)
    full.inside("checkpoint")
    full.environment.pop("DATABASE_URL")
    assert figures(full) == before, "what was done on the new one is not in the old one"
    full.amends("verify-history", expect=3)
    old = file.with_suffix(".checkpoints.jsonl").read_bytes()
    (full.data / places.CHECKPOINTS).write_bytes(old)
    full.amends("verify-history")
    warned = full.amends("doctor", expect=None).stdout
    assert str(file) in warned, "the doctor knows that the desk was moved"


def _work(full: Rig) -> None:
    """A complaint comes in on the new database, and an answer goes out."""
    full.web()
    worker = full.start("worker")
    asked = full.network.say("anna", "@brand my parcel is lost and nobody answers me for weeks!")
    until(lambda: full.api("GET", "/cases").json()["items"], 60, "the complaint is a case", worker.said)
    (case,) = full.api("GET", "/cases").json()["items"]
    body = {"to_post": case["lead"], "text": "Sorry about this, Anna. We are looking for your parcel now."}
    planned = full.api("POST", f"/cases/{case['id']}/reply", body, idempotency_key="once")
    send = f"/sends/{planned.json()['id']}"
    until(lambda: full.api("GET", send).json()["state"] == "sent", 60, "it is sent", worker.said)
    assert [p.text for p in full.network.truth().posts.values() if p.in_reply_to == asked] == [body["text"]]
    full.processes.end()
    full.network.start()
    full.amends("verify-history")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGKILL, "Putting it in"),
        (signal.SIGTERM, "Putting it in"),
        (signal.SIGINT, "Comparing"),
    ],
)
def test_cut_off_anywhere_it_is_simply_done_again(
    full: Rig, real: Server, empty: str, number: signal.Signals, moment: str
) -> None:
    before, url = figures(full), admin(full, real, empty)
    moving = full.start("move-database", url)
    until(lambda: moment in moving.said() or not moving.alive, 60, moment, moving.said)
    moving.process.send_signal(number)
    code = moving.process.wait(60)
    assert code == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number], moving.said()
    if number is not signal.SIGKILL:
        assert "Interrupted: not moved" in moving.said()
    assert "Traceback" not in moving.said()
    full.environment.pop("PGPASSWORD")
    assert figures(full) == before
    admin(full, real, empty)
    until(lambda: _again(full, url), 60, "it goes through")
    set_up(full, empty)
    assert figures(full) == before
    assert (full.data / places.MOVES).is_dir()
    assert not list((full.data / places.MOVES).glob(".new-*"))


def _again(full: Rig, url: str) -> bool:
    """What was killed may still hold its connections for a moment."""
    done = full.amends("move-database", url, expect=None)
    assert done.returncode == 0 or "connected" in done.stderr, done.stderr
    return done.returncode == 0


def test_an_unfinished_try_is_replaced_and_a_finished_one_is_not(full: Rig, real: Server, empty: str) -> None:
    url = admin(full, real, empty)
    full.amends("move-database", url)
    refused = full.amends("move-database", url, expect=1)
    assert "is not empty" in refused.stderr
    file = settings(full, empty)
    file.write_text(file.read_text().replace("# Moved", "# A move", 1))
    again = full.amends("move-database", url)
    assert "An earlier try was not finished: whatever it left there is replaced." in again.stderr
    file.write_text(file.read_text().replace("# Moved", "# A move", 1))
    set_up(full, empty)
    full.amends("add-admin", "late@example.org", "--brand", "Late", feed=PASSWORD + "\n")
    for name in LEFT:
        full.environment.pop(name, None)
    refused = full.amends("move-database", admin(full, real, empty), expect=1)
    assert "holds work that the present database does not" in refused.stderr


def test_what_differs_is_found(full: Rig, real: Server, empty: str) -> None:
    from amends.site import move_proof

    full.amends("move-database", admin(full, real, empty))
    set_up(full, empty)
    urls = full.environment["DATABASE_URL"], full.environment["DATABASE_OWNER_URL"]
    with Cluster(full.data).in_use() as cluster:
        old = move_proof.likeness(cluster.url("amends_owner"), lambda _: None)
    same = move_proof.likeness(urls[1], lambda _: None)
    assert move_proof.differences(old, same) == []
    assert move_proof.weaknesses(urls) == []
    real.as_superuser(
        "UPDATE store_post SET text = text || '.' WHERE id = (SELECT max(id) FROM store_post)",
        "DROP TRIGGER history_no_truncate ON store_historyentry",
        "ALTER TABLE store_historyentry DISABLE TRIGGER ALL",
        f"ALTER TABLE store_historycontent OWNER TO {empty}_app",
        f"GRANT SELECT ON store_historycontent TO {empty}_owner",
        "SELECT setval('store_brand_id_seq', 4711)",
        f"REVOKE ALL ON store_case FROM {empty}_app",
        database=empty,
    )
    found = move_proof.differences(old, move_proof.likeness(urls[1], lambda _: None))
    for word in (
        "table store_post:",
        "triggers store_historyentry.history_no_truncate:",
        "triggers store_historyentry.pgtrigger_append_only",
        "sequences store_brand_id_seq:",
    ):
        assert [each for each in found if each.startswith(word)], (word, found)
    weak = "; ".join(move_proof.weaknesses(urls))
    assert 'it may DROP TABLE "store_historycontent" CASCADE' in weak
    assert "it may UPDATE" in weak
    assert "it may not work with store_case" in weak


def test_two_roles_that_are_there_already(full: Rig, real: Server, empty: str) -> None:
    app, owner = f"{empty}_works", f"{empty}_keeps"
    real.as_superuser(
        f"CREATE ROLE {app} LOGIN PASSWORD 'the desk''s, 50% & more'",
        f"CREATE ROLE {owner} LOGIN PASSWORD 'the owner''s'",
        f"ALTER DATABASE {empty} OWNER TO {owner}",
    )
    urls = real.url(app, "the desk's, 50% & more", empty), real.url(owner, "the owner's", empty)
    full.environment |= {"AMENDS_MOVE_URL": urls[0], "AMENDS_MOVE_OWNER_URL": urls[1]}
    try:
        done = full.amends("move-database", "--check")
        assert "Nothing was changed" in done.stderr
        assert tables(real, empty) == 0
        swapped = full.environment | {"AMENDS_MOVE_URL": urls[1]}
        full.environment["AMENDS_MOVE_URL"] = swapped["AMENDS_MOVE_URL"]
        assert "Both addresses sign in as" in full.amends("move-database", expect=1).stderr
        full.environment["AMENDS_MOVE_URL"] = real.url(app, "the desk's, 50% & more", "postgres")
        assert "lead to two databases" in full.amends("move-database", expect=1).stderr
        full.environment["AMENDS_MOVE_URL"] = urls[0]
        done = full.amends("move-database")
    finally:
        del full.environment["AMENDS_MOVE_URL"], full.environment["AMENDS_MOVE_OWNER_URL"]
    assert "the desk's" not in done.stdout + done.stderr
    before = figures(full)
    set_up(full, empty)
    assert figures(full) == before
    with psycopg.connect(full.environment["DATABASE_URL"]) as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE tableowner = current_user"
        ).fetchone()
        assert owned == (0,)


def test_what_stands_in_the_way_is_said_and_nothing_is_touched(full: Rig, real: Server, empty: str) -> None:
    url = admin(full, real, empty)
    real.as_superuser(
        "CREATE ROLE nobody_much LOGIN PASSWORD 'x'",
        "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
    )
    loud = url.replace("postgres@", f"postgres:{SUPERUSER_PASSWORD.replace(' ', '%20')}@")
    for words, said in (
        ([], "begins with postgresql://"),
        (["mysql://db/amends"], "begins with postgresql://"),
        (["postgresql://a@[b:1/c"], "no address that PostgreSQL understands"),
        ([loud], "Everybody on this machine can read a command line"),
        ([url.replace(empty, "not_there")], "cannot be reached"),
        ([url.replace(str(real.port), "1")], "cannot be reached"),
        ([url.replace(empty, "latin")], "keeps texts as LATIN1"),
        ([url, "--owner-url", url], "Both addresses sign in as postgres"),
        ([url, "--owner-url", url.replace("postgres@", "nobody_much@")], "cannot be reached"),
    ):
        done = full.amends("move-database", *words, expect=1)
        assert said in done.stderr, (words, done.stderr)
        assert "othing was touched" in done.stderr
        assert "Traceback" not in done.stderr
        assert SUPERUSER_PASSWORD not in done.stderr
    full.environment["PGPASSWORD"] = "x"
    assert (
        "may not make roles"
        in full.amends("move-database", url.replace("postgres@", "nobody_much@"), expect=1).stderr
    )
    full.environment["PGPASSWORD"] = SUPERUSER_PASSWORD
    real.as_superuser("CREATE TABLE mine (id int)", database=empty)
    assert "is not empty" in full.amends("move-database", url, expect=1).stderr
    real.as_superuser("DROP TABLE mine", database=empty)
    real.as_superuser(f"CREATE ROLE {empty}_app LOGIN PASSWORD 'another desk''s'")
    assert "did not make; it was left as it is" in full.amends("move-database", url, expect=1).stderr
    assert tables(real, empty) == 0


def test_nothing_of_the_desk_may_run_meanwhile(full: Rig, real: Server, empty: str) -> None:
    url = admin(full, real, empty)
    running = full.web()
    assert "The desk is in use" in full.amends("move-database", url, expect=1).stderr
    running.stop()
    serving = full.start("serve", "--port", str(full.port))
    until(lambda: "Stop: ctrl-C" in serving.said(), 90, "the desk is served", serving.said)
    assert "The desk is in use" in full.amends("move-database", url, expect=1).stderr
    serving.stop()
    with Cluster(full.data).in_use() as cluster, psycopg.connect(cluster.url()):
        assert "Somebody is connected" in full.amends("move-database", url, expect=1).stderr
    with places.held(full.data / places.OPENED) as held:
        assert held
        for words in (["web", "--port", str(full.port)], ["worker"], ["stats"]):
            assert "is being moved" in full.amends(*words, expect=1).stderr
    assert tables(real, empty) == 0


def test_from_one_server_to_another_and_never_onto_itself(full: Rig, real: Server, empty: str) -> None:
    """By a role that may make roles and owns the database, as who rents a database has it: no superuser."""
    before = figures(full)
    real.as_superuser(
        f"CREATE ROLE {empty}_boss LOGIN CREATEROLE PASSWORD '{SUPERUSER_PASSWORD}'",
        f"ALTER DATABASE {empty} OWNER TO {empty}_boss",
    )
    full.amends("move-database", admin(full, real, empty).replace("postgres@", f"{empty}_boss@"))
    set_up(full, empty)
    second = f"{empty}_second"
    real.as_superuser(f"CREATE DATABASE {second} TEMPLATE template0 ENCODING 'UTF8'")
    onto_itself = full.amends("move-database", admin(full, real, empty), expect=1)
    assert "the database that the desk uses already" in onto_itself.stderr
    full.amends("move-database", admin(full, real, second))
    set_up(full, second)
    assert figures(full) == before
    full.amends("verify-history")
