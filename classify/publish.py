"""Cutouts become subjects: the durable job behind `manage.py publish`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from archive.models import Cutout
from classify.frames import frames_find
from classify.models import Consensus, Project, Subject, SubjectSet, Workflow
from classify.priority import subjects_prioritise
from classify.teaching import training_cutouts
from jobs.registry import JobRun, job_kind

PAGE = 2_000
BATCH = 500
QUESTION = "Is there an asteroid trail visible?"
ANSWERS = [
    {"value": "yes", "label": "Yes"},
    {"value": "no", "label": "No"},
    {"value": "impossible-to-tell", "label": "Impossible to tell"},
]
HELP = """An asteroid that moves while Hubble looks leaves a **thin, short, often slightly curved trail**.

- A **satellite** crosses the whole image in a broad, straight band.
- A **cosmic ray** is sharp as a needle, much sharper than the stars.
- A **diffraction spike** starts at a bright star; there are four of them.
- A **lensing arc** bends around a galaxy and is soft.

When you cannot decide, *Impossible to tell* is a good answer: it helps us, too."""

TRANSLATIONS = {
    "es": {
        "question": "¿Se ve la traza de un asteroide?",
        "answers": {"yes": "Sí", "no": "No", "impossible-to-tell": "No se puede saber"},
        "marking_question": "Marca el principio y el final de cada traza.",
        "help_text": """Un asteroide que se mueve mientras el Hubble observa deja una **traza fina y corta**,
a menudo curvada.

- Un **satélite** cruza toda la imagen en una banda ancha y recta.
- Un **rayo cósmico** es afilado como una aguja, mucho más nítido que las estrellas.
- Una **púa de difracción** nace en una estrella brillante; hay cuatro.
- Un **arco gravitatorio** se dobla alrededor de una galaxia y es difuso.

Si no puedes decidirte, *No se puede saber* es una buena respuesta: también nos ayuda.""",
    }
}


@transaction.atomic
def workflow_ensure(*, slug: str = "asteroid-trails", subject_set: str = "All cutouts") -> tuple[Workflow, SubjectSet]:
    """The project, its workflow and its subject set; made when they are not there yet."""
    project, _ = Project.objects.get_or_create(slug="asteroid-hunter", defaults={"name": "Asteroid Hunter"})
    workflow, _ = Workflow.objects.get_or_create(
        slug=slug,
        defaults={
            "project": project,
            "name": "Asteroid trails",
            "question": QUESTION,
            "answers": ANSWERS,
            "help_text": HELP,
            "translations": TRANSLATIONS,
        },
    )
    subjects, _ = SubjectSet.objects.get_or_create(project=workflow.project, name=subject_set)
    workflow.subject_sets.add(subjects)
    return workflow, subjects


def cutouts_unpublished(workflow: Workflow) -> Iterator[tuple[int, list[Cutout]]]:
    """Cutouts of fully cut exposures that are not yet shown in the workflow, whatever subject sets they are in.

    Yields, in keyset order, how many cutouts were looked at since the last time and at most `BATCH` to publish.
    Two reads by index a page rather than one anti-join: while a new workflow fills, the planner still believes
    it to be empty, and would compare every cutout with every subject.
    """
    last = 0
    training = training_cutouts(workflow)  # few, and read once
    while page := list(Cutout.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        last = page[-1]
        shown = Consensus.objects.filter(workflow=workflow, subject__cutout__gte=page[0], subject__cutout__lte=last)
        left = sorted(set(page) - training - set(shown.values_list("subject__cutout_id", flat=True)))
        yield len(page) - len(left), []
        for start in range(0, len(left), BATCH):
            some = left[start : start + BATCH]
            rows = Cutout.objects.filter(~Q(exposure__cut_recipe=""), pk__in=some, recipe=F("exposure__cut_recipe"))
            rows = rows.select_related("exposure__observation").defer("exposure__wcs", "footprint")
            yield len(some), list(rows.order_by("pk"))


def public_metadata(cutout: Cutout) -> dict[str, Any]:
    """What volunteers may read about a subject: facts of the observation, nothing that hints at an answer.

    Keys follow Zooniverse: ``#`` hides a field everywhere, ``!`` until after the vote.
    """
    exposure = cutout.exposure
    observation = exposure.observation
    return {
        "Telescope": observation.telescope,
        "Instrument": "/".join(part for part in (observation.instrument, observation.detector) if part),
        "Filter": exposure.filter_name,
        "Exposure start": exposure.start.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "Exposure time": f"{exposure.exposure_s:.0f} s",
        "RA": f"{cutout.ra_deg:.5f}°",
        "Dec": f"{cutout.dec_deg:+.5f}°",
        "!Observation": observation.name,
        "!Target": observation.target,
        "!Proposal": observation.proposal_id,
        "#simulated": observation.simulated,
    }


@transaction.atomic
def cutouts_publish(cutouts: list[Cutout], *, workflow: Workflow, subject_set: SubjectSet) -> int:
    """Make these cutouts subjects of the workflow. Safe to repeat; how many subjects are new."""
    wanted = [Subject(project=workflow.project, cutout=cutout, metadata=public_metadata(cutout)) for cutout in cutouts]
    Subject.objects.bulk_create(wanted, ignore_conflicts=True)
    subjects = list(Subject.objects.filter(cutout__in=cutouts))
    Membership = Subject.subject_sets.through
    Membership.objects.bulk_create(
        [Membership(subject=subject, subjectset=subject_set) for subject in subjects], ignore_conflicts=True
    )
    return subjects_show([subject.pk for subject in subjects], workflow=workflow)


@transaction.atomic
def subjects_show(subject_ids: list[int], *, workflow: Workflow) -> int:
    """Put these subjects before the workflow's people. Safe to repeat; how many are new there."""
    there = Consensus.objects.filter(workflow=workflow, subject__in=subject_ids)
    have = set(there.values_list("subject_id", flat=True))
    missing = [Consensus(workflow=workflow, subject_id=pk) for pk in subject_ids if pk not in have]
    Consensus.objects.bulk_create(missing, ignore_conflicts=True)
    made = there.count() - len(have)
    Workflow.objects.filter(pk=workflow.pk).update(subjects_count=F("subjects_count") + made)
    if Workflow.objects.filter(pk=workflow.pk, frames=Workflow.Frames.EXPOSURES).exists():
        frames_find(subject_ids)
    return made


@job_kind("publish")
def publish(run: JobRun) -> dict[str, Any]:
    """Show all cutouts in the workflow that are not shown there yet; what is left is derived from rows."""
    workflow = Workflow.objects.get(pk=run.arguments["workflow"])
    subject_set = SubjectSet.objects.get(pk=run.arguments["subject_set"])
    total, done, made = Cutout.objects.count(), 0, 0
    for looked_at, batch in cutouts_unpublished(workflow):
        if batch:
            made += cutouts_publish(batch, workflow=workflow, subject_set=subject_set)
        done += looked_at
        run.progress(done=done, total=max(total, done))
    subjects_prioritise()
    return {"subjects": made, "subject_set": subject_set.name, "workflow": workflow.slug}
