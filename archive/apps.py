from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "archive"

    def ready(self) -> None:
        from archive import jobs  # noqa: F401 - registers this room's kinds of jobs
