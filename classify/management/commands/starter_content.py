"""`manage.py starter_content`: a tutorial and a field guide to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classify.models import Workflow
from classify.starter import starter_content_ensure
from classify.starter.drawing import pictures_write


class Command(BaseCommand):
    help = (
        "Give a workflow for asteroid trails the tutorial and the field guide that we ship, in each language that has "
        "none; what is there stays as it is. With --pictures, only render the pictures of both anew. "
        "Example: manage.py starter_content --workflow asteroid-trails"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workflow", default="asteroid-trails", help="the workflow's slug (%(default)s)")
        parser.add_argument("--pictures", metavar="DIR", help="write the pictures there, and nothing else")

    def handle(self, *args: Any, workflow: str, pictures: str | None, **options: Any) -> None:
        if pictures:
            self.stdout.write(f"{len(pictures_write(Path(pictures)))} pictures are in {pictures}.")
            return
        found = Workflow.objects.filter(slug=workflow).select_related("project").first()
        if found is None:
            known = ", ".join(Workflow.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no workflow {workflow!r}. Known: {known}. Nothing was written.")
        added = starter_content_ensure(workflow=found)
        self.stdout.write(
            f"{added.steps} steps of the tutorial and {added.entries} classes of the field guide are new."
        )
