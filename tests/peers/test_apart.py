"""Web and workers apart on two machines and one real PostgreSQL, set up by what compose.yaml starts with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.peers.postgresql import SUPERUSER, SUPERUSER_PASSWORD, Server, programs, server
from tests.rig.desk import ADMIN, PASSWORD, Rig, rig
from tests.rig.processes import REPOSITORY, until

from amends.site import places

COMPOSE = REPOSITORY / "deploy" / "compose"
SECRET = "the same secret on every machine, 48 characters!"


def prepared(made: Server, folder: Path) -> Path:
    """The passwords and roles as the containers have them; the folder in which the secrets lie."""
    made.as_superuser("CREATE DATABASE amends TEMPLATE template0 ENCODING 'UTF8'")
    shutil.copy(COMPOSE / "secrets", folder / "secrets")
    subprocess.run([str(folder / "secrets")], check=True, capture_output=True)
    secrets = folder / "secrets.d"
    environment = {**os.environ, "PATH": f"{programs()}:{os.environ['PATH']}", "SECRETS": str(secrets)}
    environment |= {"POSTGRES_USER": SUPERUSER, "POSTGRES_DB": "amends", "PGPASSWORD": SUPERUSER_PASSWORD}
    environment |= {"PGHOST": "127.0.0.1", "PGPORT": str(made.port)}
    subprocess.run(["sh", str(COMPOSE / "roles.sh")], check=True, env=environment, capture_output=True)
    for name in ("database_url", "database_owner_url"):
        url = (secrets / name).read_text().replace("@database:5432/", f"@127.0.0.1:{made.port}/")
        (folder / name).write_text(url + "\n")
    return folder


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, Rig]]:
    """Two machines with data folders of their own: what they share is the database and the keys."""
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with server(where) as made:
        folder = prepared(made, tmp_path_factory.mktemp("secrets"))
        (folder / "secret_key").write_text(SECRET)
        places.history_key(folder, {})
        settings = {
            "DATABASE_URL_FILE": str(folder / "database_url"),
            "DATABASE_OWNER_URL_FILE": str(folder / "database_owner_url"),
            "AMENDS_SECRET_KEY_FILE": str(folder / "secret_key"),
            "AMENDS_HISTORY_KEY_FILE": str(folder / places.HISTORY_KEY),
        }
        with rig(settings) as one, rig(settings) as other:
            one.url = other.url = (folder / "database_url").read_text().strip()
            other.environment["AMENDS_ALLOW_HOSTS"] = one.environment["AMENDS_ALLOW_HOSTS"]
            yield one, other


def nothing_of_their_own(*machines: Rig) -> bool:
    kept = {path.name for each in machines for path in each.data.iterdir()}
    return not kept & {places.CLUSTER, places.SECRET_KEY, places.HISTORY_KEY}


def test_all_start_at_once_on_an_empty_database_and_the_tables_are_made_once(
    machines: tuple[Rig, Rig],
) -> None:
    one, other = machines
    started = [each.start("worker") for each in (one, other, other)]
    started += [each.start("web", "--port", str(each.port)) for each in machines]
    until(lambda: all(each.page("/").status_code < 400 for each in machines), 120, "both webs answer")
    until(lambda: one.one("SELECT count(*) FROM procrastinate_workers") == 3, 60, "three workers work")
    assert all(each.alive for each in started), [each.said() for each in started]
    made = [each.said().count("Making the tables of the desk") for each in started]
    assert sum(1 for each in started if "Traceback" in each.said()) == 0
    assert one.one("SELECT count(*) FROM django_migrations") == one.one(
        "SELECT count(DISTINCT (app, name)) FROM django_migrations"
    )
    assert sum(made) >= 1
    codes = {re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", each.said())[0] for each in started[3:]}
    assert len(codes) == 1, "both machines ask a first visitor for the same code"
    assert one.amends("health", "worker").returncode == 0
    assert other.amends("health", "web", "--port", str(other.port)).returncode == 0
    assert [each.stop() for each in started] == [0] * 5
    assert nothing_of_their_own(one, other)


def test_web_without_a_worker_and_a_worker_without_web(machines: tuple[Rig, Rig]) -> None:
    one, other = machines
    one.amends("migrate")
    one.plant()
    web = one.web()
    asked = one.network.say("anna", "@brand my parcel is lost and nobody answers me for weeks!")
    words = "My parcel came broken and nobody answers me!"
    post = {"id": "p1", "channel": "made", "author_id": "ben", "text": words}
    posts = {"posts": [{**post, "created_at": "2026-03-01T10:00:00Z"}]}
    assert one.api("POST", "/posts", posts).status_code < 300
    assert one.amends("health", "worker", expect=1).stderr.startswith("No worker gave a sign of life")
    assert one.one("SELECT count(*) FROM store_waiting") == 1, "kept, and waiting for a worker"
    assert web.stop() == 0
    worker = other.start("worker")
    until(lambda: other.one("SELECT count(*) FROM store_case") == 2, 60, "both became cases", worker.said)
    assert other.one("SELECT count(*) FROM store_post WHERE remote_id = %s", asked) == 1
    assert worker.stop() == 0
    assert nothing_of_their_own(one, other)


def test_who_signed_in_at_one_machine_is_signed_in_at_the_other(machines: tuple[Rig, Rig]) -> None:
    one, other = machines
    webs = one.web(), other.web()
    with httpx2.Client(trust_env=False, timeout=30, follow_redirects=True) as browser:
        page = browser.get(f"{one.site}/account/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        fields = {"login": ADMIN, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        browser.post(f"{one.site}/account/login/", data=fields, headers={"Origin": one.site})
        assert ADMIN in browser.get(f"{other.site}/account/mfa/").text
    for web in webs:
        assert web.stop() == 0


def test_a_killed_worker_is_made_up_for_by_one_elsewhere(machines: tuple[Rig, Rig]) -> None:
    """Cut off in the middle of a sending is what tests/faults does, many times over."""
    one, other = machines
    web, first = one.web(), one.start("worker")
    until(lambda: one.amends("health", "worker", expect=None).returncode == 0, 60, "it works", first.said)
    first.kill()
    (case,) = [each for each in one.api("GET", "/cases").json()["items"] if each["handle"] == "anna"]
    body = {"to_post": case["lead"], "text": "Sorry about this, Anna. We are looking for your parcel now."}
    send = one.api("POST", f"/cases/{case['id']}/reply", body, idempotency_key="once").json()["id"]
    later = one.network.say("carl", "@brand you lost my parcel too, this is a disgrace!")
    second = other.start("worker")
    state = "SELECT state FROM store_send WHERE id = %s"
    until(lambda: one.one(state, send) == "sent", 60, "the answer is sent", second.said)
    known = "SELECT count(*) FROM store_post WHERE remote_id = %s"
    until(lambda: one.one(known, later) == 1, 60, "the new post is there", second.said)
    theirs = [post for post in one.network.truth().posts.values() if post.text == body["text"]]
    assert len(theirs) == 1
    until(
        lambda: one.one("SELECT count(*) FROM procrastinate_workers") == 1, 60, "the dead one is off the list"
    )
    assert second.stop() == 0
    assert web.stop() == 0
    one.amends("verify-history")
    assert nothing_of_their_own(one, other)
