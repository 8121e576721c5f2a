"""What every new site begins with: a tutorial and a field guide that its scientists can then change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from PIL import Image

from classify.models import GuideEntry, GuideExample, Picture, Project, TutorialStep, Workflow
from classify.pictures import Encoded, picture_keep
from classify.starter import english, spanish
from classify.starter.texts import Content, Shown

CONTENTS = (english.CONTENT, spanish.CONTENT)
FOLDER = Path(settings.BASE_DIR) / "static" / "img" / "guide"


@dataclass(frozen=True, slots=True)
class Added:
    """How many steps of the tutorial and classes of the field guide are new."""

    steps: int
    entries: int


@transaction.atomic
def starter_content_ensure(*, workflow: Workflow) -> Added:
    """Give a workflow its tutorial and its project a field guide, in each language that has none of it.

    Safe to repeat: what is there, changed or not, is left as it is.
    """
    Project.objects.select_for_update().get(pk=workflow.project_id)  # two at once would make everything twice
    steps = entries = 0
    for content in CONTENTS:
        if not workflow.tutorial_steps.filter(language=content.language).exists():
            steps += _tutorial(workflow, content)
        if not workflow.project.guide_entries.filter(language=content.language).exists():
            entries += _guide(workflow.project, content)
    return Added(steps, entries)


def _tutorial(workflow: Workflow, content: Content) -> int:
    made = [
        TutorialStep(
            workflow=workflow,
            language=content.language,
            position=number,
            title=step.title,
            text=step.text,
            picture=_picture(workflow.project, step.shown, content),
        )
        for number, step in enumerate(content.steps, start=1)
    ]
    return len(TutorialStep.objects.bulk_create(made))


def _guide(project: Project, content: Content) -> int:
    for number, one in enumerate(content.guide, start=1):
        entry = GuideEntry.objects.create(
            project=project, language=content.language, position=number, name=one.name, answer=one.answer,
            looks_like=one.looks_like, is_not=one.is_not,
        )  # fmt: skip
        examples = [
            GuideExample(entry=entry, position=place, picture=_picture(project, shown, content), caption=shown.caption)
            for place, shown in enumerate(one.examples, start=1)
        ]
        GuideExample.objects.bulk_create(examples)
    return len(content.guide)


def _picture(project: Project, shown: Shown, content: Content) -> Picture:
    """One of our own files, taken as it is: it is small, and a WebP already."""
    path = FOLDER / f"{shown.picture}.webp"
    with Image.open(path) as image:
        encoded = Encoded(path.read_bytes(), image.size)
    return picture_keep(project=project, encoded=encoded, alt=shown.alt, credit=content.credit)
