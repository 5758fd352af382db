"""Dockerfile and compose.yaml, by all that can be told without an engine: what they name is there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from importlib import import_module
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.rig.processes import REPOSITORY

from amends.site.command import COMMANDS

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (REPOSITORY / "compose.yaml").read_text(encoding="utf-8")
SECRETS = REPOSITORY / "deploy" / "compose" / "secrets"
INSTRUCTIONS = {"FROM", "ARG", "ENV", "WORKDIR", "RUN", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
INSTRUCTIONS |= {"HEALTHCHECK", "ENTRYPOINT", "CMD"}


def steps() -> list[tuple[str, str]]:
    """The instructions in order, each on one line, as a builder reads them."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in found]


def of(word: str) -> list[str]:
    return [rest for each, rest in steps() if each == word]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout")
    return done.stdout.splitlines()


def sent_to_the_builder(path: str) -> bool:
    """What .dockerignore lets through; the last rule that fits decides."""
    rules = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = True
    for rule in (line for line in rules if line and not line.startswith("#")):
        kept, pattern = rule.startswith("!"), rule.removeprefix("!")
        parts = [path, *(str(parent) for parent in Path(path).parents)]
        if any(fnmatch(part, pattern) or fnmatch(part, pattern.removeprefix("**/")) for part in parts):
            sent = kept
    return sent


def test_every_instruction_is_known_and_each_stage_begins_with_a_python_by_tag() -> None:
    assert {word for word, _ in steps()} <= INSTRUCTIONS
    assert of("ARG") == ["PYTHON=3.11-slim-bookworm"]
    assert of("FROM") == ["python:${PYTHON} AS build", "python:${PYTHON}"]


def test_all_that_is_copied_is_in_git_and_sent_and_nothing_else_is() -> None:
    files = tracked()
    sources = [
        source
        for rest in of("COPY")
        if "--from" not in rest
        for source in shlex.split(rest)[:-1]
        if not source.startswith("--")
    ]
    assert sources == [
        "requirements/build.txt",
        "requirements/run.txt",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "src",
    ]
    for source in sources:
        below = [path for path in files if path == source or path.startswith(f"{source}/")]
        assert below, source
        assert all(map(sent_to_the_builder, below)), source
    sent = {path.split("/")[0] for path in files if sent_to_the_builder(path)}
    assert sent == {source.split("/")[0] for source in sources}
    for private in (
        ".git/config",
        ".env",
        "secret.key",
        "deploy/compose/secrets.d/app_password",
        ".venv/bin/pip",
    ):
        assert not sent_to_the_builder(private)
    assert not sent_to_the_builder("src/amends/__pycache__/x.pyc")


def test_nothing_secret_and_no_address_of_a_registry_is_in_a_layer() -> None:
    assert not re.search(r"https?://|index-url|PASSWORD|SECRET_KEY|trusted-host", DOCKERFILE)
    (install,) = [rest for rest in of("RUN") if "--require-hashes" in rest]
    assert "--mount=type=secret" in install
    pins = (REPOSITORY / "requirements/run.txt").read_text(encoding="utf-8").splitlines()
    assert not [line for line in pins if re.match(r"\s*-|.*https?://", line) and "--hash=" not in line]


def test_it_runs_as_nobody_in_particular_and_is_told_to_stop_as_it_understands() -> None:
    words = [word for word, _ in steps()]
    assert of("USER") == ["10001:10001"]
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("VOLUME") == ["/var/lib/amends"]


def test_what_it_starts_is_a_command_of_ours() -> None:
    entry, start = json.loads(of("ENTRYPOINT")[0]), json.loads(of("CMD")[0])
    assert entry == ["/usr/bin/tini", "--", "amends"]
    _parses(start)
    (check,) = of("HEALTHCHECK")
    options, _, words = check.partition(" CMD ")
    assert re.fullmatch(r"(--[a-z-]+=[0-9]+s? ?)+", options)
    assert json.loads(words)[0] == "amends"
    _parses(json.loads(words)[1:])


def _parses(words: list[str]) -> None:
    """The words are a command and options that it has."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "amends.site.command", *words, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, (words, done.stderr)
    assert words[0] in {import_module(f"amends.site.commands.{name}").NAME for name in COMMANDS}
    for option in (word for word in words if word.startswith("--")):
        assert option in done.stdout


def test_every_file_of_the_package_that_is_no_code_is_installed_with_it() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^amends = \[(.*)\]$", text, re.MULTILINE)
    assert listed
    patterns = re.findall(r'"([^"]+)"', listed[1])
    package = [path for path in tracked() if path.startswith("src/amends/") and not path.endswith(".py")]
    left = [
        path
        for path in package
        if not any(fnmatch(Path(path).name, pattern.rpartition("/")[2]) for pattern in patterns)
    ]
    assert [path for path in left if not path.endswith("README.md")] == []


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(["hadolint", "Dockerfile"], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


SERVICE = {
    "image",
    "build",
    "command",
    "restart",
    "read_only",
    "tmpfs",
    "cap_drop",
    "cap_add",
    "security_opt",
}
SERVICE |= {"volumes", "environment", "secrets", "networks", "healthcheck", "depends_on", "ports", "profiles"}
SERVICE |= {"shm_size", "stop_grace_period"}
HEALTH = {"test", "interval", "timeout", "retries", "start_period", "disable"}
CONDITIONS = {"service_healthy", "service_completed_successfully"}
OURS = {"migrate", "web", "worker", "backup"}


def compose() -> dict[str, Any]:
    """The file with every variable at its default, as `docker compose config` would show it."""
    text = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda found: found[2] or "", COMPOSE)
    assert "$" not in text
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def test_compose_says_nothing_that_there_is_not() -> None:
    whole = compose()
    assert set(whole) == {"name", "x-desk", "services", "networks", "volumes", "secrets"}
    services = whole["services"]
    assert set(services) == OURS | {"database", "proxy"}
    for name, service in services.items():
        assert set(service) <= SERVICE, name
        assert set(service.get("healthcheck", {})) <= HEALTH, name
        assert service["restart"] == ("no" if name in ("migrate", "backup") else "unless-stopped")
        assert set(service["networks"]) <= set(whole["networks"])
        assert set(service.get("secrets", [])) <= set(whole["secrets"])
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            watched = services[other].get("healthcheck", {})
            assert other == "migrate" or "test" in watched, "what is waited for must say that it is healthy"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in whole["volumes"] or (REPOSITORY / source).is_file(), volume


def test_compose_starts_our_image_with_our_commands_and_closed() -> None:
    services = compose()["services"]
    for name in OURS:
        service = services[name]
        assert (service["build"], service["read_only"], service["cap_drop"]) == (".", True, ["ALL"])
        _parses(service["command"])
        if "test" in service["healthcheck"]:
            assert service["healthcheck"]["test"][:2] == ["CMD", "amends"]
            _parses(service["healthcheck"]["test"][2:])
        assert set(service["secrets"]) == {"database_url", "database_owner_url"}
    assert services["web"]["ports"] == ["127.0.0.1:8010:8010"], "nobody comes past the proxy"
    assert services["database"]["networks"] == ["inside"]
    assert "ports" not in services["database"]
    assert services["proxy"]["profiles"] == ["proxy"]


def test_compose_believes_its_own_proxy_and_nobody_else() -> None:
    whole = compose()
    address = whole["services"]["proxy"]["networks"]["outside"]["ipv4_address"]
    for name in OURS:
        assert whole["services"][name]["environment"]["AMENDS_TRUSTED_PROXIES"] == address


def test_nothing_else_in_compose_can_come_by_the_address_of_the_proxy() -> None:
    whole = compose()
    (given,) = whole["networks"]["outside"]["ipam"]["config"]
    assert set(given) == {"subnet", "gateway", "ip_range"}
    subnet, pool = ip_network(given["subnet"]), ip_network(given["ip_range"])
    address = ip_address(whole["services"]["proxy"]["networks"]["outside"]["ipv4_address"])
    gateway = ip_address(given["gateway"])
    assert pool.subnet_of(subnet)  # type: ignore[arg-type]
    assert pool.num_addresses > 100, "there is room for workers"
    for own in (address, gateway):
        assert own in subnet
        assert own not in pool
    assert address != gateway
    dynamic = [service["networks"] for name, service in whole["services"].items() if name != "proxy"]
    assert all(isinstance(networks, list) for networks in dynamic), "who else has an address of its own?"


@pytest.mark.parametrize("file", ["compose.yaml", "docs/containers.md"])
def test_whoever_starts_the_proxy_names_the_same_host_to_the_desk(file: str) -> None:
    lines = (REPOSITORY / file).read_text(encoding="utf-8").splitlines()
    shown = [line for line in lines if re.search(r"--profile proxy up", line)]
    assert shown
    for line in shown:
        told = dict(re.findall(r"(\w+)=(\S+)", line))
        assert told["AMENDS_URL"] == f"https://{told['DESK_HOST']}"


def test_no_secret_is_in_compose_and_each_is_a_file_that_git_ignores(tmp_path: Path) -> None:
    whole = compose()
    assert whole["networks"]["inside"] == {"internal": True}
    copy = tmp_path / "secrets"
    shutil.copy(SECRETS, copy)
    subprocess.run([str(copy)], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets.d").iterdir()}
    assert set(made) == set(whole["secrets"])
    assert len(set(made.values())) == len(made)
    assert made["app_password"] in made["database_url"]
    assert made["owner_password"] in made["database_owner_url"]
    assert stat.S_IMODE((tmp_path / "secrets.d").stat().st_mode) == 0o700
    done = subprocess.run([str(copy)], check=True, capture_output=True, text=True)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets.d").iterdir()} == made
    for secret in made.values():
        assert secret not in done.stdout + done.stderr
    for name, secret in whole["secrets"].items():
        assert secret == {"file": f"./deploy/compose/secrets.d/{name}"}
        ignored = subprocess.run(["git", "check-ignore", "-q", secret["file"]], cwd=REPOSITORY)
        assert ignored.returncode in (0, 128)
