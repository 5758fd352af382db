"""What a running cluster gives: letters of every script, and to the application exactly its rights."""

from contextlib import suppress

import psycopg
import pytest
from tests.rig.processes import until

from amends.site.cluster import Cluster


def ask(cluster: Cluster, question: str, role: str = "amends_app") -> object:
    with psycopg.connect(cluster.url(role)) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def write(cluster: Cluster, statement: str, role: str = "amends_owner") -> None:
    with psycopg.connect(cluster.url(role), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_letters_of_every_script_are_letters(cluster: Cluster) -> None:
    assert ask(cluster, "SELECT lower('ÄÇ') || upper('éñ')") == "äçÉÑ"
    assert ask(cluster, "SELECT similarity('Ärger über Öl', 'ärger ÜBER öl')") == 1
    assert ask(cluster, "SELECT array_length(show_trgm('жалоба'), 1)") == 7
    assert ask(cluster, "SELECT to_tsvector('simple', 'ÄRGER') @@ 'ärger'::tsquery") is True
    assert ask(cluster, "SELECT count(*) FROM pg_extension WHERE extname IN ('vector', 'pg_trgm')") == 2


def test_it_listens_on_no_network_and_keeps_what_it_promises(cluster: Cluster) -> None:
    shown = {
        name: ask(cluster, f"SHOW {name}")
        for name in ("listen_addresses", "fsync", "synchronous_commit", "data_checksums", "server_encoding")
    }
    assert shown == {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
    }


@pytest.fixture(scope="module")
def owned(cluster: Cluster) -> Cluster:
    write(
        cluster,
        """CREATE TABLE entry (id serial PRIMARY KEY, word text UNIQUE);
        CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7';
        CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
        CREATE TRIGGER kept BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION forbid();""",
    )
    return cluster


def test_the_application_writes_and_reads_what_the_owner_made(owned: Cluster) -> None:
    with psycopg.connect(owned.url()) as connection:
        connection.execute("INSERT INTO entry (word) VALUES ('a'), ('b')")
        connection.execute("DELETE FROM entry WHERE word = 'b'")
        connection.execute("CREATE TEMPORARY TABLE draft (id int)")
        row = connection.execute("SELECT word, seven() FROM entry").fetchone()
    assert row == ("a", 7)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE entry",
        "DROP TABLE entry",
        "ALTER TABLE entry ADD COLUMN more text",
        "ALTER TABLE entry DISABLE TRIGGER kept",
        "ALTER TABLE entry OWNER TO amends_app",
        "DROP TRIGGER kept ON entry",
        "CREATE OR REPLACE FUNCTION forbid() RETURNS trigger LANGUAGE sql AS ''",
        "SET session_replication_role = replica",
        "SET ROLE amends_owner",
        "SET ROLE postgres",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "GRANT ALL ON entry TO PUBLIC",
        "DROP DATABASE amends",
        "ALTER SYSTEM SET fsync = off",
        "COPY entry TO PROGRAM 'cat'",
        "COPY entry FROM '/etc/passwd'",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_the_application_owns_nothing_and_cannot_take_it(owned: Cluster, statement: str) -> None:
    with psycopg.connect(owned.url(), autocommit=True) as connection:
        if statement.startswith("GRANT"):
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
            granted = "SELECT has_table_privilege('amends_app', 'entry', 'TRUNCATE')"
            assert connection.execute(granted.encode()).fetchone() == (False,)
            return
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_the_application_stays_in_its_own_database(cluster: Cluster) -> None:
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(cluster.url(database=database))


def test_the_log_holds_neither_statements_nor_values(owned: Cluster) -> None:
    with psycopg.connect(owned.url(), autocommit=True) as connection:
        for _ in range(2):
            with suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO entry (word) VALUES ('a secret word')")

    def logged() -> str:
        return "\n".join(path.read_text() for path in (owned.folder / "pg" / "log").iterdir())

    # The server hands its lines to a collector of its own, which writes them a little later.
    until(lambda: "duplicate key" in logged(), 20, "the refusal is in the log", logged)
    assert not any(word in logged() for word in ("secret", "INSERT"))
