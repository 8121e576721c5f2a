"""`manage.py aggregate`: bring the consensus up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from classify.consensus import classifications_aggregate


class Command(BaseCommand):
    help = "Count all classifications that are not yet in the consensus. Example: manage.py aggregate"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{classifications_aggregate()} classifications counted.")
