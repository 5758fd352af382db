"""Starting and stopping: the whole desk until somebody can sign in, and PostgreSQL alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.urls import reverse

from amends.site import places
from amends.site.cluster import Cluster
from amends.site.cluster_process import postmaster
from bench import processes
from bench.result import Result, at_most
from bench.scale import Scale

MOST_SECONDS = 10
PATIENCE = 120.0
_PARTS = ("web", "worker", "fake-network")
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def serve(_cluster: Cluster, scale: Scale) -> list[Result]:
    """`amends serve --sample` in an empty data folder and again in the same one, and what it holds."""
    times: dict[str, list[float]] = {"first": [], "second": [], "stop": []}
    held: dict[str, float] = {}
    for _ in range(scale.rounds):
        with _data_folder() as folder:
            with _served(folder, times["first"], times["stop"]):
                pass
            with _served(folder, times["second"], times["stop"]) as pid:
                time.sleep(scale.settle_seconds)
                held = _memory(folder, pid)
    return [
        at_most("start, first, with sample", min(times["first"]), "s", MOST_SECONDS),
        at_most("start, second, with sample", min(times["second"]), "s", MOST_SECONDS),
        Result("stop", min(times["stop"]), "s"),
        *(Result(f"memory, {name}", size, "MB") for name, size in held.items()),
    ]


def database(_cluster: Cluster, scale: Scale) -> list[Result]:
    """The embedded PostgreSQL: made, started again, and started after it was killed."""
    times: dict[str, list[float]] = {"first start": [], "start": [], "start after a kill": []}
    for _ in range(scale.rounds):
        with _data_folder() as folder:
            cluster = Cluster(folder)
            times["first start"].append(_start(cluster))
            cluster.stop()
            times["start"].append(_start(cluster))
            kill(folder)
            times["start after a kill"].append(_start(cluster))
    return [Result(f"PostgreSQL, {name}", min(taken), "s") for name, taken in times.items()]


def _start(cluster: Cluster) -> float:
    start = time.perf_counter()
    cluster.start()
    return time.perf_counter() - start


def kill(folder: Path) -> None:
    """SIGKILL to every process of the embedded PostgreSQL."""
    server = postmaster(folder / places.CLUSTER)
    if server is None:
        raise RuntimeError("The server to kill is not there.")
    for pid in processes.family(server.pid):
        with suppress(ProcessLookupError):  # it has ended by itself meanwhile, as its kind does
            os.kill(pid, signal.SIGKILL)


@contextmanager
def _data_folder() -> Iterator[Path]:
    # Not below the folder of the run: as root the database's own user could not pass through that.
    folder = Path(tempfile.mkdtemp(prefix="amends-bench-"))
    try:
        yield folder
    finally:
        Cluster(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(folder: Path, starts: list[float], stops: list[float]) -> Iterator[int]:
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
    environment |= {"AMENDS_DATA": str(folder)}
    command = [sys.executable, "-P", "-m", "amends.site.command", "serve", "--sample", "--port", str(port)]
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _await_page(process, f"http://127.0.0.1:{port}{reverse('account_login')}")
            starts.append(time.perf_counter() - start)
            yield process.pid
        finally:
            start = time.perf_counter()
            process.terminate()
            process.wait()
        stops.append(time.perf_counter() - start)


def _await_page(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + PATIENCE
    while not _answers(url):
        if process.poll() is not None:
            raise RuntimeError(f"amends serve ended with {process.returncode}; it said why above.")
        if time.monotonic() > until:
            raise RuntimeError(f"amends serve showed no page within {PATIENCE:.0f} s.")
        time.sleep(0.02)


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=10) as response:
            return bool(response.status == 200)
    except (urllib.error.HTTPError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memory(folder: Path, pid: int) -> dict[str, float]:
    """By part, in megabytes; a part's own children count with it."""
    parts: dict[str, list[int]] = {"supervisor": [pid]}
    for child in processes.family(pid)[1:]:
        called = processes.words(child)
        name = next((part for part in _PARTS if part in called), None)
        parts.setdefault(name or "others", []).append(child)
    server = postmaster(folder / places.CLUSTER)
    parts["PostgreSQL"] = processes.family(server.pid) if server else []
    held = {name: processes.megabytes(pids) for name, pids in parts.items()}
    return held | {"all": sum(held.values())}
