"""`manage.py simulate DIR`: the sample observations, as FITS files with their truth beside."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sky.simulate import make_sample


class Command(BaseCommand):
    help = "Write simulated HST exposures and their truth. example: manage.py simulate sample/ --seed 7"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="where to write; made if it is not there")
        parser.add_argument("--seed", type=int, default=20_260, help="same seed, same files (default %(default)s)")
        parser.add_argument("--count", type=int, help="only the first so many of the 14 exposures")

    def handle(self, *args: Any, folder: str, seed: int, count: int | None = None, **options: Any) -> None:
        if seed < 0 or (count is not None and count < 1):
            raise CommandError("The seed must be 0 or more, the count 1 or more.")
        try:
            paths = make_sample(folder, seed, count)
        except OSError as error:
            raise CommandError(f"Nothing more could be written to {folder}: {error.strerror}.") from None
        self.stdout.write(f"{len(paths)} exposures are in {folder}. Take them in with: manage.py ingest {folder}")
