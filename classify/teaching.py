"""What teaches people: reads and writes of tutorial, field guide, favourites, and who needs to know of training."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from classify.models import KnownAnswer, Workflow

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
