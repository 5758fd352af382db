"""What changes, as it happens: the same events that the desk's own screens hear."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from amends.api import door
from amends.api.door import Token
from amends.core.scopes import Scope
from amends.pipeline import listening

router = Router()
_STREAM = {
    "description": "Server-sent events.",
    "content": {listening.CONTENT_TYPE: {"schema": {"type": "string"}}},
}


@router.get("/live", auth=Token(Scope.READ), openapi_extra={"responses": {200: _STREAM}})
def listen(request: HttpRequest) -> HttpResponse:
    """Hear what changes in the brand, as server-sent events, for as long as the token holds."""
    return listening.by_token(door.key(request))
