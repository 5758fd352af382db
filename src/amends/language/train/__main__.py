"""`python -m amends.language.train`: fit the shipped weights and print how well they do."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

import numpy as np

from amends.language import weights
from amends.language.train import corpus, measure
from amends.language.train.heads import learn, prepare

NAME = "linear-1"


def main() -> int:
    """Train on our own texts and, where AMENDS_CORPORA names a folder, on the published tweets."""
    parser = argparse.ArgumentParser(prog="python -m amends.language.train", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=weights.FILE, help="where the weights go")
    parser.add_argument("--figures", action="store_true", help="measure on held-out texts too")
    options = parser.parse_args()
    examples = _examples()
    everything = np.arange(len(examples))
    weights.write(learn(prepare(examples, range(len(examples))), everything, NAME), options.out)
    kept = options.out.read_bytes()
    say(f"{options.out}: {len(kept)} bytes, sha256 {hashlib.sha256(kept).hexdigest()}, {len(examples)} texts")
    if options.figures:
        _figures(examples)
    return 0


def _examples() -> list[corpus.Example]:
    examples = corpus.own()
    folder = os.environ.get("AMENDS_CORPORA")
    if folder:
        examples += corpus.tweets(Path(folder))
    else:
        say("AMENDS_CORPORA is not set: learning from the texts of the tree alone.")
    return examples


def _figures(examples: list[corpus.Example]) -> None:
    for line in measure.held_out(examples):
        say(line)
    if any(e.source == "tweets" for e in examples):
        for alone in (True, False):
            for line in measure.published(examples, alone):
                say(line)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
