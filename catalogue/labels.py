"""What the team decided goes down into the models' inbox: one label per cutout that shows the trail."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from catalogue.models import Candidate, CandidateSubject, TrailClass
from catalogue.selectors import cutout_shown
from ml.models import TrainingLabel

SOURCE = TrainingLabel.Source.VALIDATION


def labels_write(candidate: Candidate) -> None:
    """Bring the validation labels of the candidate's cutouts in line with all decisions on what they show.

    A cutout with several decided trails is labelled by the best of them (an accepted asteroid before anything
    else); one with none left has no label.
    """
    for cutout_id in _cutouts_of(candidate):
        decided = Candidate.objects.filter(
            Q(links__subject__cutout=cutout_id) | Q(pk=candidate.pk), ~Q(state=Candidate.State.PENDING)
        ).distinct()
        best = min(decided, key=_rank, default=None)
        if best is None:
            TrainingLabel.objects.filter(cutout_id=cutout_id, source=SOURCE).delete()
            continue
        TrainingLabel.objects.update_or_create(
            cutout_id=cutout_id, source=SOURCE, defaults={"label": best.trail_class, "weight": 1.0}
        )


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    return candidate.state != Candidate.State.ACCEPTED, candidate.trail_class != TrailClass.ASTEROID


def _cutouts_of(candidate: Candidate) -> Iterable[int]:
    """The cutouts of the linked subjects, and the one that shows the trail's middle best."""
    linked = CandidateSubject.objects.filter(candidate=candidate).exclude(subject__cutout=None)
    cutouts = set(linked.values_list("subject__cutout", flat=True))
    return sorted(pk for pk in {*cutouts, cutout_shown(candidate)} if pk is not None)
