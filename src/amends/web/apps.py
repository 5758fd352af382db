"""The web room as a Django app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the room with Django."""

    name = "amends.web"
    label = "desk_web"
