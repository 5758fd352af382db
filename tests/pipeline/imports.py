"""What tests of imports are made of: lines, an import of bytes, of a file, and by the command."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from amends.clock import now as clock
from amends.language.stand_in import StandIn
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.pipeline.importing import Import, Refused, Tally
from amends.site.import_run import Asked, import_all

START = datetime(2026, 1, 1, tzinfo=UTC)


def line(number: int, **changes: Any) -> bytes:
    values = {
        "id": f"p{number}",
        "channel": "x",
        "text": f"My parcel {number} is lost",
        "created_at": (START + timedelta(minutes=number)).isoformat(),
        "author_id": f"a{number % 7}",
    }
    return json.dumps(values | changes).encode() + b"\n"


def imported(
    content: bytes, brand: str = "Acme", model: StandIn | None = None
) -> tuple[Tally, list[Refused]]:
    refused: list[Refused] = []
    import_ = Import(
        layout=Layout(),
        rules=Rules(clock(), brand),
        offset=timedelta(days=30),
        model=model or StandIn(0.5),
        clock=clock,
        on_refused=refused.append,
        on_progress=lambda _: None,
    )
    import_.run(io.BytesIO(content))
    return import_.total, refused


def run(file: Path | str, folder: Path, brand: str = "Acme") -> int:
    asked = Asked(Rules(clock(), brand), Layout(), False, None, True, folder, StandIn(0.5))
    return import_all([str(file)], asked)


COMMAND = [sys.executable, "-m", "amends.site.command", "import"]


def command(
    *options: str | Path, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, options)], input=stdin, capture_output=True, cwd=cwd, timeout=300, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
