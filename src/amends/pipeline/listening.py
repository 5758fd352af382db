"""Who may listen to what changes: decided by a view like everything else, kept up by the web process."""

from __future__ import annotations

from django.http import HttpResponse

from amends.pipeline.tokens import Key
from amends.store.desks import Desk
from amends.store.live import Listener, session_proof
from amends.store.models import User

CONTENT_TYPE = "text/event-stream"
RETRY = b"retry: 2000\n\n"


class Admitted(HttpResponse):
    """A stream that its asker may have. `amends web` goes on with it; by itself it ends at once, and whoever
    asked comes again."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(RETRY, content_type=CONTENT_TYPE)
        self.listener = listener
        self.headers["Cache-Control"] = "no-store, no-transform"
        self.headers["X-Accel-Buffering"] = "no"


def by_session(user: User, session_key: str, places: tuple[Desk, ...]) -> Admitted:
    """A stream about all brands that the person of a session works for."""
    brands = frozenset(place.brand_id for place in places)
    return Admitted(Listener(user.pk, brands, session=session_key, proof=session_proof(user.password)))


def by_token(key: Key) -> Admitted:
    """A stream about the one brand of a token that may read."""
    return Admitted(Listener(key.user.pk, frozenset({key.brand.pk}), token_id=key.token_id))
