"""What the team decided goes down into the models' inbox: one label per cutout that shows the trail."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from archive.models import Cutout
from archive.tiling import Box
from catalogue.models import Candidate, CandidateSubject, TrailClass
from catalogue.selectors import cutout_shown
from ml import labels as inbox
from ml.labels import Decided, Ends
from ml.models import TrainingLabel

SOURCE = TrainingLabel.Source.VALIDATION
LABELS = {
    TrailClass.ASTEROID: TrainingLabel.Label.ASTEROID,
    TrailClass.SATELLITE: TrainingLabel.Label.SATELLITE,
    TrailClass.ARC: TrainingLabel.Label.ARC,
}


def labels_write(candidate: Candidate) -> None:
    """Bring the validation labels of the candidate's cutouts in line with all decisions on what they show.

    A cutout with several decided trails is labelled by the best of them (an accepted asteroid before anything
    else); one with none left has no label.
    """
    decisions, undecided = [], []
    for cutout in Cutout.objects.filter(pk__in=_cutouts_of(candidate)).order_by("pk"):
        decided = Candidate.objects.filter(
            Q(links__subject__cutout=cutout) | Q(pk=candidate.pk), ~Q(state=Candidate.State.PENDING)
        ).distinct()
        best = min(decided, key=_rank, default=None)
        if best is None:
            undecided.append(cutout.pk)
            continue
        label = LABELS.get(TrailClass(best.trail_class), TrainingLabel.Label.NOTHING)
        decisions.append(Decided(cutout.pk, label, ends=ends_inside(best, cutout)))
    inbox.labels_write(SOURCE, decisions)
    inbox.labels_remove(SOURCE, undecided)


def ends_inside(candidate: Candidate, cutout: Cutout) -> Ends | None:
    """The part of the trail's straight line that the cutout shows, in its pixels; None without ends, or beside it."""
    ends = (candidate.end1_x, candidate.end1_y, candidate.end2_x, candidate.end2_y)
    if candidate.position_from == Candidate.Position.CUTOUT or None in ends:
        return None
    x1, y1, x2, y2 = (float(value or 0) for value in ends)
    return clip_line((x1, y1, x2, y2), Box(cutout.x0, cutout.y0, cutout.width, cutout.height))


def clip_line(line: Ends, box: Box) -> Ends | None:
    """The part of a line inside a box, counted from the box's corner (Liang & Barsky 1984, ACM TOG 3, 1)."""
    x1, y1 = line[0] - box.x0, line[1] - box.y0
    dx, dy = line[2] - line[0], line[3] - line[1]
    first, last = 0.0, 1.0
    for start, step, most in ((x1, dx, box.width - 1), (y1, dy, box.height - 1)):
        if step == 0 and not 0 <= start <= most:
            return None
        if step:
            near, far = sorted((-start / step, (most - start) / step))
            first, last = max(first, near), min(last, far)
    if first > last:
        return None
    return x1 + first * dx, y1 + first * dy, x1 + last * dx, y1 + last * dy


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    return candidate.state != Candidate.State.ACCEPTED, candidate.trail_class != TrailClass.ASTEROID


def _cutouts_of(candidate: Candidate) -> Iterable[int]:
    """The cutouts of the linked subjects, and the one that shows the trail's middle best."""
    linked = CandidateSubject.objects.filter(candidate=candidate).exclude(subject__cutout=None)
    cutouts = set(linked.values_list("subject__cutout", flat=True))
    return sorted(pk for pk in {*cutouts, cutout_shown(candidate)} if pk is not None)
