"""`manage.py export_classifications`: all classifications as CSV, in Zooniverse's columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalogue.exports import file_whole
from catalogue.exports_classifications import classifications_csv
from classify.models import Workflow


class Command(BaseCommand):
    help = (
        "Write all classifications as CSV with the columns of Zooniverse's export. "
        "Example: manage.py export_classifications --out classifications.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write or replace")
        parser.add_argument("--workflow", metavar="SLUG", help="only this workflow's (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        workflow_id = self._workflow(options["workflow"])
        lines = 0
        try:
            with file_whole(path) as handle:
                for piece in classifications_csv(workflow_id=workflow_id):
                    handle.write(piece)
                    lines += piece.count(b"\n")
        except OSError as error:
            why = error.strerror or error
            raise CommandError(f"{path} could not be written: {why}. Nothing was changed.") from None
        self.stdout.write(f"{lines - 1} classifications written to {path}.")

    @staticmethod
    def _workflow(slug: str | None) -> int | None:
        if slug is None:
            return None
        found = Workflow.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if found is None:
            known = ", ".join(Workflow.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no workflow {slug!r}. Known: {known}. Nothing was written.")
        return found
