"""Signs that somebody is at work: the pages they ask for, and what they say themselves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.pipeline import at_work
from amends.store import at_work as signs
from amends.store.models import User
from amends.web import place, views

Handler = Callable[[HttpRequest], HttpResponse]
EVERY = timedelta(minutes=1)
MOST = 5_000


class Seen:
    """Notes, once a minute, who has asked for a page. A program with a token is no sign of its person."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._noted: OrderedDict[int, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, after its reader was noted."""
        if isinstance(request.user, User):
            now = place.instant(request)
            if self._is_news(request.user.pk, now):
                signs.seen([request.user.pk], now)
        return self.handler(request)

    def _is_news(self, user_id: int, now: datetime) -> bool:
        with self._lock:
            noted = self._noted.get(user_id)
            if noted is not None and abs(now - noted) < EVERY:
                return False
            self._noted[user_id] = now
            self._noted.move_to_end(user_id)
            while len(self._noted) > MOST:
                self._noted.popitem(last=False)
            return True


@require_POST
def away(request: HttpRequest) -> HttpResponse:
    """The reader goes away from all their brands, or is back."""
    goes = request.POST.get("away") == "1"
    brands = [brand.brand_id for brand in place.of(request).places]
    at_work.set_away(place.reader(request), brands, goes, place.instant(request))
    if goes:
        messages.success(request, "You are away: you are given no cases until you say that you are back.")
    else:
        messages.success(request, "Welcome back. You may be given cases again.")
    return redirect(views.back(request))
