"""What the web process is measured against: the same pages in granian's own threads, without streams.

`python -m bench.plain_web PORT THREADS`, in the environment of a desk.
"""

from __future__ import annotations

import os
import sys


def main(port: int, threads: int) -> None:
    """Serve until SIGTERM."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amends.site.settings")
    MPServer(
        "django.core.wsgi:get_wsgi_application",
        factory=True,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=2,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
