"""`manage.py prescreen`: score what is not yet scored, in this terminal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.foreground import job_run_in_terminal
from ml.runtime import ModelRefused
from ml.services import CardRefused, prescreen_start


class Command(BaseCommand):
    help = (
        "Let the active model look at every cutout it has not scored yet. Where none is active, the model that ships\n"
        "with this software is. Stopped or killed, it goes on where it was.   Example: manage.py prescreen"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = job_run_in_terminal(prescreen_start, unit="cutout")
        except (ModelRefused, CardRefused) as error:
            raise CommandError(str(error)) from None
        for failed in result["failed"]:
            self.stdout.write(
                self.style.WARNING(f"not scored  {failed['file']} ({failed['exposure']}): {failed['reason']}")
            )
        self.stdout.write(
            f"{result['scored']} cutouts scored by {result['model']}, "
            f"{result['failed_count']} exposures could not be read"
        )
