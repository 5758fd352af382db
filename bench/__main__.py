"""`python -m bench`: what is measured needs Django, and Django needs a folder of its own first."""

from __future__ import annotations

import sys

from bench import ground

if __name__ == "__main__":
    with ground.laid():
        from bench.run import main

        code = main(sys.argv[1:])
    sys.exit(code)
