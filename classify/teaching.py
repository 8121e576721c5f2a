"""What teaches people: reads and writes of tutorial, field guide, favourites, and who needs to know of training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import Volunteer
from classify.markdown import team_html
from classify.models import (
    Favourite,
    GuideExample,
    KnownAnswer,
    Picture,
    Project,
    Subject,
    TutorialSeen,
    Workflow,
)

OURS = Q(subject__cutout__exposure__observation__simulated=True)
"""Training images of our making. A real image whose answer a team wrote down is data like any other."""


def shows_training(cutout: str) -> Exists:
    """Whether the cutout that a row names in this field is a training image, in whatever workflow."""
    return Exists(KnownAnswer.objects.filter(OURS, subject__cutout=OuterRef(cutout)))


def training_cutouts(workflow: Workflow | None = None) -> set[int]:
    """Cutouts that are training images, and those whose answer is known in the workflow, if one is given.

    They are hundreds, not hundreds of thousands.
    """
    known = KnownAnswer.objects.filter(OURS | Q(workflow=workflow) if workflow else OURS)
    return {pk for pk in known.values_list("subject__cutout", flat=True) if pk is not None}


def training_available(workflow: Workflow) -> bool:
    """Whether there is anything to practise with."""
    return workflow.known_answers.exists()


def tutorial_steps(workflow: Workflow, language: str | None = None) -> list[dict[str, Any]]:
    """The tutorial in a language (the page's unless told), else in one there is: title, HTML, picture (or None)."""
    chosen = _language_of(workflow.tutorial_steps.values_list("language", flat=True).distinct(), language)
    steps = workflow.tutorial_steps.filter(language=chosen).select_related("picture").order_by("position")
    return [
        {"title": step.title, "html": team_html(step.text), "image": _image(step.picture) if step.picture else None}
        for step in steps
    ]


def guide_entries(project: Project, language: str | None = None) -> list[dict[str, Any]]:
    """The field guide in a language (the page's unless told), else in one there is, each class with its examples."""
    chosen = _language_of(project.guide_entries.values_list("language", flat=True).distinct(), language)
    entries = project.guide_entries.filter(language=chosen).order_by("position")
    examples = GuideExample.objects.select_related("picture").order_by("position")
    return [
        {
            "name": entry.name,
            "answer": entry.answer,
            "looks_like": entry.looks_like,
            "is_not": entry.is_not,
            "examples": [
                {"image": _image(one.picture), "caption": one.caption, "credit": one.picture.credit}
                for one in entry.examples.all()
            ],
        }
        for entry in entries.prefetch_related(Prefetch("examples", examples))
    ]


def _language_of(there: Iterable[str], language: str | None) -> str:
    """The language to show: the one asked for, a wider form of it, English, or whatever there is."""
    asked = language or get_language() or ""
    known = sorted(there)
    return next((code for code in (asked, asked.split("-")[0], "en", *known) if code in known), "")


def _image(picture: Picture) -> dict[str, Any]:
    return {
        "url": reverse("classify:picture", args=[picture.public_id]),
        "width": picture.width,
        "height": picture.height,
        "alt": picture.alt,
    }


def tutorial_seen(workflow: Workflow, volunteer: Volunteer | None) -> bool:
    """Whether this person needs no tutorial to open by itself: they went through it, or have classified before."""
    if volunteer is None:
        return False
    return (
        volunteer.classifications_count > 0
        or TutorialSeen.objects.filter(workflow=workflow, volunteer=volunteer).exists()
    )


def tutorial_seen_record(*, workflow: Workflow, volunteer: Volunteer) -> None:
    """Remember on every device that a person went through the tutorial. Twice is once."""
    TutorialSeen.objects.get_or_create(workflow=workflow, volunteer=volunteer)


def favourite_set(*, volunteer: Volunteer, subject: Subject, liked: bool) -> None:
    """Put a subject among a person's favourites, or take it out. Twice is once."""
    if liked:
        Favourite.objects.get_or_create(volunteer=volunteer, subject=subject)
    else:
        Favourite.objects.filter(volunteer=volunteer, subject=subject).delete()


def favourites_of(volunteer: Volunteer, *, limit: int) -> list[Subject]:
    """A person's favourites, newest first, each with its cutout."""
    rows = Favourite.objects.filter(volunteer=volunteer).select_related("subject__cutout").order_by("-pk")[:limit]
    return [row.subject for row in rows]
