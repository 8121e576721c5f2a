"""The project's start-up."""

from django.apps import AppConfig


class HunterConfig(AppConfig):
    name = "hunter"

    def ready(self) -> None:
        from classify import services
        from hunter import celery, openapi  # noqa: F401 - shared tasks belong to this application; the schema's extensions
        from talk.selectors import subject_talked_about

        if subject_talked_about not in services.TALK:
            services.TALK.append(subject_talked_about)
