"""All addresses of the desk."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from amends.api import urls as api

handler500 = "amends.site.failed.failed"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.patterns),
    path("", include("amends.web.urls")),
    path("", include("amends.web.urls_people")),
]
