"""`manage.py ingest PATH…`: FITS files become observations, exposures and cutouts."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.finding import PathRefused
from archive.services import ingest_start
from jobs.foreground import job_run_in_terminal


class Command(BaseCommand):
    help = (
        "Take FITS files in: observations, exposures, cutouts. Folders are searched for .fits, .fit and .fits.gz.\n"
        "A file that is known is not taken in again, and one that nobody touched since is not even read; a refused\n"
        "one is named with its reason and the rest goes on.\n\n"
        "example: manage.py ingest ~/hst/ j8pu25fvq_drz.fits"
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, **{**kwargs, "formatter_class": RawDescriptionHelpFormatter})

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a FITS file, or a folder to search")
        parser.add_argument("--again", action="store_true", help="read all files again, refused and untouched ones too")

    def handle(self, *args: Any, paths: list[str], again: bool, **options: Any) -> None:
        try:
            result = job_run_in_terminal(partial(ingest_start, paths, again=again), unit="file")
        except PathRefused as error:
            raise CommandError(str(error)) from None
        for refused in result["rejected"]:
            self.stdout.write(self.style.WARNING(f"refused  {refused['name']}: {refused['reason']}"))
        more = result["rejected_count"] - len(result["rejected"])
        if more > 0:
            self.stdout.write(f"         and {more} more; the archive's page of files lists them")
        self.stdout.write(
            f"{result['files']} files: {result['accepted']} taken in ({result['exposures']} exposures, "
            f"{result['cutouts']} cutouts, {result['blank']} blank tiles skipped), "
            f"{result['already_known']} known already, {result['rejected_count']} refused"
        )
        if not result["files"]:
            raise CommandError("There is no FITS file among these paths.")
        if not result["accepted"] + result["already_known"]:
            raise CommandError("None of these files holds a usable image; the reasons are above.")
