"""`amends model`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from amends.site.commands.say import say, tell
from amends.site.errors import SiteError

NAME = "model"
HELP = "Measure the shipped models on texts that they did not learn from, or print their card."
EXITS = "0 printed, 1 a file or folder cannot be read."
CORPORA = "AMENDS_CORPORA"
PROTOCOLS = ("ten", "domains")


class CannotMeasure(SiteError):
    """Something that is needed is not there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """To measure, or to print what was measured."""
    doing = parser.add_subparsers(title="what to do", metavar="evaluate | card", required=True, dest="doing")
    evaluate = doing.add_parser(
        "evaluate",
        help="measure both models; minutes",
        description=f"Measure both models. Published sets are read from the folder that {CORPORA} names.",
    )
    evaluate.add_argument("--out", type=Path, metavar="FILE", help="keep the figures there (JSON)")
    evaluate.add_argument(
        "--protocol",
        action="append",
        default=[],
        choices=PROTOCOLS,
        help="the published complaint set too, in ten folds or without each domain: about half an hour each, "
        "and what `make model` installs",
    )
    evaluate.add_argument(
        "--start",
        type=Path,
        metavar="FILE",
        default=Path(".build/model/first.pt"),
        help="the encoder that folds begin from",
    )
    card = doing.add_parser("card", help="print the model card", description="Print the model card.")
    card.add_argument(
        "--figures", type=Path, metavar="FILE", help="from these figures; else from the shipped ones"
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.doing == "card":
        return _card(args.figures)
    return _evaluate(args)


def _card(path: Path | None) -> int:
    from amends.language.train import card

    try:
        figures = card.load(path or card.FIGURES)
    except (OSError, ValueError) as error:
        raise CannotMeasure(f"The figures cannot be read: {error}.") from None
    tell(card.card(figures).rstrip("\n"))
    return 0


def _evaluate(args: argparse.Namespace) -> int:
    from amends.language import model
    from amends.language.train import evaluate

    corpora = Path(os.environ[CORPORA]) if os.environ.get(CORPORA) else None
    if corpora is not None and not corpora.is_dir():
        raise CannotMeasure(f"{CORPORA} names {corpora}, which is no folder. Nothing was measured.")
    if corpora is None:
        say(f"{CORPORA} is not set: only our own judged texts are measured.")
        if args.protocol:
            raise CannotMeasure(f"--protocol needs {CORPORA}. Nothing was measured.")
    found = evaluate.everything([model.load(), model.load(accurate=True)], corpora)
    if args.protocol and corpora is not None:
        from amends.language.train import paper

        found["paper"] = paper.measured(corpora, args.start, args.protocol, say)
    told = json.dumps(found, indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(told + "\n", "utf-8")
    tell(told)
    return 0
