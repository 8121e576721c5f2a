"""What the team says with a hashtag goes down into the models' inbox: #asteroid, #satellite, #arc, #nothing."""

from __future__ import annotations

from collections.abc import Collection

from accounts.models import Role
from classify.models import Subject
from ml.labels import Decided, labels_remove, labels_write
from ml.models import TrainingLabel
from talk.models import TagUse

LABELS = {
    "asteroid": TrainingLabel.Label.ASTEROID,
    "satellite": TrainingLabel.Label.SATELLITE,
    "arc": TrainingLabel.Label.ARC,
    "nothing": TrainingLabel.Label.NOTHING,
}
TEAM = (Role.SCIENTIST, Role.ADMIN)


def subject_label_write(subject_id: int | None, changed: Collection[str]) -> None:
    """Bring the label of a subject's cutout in line with the team's newest such hashtag, if any of them changed."""
    if subject_id is None or not LABELS.keys() & set(changed):
        return
    cutout_id = Subject.objects.values_list("cutout", flat=True).get(pk=subject_id)
    if cutout_id is None:
        return
    said = TagUse.objects.filter(subject=subject_id, tag__name__in=LABELS, comment__author__role__in=TEAM)
    newest = said.order_by("-comment", "-pk").values_list("tag__name", flat=True).first()
    if newest is None:
        labels_remove(TrainingLabel.Source.TALK, [cutout_id])
    else:
        labels_write(TrainingLabel.Source.TALK, [Decided(cutout_id, LABELS[newest])])
