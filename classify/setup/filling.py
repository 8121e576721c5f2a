"""Which images a workflow shows: whole subject sets, or cutouts chosen by instrument, filter, target and date.

A cutout is a subject once, in one project; a workflow of another project shows the same subject and has votes of its
own on it. So what people said of an image, in Talk too, stays together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import User
from archive.models import Cutout
from classify.models import Project, Subject, SubjectSet, Workflow
from classify.priority import subjects_prioritise
from classify.publish import BATCH, cutouts_publish, subjects_show
from classify.teaching import shows_training, training_cutouts
from jobs.models import Job
from jobs.registry import JobRun, job_kind
from jobs.services import job_enqueue

FILL = "workflow_fill"


@dataclass(frozen=True, slots=True)
class Selection:
    """Cutouts by what they are of; an empty word does not select. ``first`` and ``last`` are ISO dates, inclusive."""

    instrument: str = ""
    filter_name: str = ""
    target: str = ""
    first: str = ""
    last: str = ""

    def cutouts(self) -> QuerySet[Cutout]:
        """The cutouts of these exposures, of those that are fully cut; no training images."""
        rows = Cutout.objects.filter(~Q(exposure__cut_recipe=""), recipe=F("exposure__cut_recipe"))
        rows = rows.filter(~shows_training("pk"))
        if self.instrument:
            instrument, _, detector = self.instrument.partition("/")
            rows = rows.filter(exposure__observation__instrument=instrument)
            rows = rows.filter(exposure__observation__detector=detector) if detector else rows
        if self.filter_name:
            rows = rows.filter(exposure__filter_name=self.filter_name)
        if self.target:
            rows = rows.filter(exposure__observation__target__icontains=self.target)
        if self.first:
            rows = rows.filter(exposure__start__date__gte=date.fromisoformat(self.first))
        if self.last:
            rows = rows.filter(exposure__start__date__lt=date.fromisoformat(self.last) + timedelta(days=1))
        return rows


@transaction.atomic
def workflow_fill(*, workflow: Workflow, subject_set: SubjectSet, by: User, selection: Selection | None = None) -> Job:
    """Ask for the images of a set to be shown in the workflow; with a selection, its cutouts join the set before.

    A durable job: killed half way, it goes on. Asked again, it adds what is new.
    """
    workflow.subject_sets.add(subject_set)
    arguments: dict[str, Any] = {"workflow": workflow.pk, "subject_set": subject_set.pk}
    if selection is not None:
        arguments["selection"] = asdict(selection)
    return job_enqueue(kind=FILL, arguments=arguments, requested_by=by)


def subject_set_ensure(*, project: Project, name: str) -> SubjectSet:
    """The project's set of this name; made when it is not there yet."""
    return SubjectSet.objects.get_or_create(project=project, name=name)[0]


@job_kind(FILL)
def fill(run: JobRun) -> dict[str, Any]:
    """Show what is not shown yet; what is left is derived from rows."""
    workflow = Workflow.objects.select_related("project").get(pk=run.arguments["workflow"])
    subject_set = SubjectSet.objects.get(pk=run.arguments["subject_set"])
    chosen = run.arguments.get("selection")
    steps = _set_steps(workflow, subject_set) if chosen is None else _cutout_steps(workflow, subject_set, chosen)
    total, done, made = next(steps)[0], 0, 0
    run.progress(done=0, total=total)
    for looked_at, new in steps:
        done, made = done + looked_at, made + new
        run.progress(done=done, total=max(total, done))
    subjects_prioritise()
    return {"subjects": made, "subject_set": subject_set.name, "workflow": workflow.slug}


def _cutout_steps(workflow: Workflow, subject_set: SubjectSet, chosen: dict[str, str]) -> Iterator[tuple[int, int]]:
    """First how many there are, then for each batch: how many were looked at, how many are new in the workflow."""
    rows = Selection(**chosen).cutouts()
    yield rows.count(), 0
    training, last = training_cutouts(workflow), 0
    wanted = rows.select_related("exposure__observation").defer("exposure__wcs", "footprint")
    while page := list(wanted.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = page[-1].pk
        cutouts = [cutout for cutout in page if cutout.pk not in training]
        yield len(page), cutouts_publish(cutouts, workflow=workflow, subject_set=subject_set)


def _set_steps(workflow: Workflow, subject_set: SubjectSet) -> Iterator[tuple[int, int]]:
    """As `_cutout_steps`, for the subjects that are in the set already."""
    rows = Subject.subject_sets.through.objects.filter(subjectset=subject_set)
    yield rows.count(), 0
    training, last = training_cutouts(workflow), 0
    found = rows.order_by("subject_id").values_list("subject_id", "subject__cutout_id")
    while page := list(found.filter(subject_id__gt=last)[:BATCH]):
        last = page[-1][0]
        ids = [subject_id for subject_id, cutout_id in page if cutout_id not in training]
        yield len(page), subjects_show(ids, workflow=workflow)
