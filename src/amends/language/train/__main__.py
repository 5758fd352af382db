"""`python -m amends.language.train`: make the shipped models, and measure them."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from amends.language import embeddings, judgement
from amends.language.reader import ROOM
from amends.language.train import export, net, recipe

CORPORA = "AMENDS_CORPORA"
VERSION = 1


def main() -> int:
    """Learn from our own texts and from the published ones in the folder that AMENDS_CORPORA names."""
    parser = argparse.ArgumentParser(prog="python -m amends.language.train", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=ROOM, help="the folder that the models go to")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=Path(".build/model"),
        help="what is kept on the way, and gone on from",
    )
    options = parser.parse_args()
    folder = os.environ.get(CORPORA)
    if not folder:
        parser.error(f"{CORPORA} is not set: it names the folder of the published texts. Nothing was made.")
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    _make(Path(folder), options.checkpoints, options.out)
    return 0


def _make(corpora: Path, kept: Path, out: Path) -> None:
    given = recipe.material(corpora)
    say(
        f"{len(given.first)} + {len(given.tweets)} lessons, "
        f"{len(given.unlabelled)} unlabelled, {len(given.held)} held"
    )
    embeddings.write(net.embeddings(), out / embeddings.FILE.name)
    start = _kept(kept / "first.pt", recipe.ACCURATE, lambda: recipe.first(given, say))
    accurate = _kept(kept / "accurate.pt", recipe.ACCURATE, lambda: recipe.accurate(given, start, say))
    small = _kept(kept / "small.pt", recipe.SMALL, lambda: recipe.small(given, accurate, say))
    for name, encoder in (("accurate", accurate), ("small", small)):
        export.write(encoder, out / f"{name}.onnx")
        judgement.write(recipe.judged(f"{name}-{VERSION}", encoder, given.held), out / f"{name}.json")
        content = (out / f"{name}.onnx").read_bytes()
        say(f"{name}.onnx: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


def _kept(file: Path, layers: int, make: Callable[[], net.Net]) -> net.Net:
    """What an earlier run left at this point, else made now and left there."""
    if file.exists():
        say(f"{file} is gone on from; remove it to begin anew.")
        found = net.Net(layers)
        found.load_state_dict(torch.load(file, weights_only=True))
        return found
    say(f"{file} is made ...")
    made = make()
    torch.save(made.state_dict(), file)
    return made


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
