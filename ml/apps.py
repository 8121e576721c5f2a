from django.apps import AppConfig


class MlConfig(AppConfig):
    name = "ml"

    def ready(self) -> None:
        from ml import jobs  # noqa: F401 - registers this room's kinds of jobs
