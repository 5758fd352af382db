"""The `amends` command as a person or a script at the terminal meets it."""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from tests.site.processes import amends, ask, free_port, page, result, wait_until

from amends.site import nightly, ports
from amends.site.cluster import Cluster
from amends.site.command import COMMANDS, main

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder of a desk with one admin, whose database runs only while it is used."""
    made = Path(tempfile.mkdtemp(prefix="amends-cmd-", dir="/tmp"))
    try:
        code, _, said = result(made, "add-admin", "ann@example.org", "--brand", "Öl & Söhne", given=PASSWORD)
        assert code == 0, said
        yield made
    finally:
        Cluster(made).stop()
        shutil.rmtree(made)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_how_it_ends(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    command = import_module(f"amends.site.commands.{name}")
    with pytest.raises(SystemExit) as end:
        main([command.NAME, "--help"])
    assert end.value.code == 0
    assert "Exit codes: 0 " in " ".join(capsys.readouterr().out.split())
    assert "1 " in command.EXITS


def test_help_and_version_come_at_once() -> None:
    """In time of the processor, since others use it too."""
    for option, expected in (("--help", "complaint desk"), ("--version", "amends 0.")):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "amends.site.command", option], capture_output=True, text=True
        )
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert expected in done.stdout
        assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 0.5


def test_help_loads_neither_django_nor_the_database() -> None:
    script = (
        "import sys\nfrom amends.site.command import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('django', 'psycopg', 'numpy', 'httpx2')))"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL)
    assert done.returncode == 0


def test_stats_prints_one_object_with_the_server_down_or_up(folder: Path) -> None:
    assert not Cluster(folder).is_running()
    code, down, said = result(folder, "stats", "--json")
    assert (code, said) == (0, "")
    assert not Cluster(folder).is_running()
    with Cluster(folder).in_use():
        assert result(folder, "stats", "--json")[1] == down
    keys = {"posts", "complaints", "cases", "open_cases", "rejected", "outbox"}
    figures = json.loads(down)
    assert set(figures) == {"total", "brands"}
    assert set(figures["brands"]) == {"Öl & Söhne"}
    for each in (figures["total"], figures["brands"]["Öl & Söhne"]):
        assert set(each) == keys
        assert each["outbox"] == dict.fromkeys(("planned", "sending", "sent", "refused", "unknown"), 0)
    more = json.loads(result(folder, "stats", "--json", "--waits")[1])
    assert set(more["total"]) == {*keys, "waits"}
    assert more["total"]["waits"] == dict.fromkeys(("open", "answered", "needed_none", "closed"), 0)
    assert "Öl & Söhne" in result(folder, "stats")[1]


def test_a_second_admin_and_those_who_cannot_be_one(folder: Path) -> None:
    more = ("--brand", "Öl & Söhne", "--name", "Ben", "--time-zone", "Europe/Berlin")
    assert result(folder, "add-admin", "ben@example.org", *more, given=PASSWORD)[0] == 0
    for email, password in (
        ("ben@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("cy@example.org", "qwertz7"),
    ):
        code, _, said = result(folder, "add-admin", email, *more, given=password)
        assert code == 1
        assert said.startswith("amends add-admin: ")
        assert "Nothing was changed." in said
        assert "Traceback" not in said
        assert password not in said
    with Cluster(folder).in_use():
        assert ask(folder, "SELECT count(*) FROM store_user")[0] == 2


def test_a_lost_password_is_set_anew(folder: Path) -> None:
    code, _, said = result(
        folder, "set-password", "ann@example.org", "--stdin", given="a new one, quite long\n"
    )
    assert code == 0, said
    assert "has a new password" in said
    code, _, said = result(folder, "set-password", "eve@example.org", given=PASSWORD)
    assert (code, said) == (
        1,
        "amends set-password: Nobody signs in as eve@example.org. Nothing was changed.\n",
    )


def test_failed_items_are_listed_by_brand(folder: Path) -> None:
    code, out, said = result(folder, "retry-failed", "--brand", "ÖL & söhne")
    assert (code, out, said) == (0, "Öl & Söhne: 0 failed, 0 of them can be tried again\n", "")
    assert result(folder, "retry-failed", "--list")[0] == 0
    code, _, said = result(folder, "retry-failed", "--brand", "Nobody's")
    assert (code, "There is no brand" in said) == (1, True)


def test_a_backup_comes_back_by_command(folder: Path) -> None:
    code, printed, said = result(folder, "backup")
    assert code == 0, said
    archive = printed.strip()
    assert archive.endswith(".tar")
    assert result(folder, "add-admin", "late@example.org", "--brand", "X", given=PASSWORD)[0] == 0
    code, _, said = result(folder, "restore", archive)
    assert code == 1
    assert "--replace" in said
    code, _, said = result(folder, "restore", archive, "--replace")
    assert code == 0, said
    assert "The key in place opens what is sealed" in said
    assert set(json.loads(result(folder, "stats", "--json")[1])["brands"]) == {"Öl & Söhne"}
    code, _, said = result(folder, "restore", "/nowhere.tar", "--replace")
    assert code == 1
    assert "nothing was touched" in said


def test_a_new_key_opens_nothing_until_the_old_one_is_given(folder: Path) -> None:
    with Cluster(folder).in_use(), psycopg.connect(Cluster(folder).url("amends_owner")) as connection:
        sealed = connection.execute("SELECT token FROM store_account").fetchall()
    assert sealed == []
    code, _, said = result(folder, "reseal")
    assert code == 0
    assert said.startswith("0 sealed values")


def test_the_doctor_names_what_is_bad(folder: Path) -> None:
    code, out, _ = result(folder, "doctor", "--json")
    findings = {each["about"]: each for each in json.loads(out)}
    assert code == 0, out
    assert findings["roles"]["level"] == "ok"
    assert findings["worker"]["level"] == "warn"
    code, out, said = result(folder, "doctor", AMENDS_URL="http://desk.example.org")
    assert code == 1
    assert re.search(r"BAD +address", out)
    assert said == ""
    code, out, _ = result(folder, "doctor", DATABASE_URL="postgresql://nobody@127.0.0.1:1/amends")
    assert code == 1
    assert re.search(r"BAD +database +The database in DATABASE_URL cannot be reached", out)


@pytest.mark.parametrize(
    "words",
    [
        ["stats", "--json"],
        ["doctor"],
        ["verify-history"],
        ["backup"],
        ["reseal"],
        ["move-database"],
        ["retry-failed"],
    ],
)
def test_where_no_desk_is_none_is_made(folder: Path, tmp_path: Path, words: list[str]) -> None:
    """A mistyped AMENDS_DATA must not look like a desk that lost everything."""
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    for mistyped in (tmp_path / "mistyped" / "data", empty):
        code, out, said = result(mistyped, *words)
        assert code == 1
        assert f"There is no desk in {mistyped}" in out + said
        assert "nothing was made" in out + said
        assert [path.name for path in tmp_path.iterdir()] == ["empty"]
        assert not list(empty.iterdir())


def test_an_empty_database_is_no_desk_and_stays_empty(folder: Path) -> None:
    cluster = Cluster(folder)
    with cluster.in_use(), psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE bare OWNER amends_owner")
        code, _, said = result(folder, "stats", DATABASE_URL=cluster.url("amends_owner", "bare"))
        assert (code, "no desk in the database" in said) == (1, True)
        with psycopg.connect(cluster.url("amends_owner", "bare")) as inside:
            assert inside.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            ).fetchone() == (0,)
        admin.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.mark.parametrize("command", ["stats", "migrate", "worker", "web", "backup", "reseal", "serve"])
def test_a_database_that_is_down_is_one_message(folder: Path, command: str) -> None:
    options = ["--port", str(free_port())] if command in ("web", "serve") else []
    url = "postgresql://somebody:hidden@127.0.0.1:1/amends"
    code, _, said = result(folder, command, *options, DATABASE_URL=url)
    assert code == 1
    assert said.startswith(f"amends {command}: The database in DATABASE_URL cannot be reached")
    assert "Traceback" not in said
    assert "hidden" not in said


def test_a_database_of_a_newer_version_is_left_alone(folder: Path) -> None:
    with Cluster(folder).in_use(), psycopg.connect(Cluster(folder).url("amends_owner")) as connection:
        connection.execute("INSERT INTO django_migrations VALUES (9999, 'store', '9999_future', now())")
        connection.commit()
        try:
            code, _, said = result(folder, "stats")
        finally:
            connection.execute("DELETE FROM django_migrations WHERE name = '9999_future'")
    assert code == 1
    assert "newer Amends (it has 9999_future); nothing was changed" in said


def test_two_that_start_at_once_make_the_tables_once() -> None:
    made = Path(tempfile.mkdtemp(prefix="amends-two-", dir="/tmp"))
    try:
        with amends(made, "migrate") as one, amends(made, "migrate") as other:
            for each in (one, other):
                each.process.communicate(timeout=90)
                assert each.process.returncode == 0, each.complaints()
    finally:
        Cluster(made).stop()
        shutil.rmtree(made)


def test_a_server_of_ones_own_with_two_roles(folder: Path) -> None:
    """The embedded one stands in for it, with a database and roles that the desk did not make."""
    cluster = Cluster(folder)
    with cluster.in_use(), psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE own OWNER amends_owner")
        with psycopg.connect(cluster.url("postgres", "own"), autocommit=True) as inside:
            inside.execute("ALTER SCHEMA public OWNER TO amends_owner")
            inside.execute("GRANT USAGE ON SCHEMA public TO amends_app")
        urls = {
            "DATABASE_URL": cluster.url("amends_app", "own"),
            "DATABASE_OWNER_URL": cluster.url("amends_owner", "own"),
        }
        made = result(folder, "add-admin", "own@example.org", "--brand", "Own", given=PASSWORD, **urls)
        assert made[0] == 0, made
        assert list(json.loads(result(folder, "stats", "--json", **urls)[1])["brands"]) == ["Own"]
        assert result(folder, "doctor", **urls)[0] == 0
        admin.execute("DROP DATABASE own WITH (FORCE)")


def test_web_serves_and_stops_and_is_found_again(folder: Path) -> None:
    port = free_port()
    with amends(folder, "web", "--port", str(port), "--threads", "2") as web:
        wait_until(lambda: page(f"http://127.0.0.1:{port}/") == 200)
        assert result(folder, "web", "--port", str(port))[0] == 1
        for _ in range(3):
            assert page(f"http://127.0.0.1:{port}/no-such-page") in (200, 404)
        took, code = web.stop(signal.SIGINT)
        assert code == 0
        assert took < 6
        assert web.complaints() == ""


def test_a_bad_argument_is_bad_use(folder: Path) -> None:
    assert result(folder, "no-such-command")[0] == 2
    assert result(folder, "serve", "--port", "many")[0] == 2
    code, _, said = result(folder, "serve", "--port", "99999")
    assert code == 1
    assert "99999" in said
    code, _, said = result(folder, "serve", "--port", str(free_port()), AMENDS_BACKUP_HOUR="25")
    assert code == 1
    assert "AMENDS_BACKUP_HOUR" in said


BERLIN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours_ago", "hour", "expected"),
    [
        (None, 3, True),
        (None, None, False),
        (1, 3, False),
        (8.9, 3, False),
        (9.1, 3, True),
        (13, 13, False),
        (22.9, 13, False),
        (23.1, 13, True),
        (30, 3, True),
        (30, None, False),
        (5, 12, True),
        (0, 12, False),
    ],
)
def test_when_a_backup_is_due(hours_ago: float | None, hour: int | None, expected: bool) -> None:
    last = None if hours_ago is None else BERLIN - timedelta(hours=hours_ago)
    assert nightly.due(BERLIN, last, hour) is expected


def test_the_hour_of_the_backup() -> None:
    assert nightly.hour({}) == 3
    assert nightly.hour({nightly.VARIABLE: ""}) is None
    assert nightly.hour({nightly.VARIABLE: " 0 "}) == 0
    for bad in ("24", "-1", "three", "٣"):
        with pytest.raises(nightly.BadHour):
            nightly.hour({nightly.VARIABLE: bad})


def test_a_port_is_free_or_another_one_is() -> None:
    port = ports.free()
    assert ports.free(port) == port
    ports.check("127.0.0.1", port)
    assert ports.shown("0.0.0.0", 1) == "http://127.0.0.1:1"  # noqa: S104
    assert ports.shown("::1", 1) == "http://[::1]:1"
    with pytest.raises(ports.PortError):
        ports.check("192.0.2.1", port)


def test_the_modules_of_the_list_have_the_promised_shape() -> None:
    for name in COMMANDS:
        command = import_module(f"amends.site.commands.{name}")
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        assert command.NAME.replace("-", "_") == name.rstrip("_")
        assert callable(command.run)
