"""`manage.py publish`: cutouts become subjects."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classify.models import Workflow
from classify.publish import workflow_ensure
from classify.starter import starter_content_ensure
from jobs.foreground import job_run_in_terminal
from jobs.services import job_enqueue


class Command(BaseCommand):
    help = (
        "Show all cutouts in a workflow that are not shown there yet, and put them in a subject set. "
        "Example: manage.py publish --workflow asteroid-trails --set 'All cutouts'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workflow", default="asteroid-trails", help="the workflow's slug (made when absent)")
        parser.add_argument("--set", default="All cutouts", dest="subject_set", help="the subject set's name")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workflow"]
        if slug != "asteroid-trails" and not Workflow.objects.filter(slug=slug).exists():
            known = ", ".join(Workflow.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no workflow {slug!r}. Known: {known}. Nothing was published.")
        is_new = not Workflow.objects.filter(slug=slug).exists()
        workflow, subject_set = workflow_ensure(slug=slug, subject_set=options["subject_set"])
        if is_new:
            starter_content_ensure(workflow=workflow)
        arguments = {"workflow": workflow.pk, "subject_set": subject_set.pk}
        result = job_run_in_terminal(partial(job_enqueue, kind="publish", arguments=arguments), unit="cutout")
        self.stdout.write(f"{result['subjects']} new subjects in “{subject_set.name}” of {workflow.slug}.")
