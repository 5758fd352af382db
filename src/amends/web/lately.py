"""Lists that were rendered a moment ago, for everybody who redraws after the same telling.

When something changes, all open lists ask at once, most of them for the same. Each telling has a mark of its
own; what was rendered after it was told is new enough for whoever heard it. Only what is the same for all who
may see it belongs here, and the caller has been through the door.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

KEPT = 10.0
MOST = 64


@dataclass(slots=True)
class _Rendered:
    since: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    html: str | None = None


_rendered: OrderedDict[Hashable, _Rendered] = OrderedDict()
_door = threading.Lock()


def html(key: Hashable, render: Callable[[], str]) -> str:
    """What `render` gives, rendered once for a key however many ask for it at the same time."""
    entry = _entry(key)
    with entry.lock:
        if entry.html is None:
            entry.html = render()
        return entry.html


def _entry(key: Hashable) -> _Rendered:
    now = time.monotonic()
    with _door:
        entry = _rendered.get(key)
        if entry is None or now - entry.since > KEPT:
            entry = _rendered[key] = _Rendered(now)
            _rendered.move_to_end(key)
        while len(_rendered) > MOST or now - next(iter(_rendered.values())).since > KEPT:
            _rendered.popitem(last=False)
        return entry
