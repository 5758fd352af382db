"""The addresses of the screens; `web.urls_people` has those about people and settings."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from amends.web import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("look/", views.look, name="look"),
]
