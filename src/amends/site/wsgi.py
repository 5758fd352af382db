"""The desk's pages as a WSGI application, loaded in each web worker process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from amends.site.command import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amends.site.settings")
end_with_parent(os.environ.pop("AMENDS_WEB_PARENT", ""))
application = get_wsgi_application()
# What the first visitor would wait for.
_ = get_resolver().url_patterns
