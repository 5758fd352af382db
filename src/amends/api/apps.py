"""The api room as a Django app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registers the room with Django."""

    name = "amends.api"
    label = "desk_api"
