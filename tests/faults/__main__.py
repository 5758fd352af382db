"""The attack at any size, with figures: `python -m tests.faults --posts 5000 --replies 500 --kills 60`."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.faults.attack import Attack, Size
from tests.faults.proof import prove
from tests.rig.desk import rig

from amends.site.cluster import Cluster


def main() -> None:
    """Attack a fresh desk and print what came of it; a failed proof ends it."""
    size = _size()
    with rig() as desk, Cluster(desk.data).in_use():
        desk.plant()
        desk.web()
        began = time.monotonic()
        attack = Attack(desk, size)
        attack.run()
        attacked = time.monotonic() - began
        caught_up = attack.settle(900)
        figures = prove(desk, attack.promised)
    figures |= {"killed": attack.killed, "killed while sending": attack.cut_short}
    figures |= {"seconds of attack": round(attacked), "seconds to catch up": round(caught_up)}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def _size() -> Size:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    for name in ("posts", "replies", "kills", "faults", "workers", "seed"):
        parser.add_argument(f"--{name}", type=int, required=name in ("posts", "replies", "kills"))
    parser.add_argument("--seconds", type=float, default=60.0)
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    return Size(**given)


if __name__ == "__main__":
    main()
