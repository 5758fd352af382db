"""The desk on a PostgreSQL server of its operator's own, set up word for word as docs/run.md says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.peers.postgresql import programs, server
from tests.peers.watch import Watch
from tests.rig.desk import BRAND, Rig, rig
from tests.rig.processes import REPOSITORY, until

OWNER_PASSWORD, PASSWORD = "the owner's: 100% @home/", "the desk's own? #1 & only+"
LINES = [
    {"id": "1", "author_id": "a", "text": "My parcel is lost and nobody answers!"},
    {"id": "2", "author_id": "b", "text": "Good morning to everybody"},
    {"id": "3", "author_id": "a", "text": "STILL no answer, this is a disgrace", "in_reply_to": "1"},
]


def documented() -> tuple[list[str], list[str]]:
    """The statements of docs/run.md for a server of one's own: before and after one enters the database."""
    text = (REPOSITORY / "docs/run.md").read_text(encoding="utf-8")
    found = re.search(r"^```sql\n(CREATE ROLE amends_owner.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, "docs/run.md no longer says how to make the two roles"
    before, _, after = found[1].partition("\\c amends\n")
    return _statements(before), _statements(after)


def _statements(text: str) -> list[str]:
    for role, password in (("amends_owner", OWNER_PASSWORD), ("amends_app", PASSWORD)):
        quoted = password.replace("'", "''")
        text = text.replace(f"{role} LOGIN PASSWORD '...'", f"{role} LOGIN PASSWORD '{quoted}'")
    assert "'...'" not in text
    return [statement.strip() for statement in text.split(";\n") if statement.strip()]


@pytest.fixture(scope="module")
def place() -> Iterator[Rig]:
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with server(where) as made:
        before, after = documented()
        made.as_superuser(*before)
        made.as_superuser(*after, database="amends")
        urls = {
            "DATABASE_URL": made.url("amends_app", PASSWORD),
            "DATABASE_OWNER_URL": made.url("amends_owner", OWNER_PASSWORD),
        }
        with rig(urls) as desk:
            yield desk


@pytest.fixture(scope="module")
def watched(place: Rig) -> Iterator[Rig]:
    """At the end no password may have been seen in a command line or said by a process."""
    watch = Watch()
    watch.start()
    yield place
    watch.over.set()
    watch.join()
    assert any("amends.site.command" in line for line in watch.seen), "the watch saw nothing at all"
    said = place.processes.said()
    for url, secret in ((place.url, PASSWORD), (place.environment["DATABASE_OWNER_URL"], OWNER_PASSWORD)):
        for shape in (secret, url.split("@")[0].rpartition(":")[2]):
            assert not [line for line in watch.seen if shape in line]
            assert shape not in said
    assert "Traceback" not in said


def test_every_command_works(watched: Rig, tmp_path: Path) -> None:
    watched.amends("migrate")
    watched.amends("migrate")
    file = tmp_path / "made.jsonl"
    line = {"channel": "made", "created_at": "2026-03-01T10:00:00Z"}
    file.write_text("".join(json.dumps(line | each) + "\n" for each in [*LINES, {"id": "4"}]))
    watched.amends("import", "--brand", "Imported", str(file), expect=3)
    watched.amends("import", "--brand", "Imported", str(file), expect=3)
    told = json.loads(watched.amends("stats", "--json").stdout)
    assert (told["total"]["posts"], told["brands"]["Imported"]["posts"]) == (3, 3)
    assert told["total"]["rejected"] >= 1
    watched.amends("verify-history")
    said = watched.amends("doctor", expect=None)
    assert said.returncode in (0, 1), said.stderr
    for secret in (PASSWORD, OWNER_PASSWORD):
        assert secret not in said.stdout + said.stderr
    watched.amends("backup")
    assert not (watched.data / "pg").exists(), "the embedded database was not needed"


def test_a_complaint_goes_in_and_an_answer_out(watched: Rig) -> None:
    watched.plant()
    serving = watched.start("serve", "--port", str(watched.port))
    until(lambda: "Stop: ctrl-C" in serving.said(), 90, "the desk is served", serving.said)
    page = watched.page("/account/login/")
    assert (page.status_code, "password" in page.text) == (200, True)
    asked = watched.network.say("anna", "@brand my parcel is lost and nobody answers me for weeks!")
    until(lambda: watched.api("GET", "/cases").json()["items"], 60, "the complaint is a case", serving.said)
    (case,) = watched.api("GET", "/cases").json()["items"]
    assert case["handle"] == "anna"
    body = {"to_post": case["lead"], "text": "Sorry about this, Anna. We are looking for your parcel now."}
    planned = watched.api("POST", f"/cases/{case['id']}/reply", body, idempotency_key="once")
    assert planned.status_code == 201, planned.text
    send = f"/sends/{planned.json()['id']}"
    until(lambda: watched.api("GET", send).json()["state"] == "sent", 60, "it is sent", serving.said)
    ours = [post for post in watched.network.truth().posts.values() if post.in_reply_to == asked]
    assert [post.text for post in ours] == [body["text"]]
    assert serving.stop() == 0
    watched.amends("verify-history")
    assert BRAND in json.loads(watched.amends("stats", "--json").stdout)["brands"]


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE store_historyentry CASCADE",
        "DELETE FROM store_historyentry",
        "UPDATE store_historyentry SET actor = 'nobody'",
        "ALTER TABLE store_historyentry DISABLE TRIGGER ALL",
        "DROP TABLE store_historyentry CASCADE",
        "SET session_replication_role = replica",
        "SET ROLE amends_owner",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_application_cannot_rewrite_the_record(watched: Rig, statement: str) -> None:
    with psycopg.connect(watched.url) as connection:
        count = connection.execute("SELECT count(*) FROM store_historyentry").fetchone()
        assert count
        assert count[0] > 0
        with pytest.raises(psycopg.Error):
            connection.execute(statement.encode())


def test_a_wrong_password_and_a_server_that_is_away_are_said_kindly(watched: Rig) -> None:
    right = dict(watched.environment)
    try:
        for wrong in ("a-wrong-password@", "a-wrong-password@nowhere.invalid:1#"):
            start, _, rest = right["DATABASE_URL"].partition("amends_app:")
            watched.environment["DATABASE_URL"] = f"{start}amends_app:{wrong}{rest.partition('@')[2]}"
            done = watched.amends("stats", expect=1)
            assert "DATABASE_URL" in done.stderr
            assert "Traceback" not in done.stderr
            assert "a-wrong-password" not in done.stderr
    finally:
        watched.environment.update(right)
