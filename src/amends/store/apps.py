"""The store as a Django app."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """All tables of the desk."""

    name = "amends.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
