"""The room's start-up: make its jobs known."""

from django.apps import AppConfig


class ClassifyConfig(AppConfig):
    name = "classify"

    def ready(self) -> None:
        from classify import publish  # noqa: F401 - registers the job kind
        from classify.setup import filling  # noqa: F401 - another
