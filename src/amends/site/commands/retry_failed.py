"""`amends retry-failed`."""

from __future__ import annotations

import argparse
from collections import Counter

from amends.site.commands.say import say, tell
from amends.site.desk import DeskError, desk

NAME = "retry-failed"
HELP = "Take in once more what could not be taken in, and say why it could not."
EXITS = "0 all that can be is tried again (a worker takes it in), 1 there is no such brand or no desk."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which brand, and whether only to look."""
    parser.add_argument("--brand", metavar="NAME", help="only this brand's (default: every brand's)")
    parser.add_argument("--list", action="store_true", help="only say what failed and why")


def run(args: argparse.Namespace) -> int:
    """Look, and put back."""
    with desk(say, existing=True):
        from amends import clock
        from amends.pipeline.trying_again import try_again
        from amends.store import brands, failed_items, models

        chosen = models.Brand.objects.order_by("name")
        if args.brand is not None:
            found = brands.like(args.brand)
            if found is None:
                raise DeskError(f"There is no brand “{args.brand}”. Nothing was changed.")
            chosen = chosen.filter(pk=found.pk)
        for brand in chosen:
            failed = failed_items.of_brand(brand.pk)
            tell(f"{brand.name}: {failed.total:,} failed, {failed.again:,} of them can be tried again")
            for reason, count in Counter(item.reason for item in failed.items).most_common():
                tell(f"  {count:>6,}  {reason}")
            if not args.list and try_again(brand.pk, None, clock.now()):
                tell("  They wait now; a worker takes them in.")
    return 0
