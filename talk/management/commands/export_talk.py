"""`manage.py export_talk`: all comments or all tags of Talk, in Zooniverse's shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from talk.exporting import KINDS, export_archive


class Command(BaseCommand):
    help = (
        "Write all comments or all tags of Talk as a .tar.gz of one JSON array, with the columns of Zooniverse's "
        "export; boards of the team are in it, deleted and hidden comments are not. "
        "Example: manage.py export_talk comments --out comments.tar.gz"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(KINDS), help="what to write")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write or replace")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        counts: list[int] = []
        part = path.with_name(f".{path.name}.part")  # a killed export leaves the old file as it was
        try:
            with part.open("wb") as handle:
                for piece in export_archive(options["kind"], None, counted=counts.append):
                    handle.write(piece)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{path} could not be written: {error.strerror}. Nothing was changed.") from None
        self.stdout.write(f"{counts[0]} {options['kind']} written to {path}.")
