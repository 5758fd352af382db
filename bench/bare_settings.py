"""The desk's own settings, with the bare view at the very front of the same server."""

from amends.site.settings import *  # noqa: F403
from amends.site.settings import MIDDLEWARE as _OURS

MIDDLEWARE = ["bench.bare.Bare", *_OURS]
