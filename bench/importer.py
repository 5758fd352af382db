"""A file into the desk exactly as `amends import` brings it there, with any model."""

from __future__ import annotations

import time
from io import BytesIO
from typing import IO

from amends import clock
from amends.language.model import Model
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.pipeline.importing import Import, Refused, offset, survey


class NotWhole(Exception):
    """An import lost or refused something, so that its time means nothing."""


def seconds(file: IO[bytes], model: Model, brand: str = "") -> float:
    """The time from the file to its last ranked case, the survey before it included; nothing is refused."""
    now = clock.now()
    layout, rules = Layout(), Rules(now, brand)
    start = time.perf_counter()
    found = survey(file, layout, rules, lambda _lines: None)
    run = Import(
        layout, rules, offset(now, found.last_post_at), model, clock.now, _refused, lambda _import: None
    )
    run.run(file)
    taken = time.perf_counter() - start
    if run.total.new != found.posts:
        raise NotWhole(f"{found.posts} posts were in the file, {run.total.new} were new to the desk")
    return taken


def content(lines: list[bytes]) -> IO[bytes]:
    """A file of these lines."""
    return BytesIO(b"".join(lines))


def _refused(refused: Refused) -> None:
    raise NotWhole(f"line {refused.line.number} was refused: {refused.reason}")
