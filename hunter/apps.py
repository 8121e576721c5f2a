"""The project's start-up."""

from django.apps import AppConfig


class HunterConfig(AppConfig):
    name = "hunter"

    def ready(self) -> None:
        from hunter import celery, openapi  # noqa: F401 - shared tasks belong to this application; the schema's extensions
