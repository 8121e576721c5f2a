"""`manage.py find_candidates`: candidates out of what the voting and the model ended with."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalogue import services
from catalogue.models import Candidate, FindingTry


class Command(BaseCommand):
    help = (
        "Make candidates of all tiles where the consensus (or the active model) says that there is a trail. "
        "The worker does the same by itself every few seconds. Example: manage.py find_candidates"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="look at everything again, after a threshold was changed; decided candidates stay as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            services.candidates_look_again()
        before, looked_at = Candidate.objects.count(), 0
        while done := services.candidates_refresh():
            looked_at += done
            if options["verbosity"] > 1:
                self.stdout.write(f"{looked_at} tiles looked at")
        made = Candidate.objects.count() - before
        self.stdout.write(f"{looked_at} tiles looked at, {made} new candidates.")
        if failed := FindingTry.objects.count():
            self.stderr.write(
                f"{failed} tiles could not be looked at; nothing of them was kept. Why is in Django's admin under "
                "“Failed searches”. They are tried again later, five times in all; at once with --again."
            )
