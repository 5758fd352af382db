"""What a run stands on: a data folder of its own, so that no desk of this machine is ever touched."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OURS = ("AMENDS_", "DATABASE_")
_KEPT = "AMENDS_CORPORA"


@contextmanager
def laid() -> Iterator[None]:
    """Django on an empty data folder, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="amends-bench-"))
    try:
        for name in [name for name in os.environ if name.startswith(_OURS) and name != _KEPT]:
            del os.environ[name]
        os.environ["AMENDS_DATA"] = str(folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "amends.site.settings"
        import django

        django.setup()
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
