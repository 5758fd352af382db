import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amends.site.cluster import Cluster


@contextmanager
def data_folder() -> Iterator[Path]:
    """A short folder that is swept away at the end, with its server.

    Not below pytest's own folders: as root those are closed to the user that the server runs as.
    """
    folder = Path(tempfile.mkdtemp(prefix="amends-test-", dir="/tmp"))
    try:
        yield folder
    finally:
        Cluster(folder).stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pattern() -> Iterator[Path]:
    """A data folder whose cluster was made and stopped."""
    with data_folder() as folder:
        cluster = Cluster(folder)
        cluster.start()
        cluster.stop()
        yield folder


@pytest.fixture
def made(pattern: Path) -> Iterator[Path]:
    """A data folder with a stopped cluster, for tests that may kill it but leave all as it was."""
    yield pattern
    Cluster(pattern).stop()


@pytest.fixture
def copied(pattern: Path, data: Path) -> Path:
    """A data folder with a stopped, empty cluster of its own."""
    copy(pattern, data)
    return data


def copy(pattern: Path, folder: Path) -> None:
    subprocess.run(["cp", "-a", f"{pattern}/.", folder], check=True)


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty data folder."""
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def cluster(pattern: Path) -> Iterator[Cluster]:
    """A running cluster for tests that leave it as they found it."""
    with data_folder() as folder:
        copy(pattern, folder)
        started = Cluster(folder)
        started.start()
        yield started


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: only root can act as another user of the machine")
