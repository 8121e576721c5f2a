"""`manage.py training_set`: subjects whose answer is known, for people to learn from."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.services import ingest_start
from classify.models import Workflow
from classify.publish import workflow_ensure
from classify.training_set import training_answers, training_files
from jobs.foreground import job_run_in_terminal

MOST = 12_000


class Command(BaseCommand):
    help = (
        "Make training subjects: simulated trails of graded difficulty and what is taken for them, with the right "
        "answers. People meet them among the others and learn afterwards whether they were right. Safe to repeat; a "
        "larger count adds some. Example: manage.py training_set --count 600"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workflow", default="asteroid-trails", help="the workflow's slug (%(default)s)")
        parser.add_argument("--count", type=int, default=240, help="how many; full dozens are made (%(default)s)")
        parser.add_argument("--seed", type=int, default=1801, help="same seed, same images (%(default)s)")

    def handle(self, *args: Any, workflow: str, count: int, seed: int, **options: Any) -> None:
        if not 1 <= count <= MOST or seed < 0:
            raise CommandError(f"The count is 1 to {MOST}, the seed 0 or more. Nothing was made.")
        its_workflow = self._workflow(workflow)
        folder = Path(settings.DATA_DIR) / "training" / str(seed)
        paths = []
        for path in training_files(folder, count=count, seed=seed):
            paths.append(path)
            if options["verbosity"] > 1:
                self.stdout.write(path.name)
        job_run_in_terminal(partial(ingest_start, paths), unit="file")
        made = training_answers(paths, workflow=its_workflow)
        left_out = f", {made.left_out} left out" if made.left_out else ""
        self.stdout.write(f"{made.new} new training subjects in {workflow}, {made.known} known already{left_out}.")

    def _workflow(self, slug: str) -> Workflow:
        if slug == "asteroid-trails":
            return workflow_ensure()[0]
        found = Workflow.objects.filter(slug=slug).first()
        if found is None or found.purpose != Workflow.Purpose.ASTEROIDS:
            fit = Workflow.objects.filter(purpose=Workflow.Purpose.ASTEROIDS).values_list("slug", flat=True)
            raise CommandError(
                f"{slug!r} is no workflow that asks for asteroid trails. Those are: {', '.join(fit) or 'none yet'}. "
                "Nothing was made."
            )
        return found
