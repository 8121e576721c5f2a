"""`manage.py export_catalogue`: the validated catalogue as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalogue.exports import FORMATS, catalogue_bytes, file_whole
from catalogue.models import Candidate


class Command(BaseCommand):
    help = (
        "Write the validated catalogue, with units, UCDs and descriptions. "
        "Example: manage.py export_catalogue --format votable --out catalogue.vot"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=list(FORMATS), default="ecsv", help="kind of file (default: ecsv)")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write or replace")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        content = catalogue_bytes(options["format"], made_by="the command line")
        try:
            with file_whole(path) as handle:
                handle.write(content)
        except OSError as error:
            why = error.strerror or error
            raise CommandError(f"{path} could not be written: {why}. Nothing was changed.") from None
        rows = Candidate.objects.filter(state=Candidate.State.ACCEPTED).count()
        self.stdout.write(f"{rows} validated candidates written to {path}.")
