"""The work room as a Django app."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Registers the room with Django."""

    name = "amends.work"
    label = "desk_work"
