"""The examples of docs/webhooks.md, run as they stand there: with curl and openssl, and with Python alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.faults.test_database_away import kill_database
from tests.rig.desk import Rig, rig
from tests.rig.processes import REPOSITORY, until
from tests.rig.sender import Sender

from amends.site.cluster import Cluster

PAGE = REPOSITORY / "docs" / "webhooks.md"


def example(language: str) -> str:
    found = re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(found) == 1, f"docs/webhooks.md has {len(found)} examples in {language}"
    text: str = found[0]
    return text


@pytest.fixture(scope="module")
def place() -> Iterator[Rig]:
    with rig() as made, Cluster(made.data).in_use():
        made.amends("migrate")
        made.plant(on_network=False)
        made.web()
        yield made


@pytest.fixture(scope="module")
def source(place: Rig) -> Sender:
    return Sender.of(place)


def test_the_shell_example_delivers_a_post(place: Rig, source: Sender) -> None:
    for program in ("bash", "curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    text = example("sh")
    address, secret = "https://desk.example/hooks/the-key-of-the-source", "whsec_the-secret-of-the-source"
    assert text.count(address) == text.count(secret) == 1
    text = text.replace(address, source.site + source.path).replace(secret, source.secret)
    for outcome in ("kept", "repeated"):
        done = subprocess.run(["bash", "-eu"], input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["items"] == [{"id": "115", "outcome": outcome, "reason": ""}]
    assert place.one("SELECT count(*) FROM store_raw WHERE remote_id = '115' AND channel = 'forum'") == 1


def start(source: Sender) -> subprocess.Popen[str]:
    environment = {**os.environ, "HOOK": source.site + source.path, "SECRET": source.secret}
    return subprocess.Popen(
        [sys.executable, "-I", "-c", example("python")], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_the_python_example_delivers_and_tells_what_was_refused(source: Sender) -> None:
    said, _ = start(source).communicate(timeout=60)
    kept, refused = said.strip().splitlines()
    assert kept.strip() == "116 kept"
    assert refused.startswith("117 refused created_at")
    told = re.search(r'"id": "117".*?"reason": "(.*?)"\}', PAGE.read_text(encoding="utf-8"))
    assert told
    assert refused == f"117 refused {told[1]}"


def test_the_python_example_waits_for_a_database_that_is_away(place: Rig, source: Sender) -> None:
    kill_database(place, signal.SIGKILL)
    until(lambda: place.page("/account/login/").status_code == 503, 20, "the database is away")
    with start(source) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(2)
        Cluster(place.data).start()
        said, _ = waiting.communicate(timeout=60)
    assert "117 refused" in said


def test_the_json_examples_are_as_the_desk_takes_and_gives_them(source: Sender) -> None:
    import httpx2

    offered, answered = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    with httpx2.Client(trust_env=False, timeout=30) as client:
        answer = source.deliver(json.loads(offered), client)
    assert answer.status_code == 200
    assert answer.json()["refused"] == 0
    assert answer.json().keys() == json.loads(answered).keys()
