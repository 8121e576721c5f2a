"""What people decided goes down into the models' inbox: one label per cutout whose voting ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from classify.models import NO, YES, Consensus, Workflow
from ml.labels import Decided, labels_remove, labels_write
from ml.models import TrainingLabel

LABELS = {YES: TrainingLabel.Label.ASTEROID, NO: TrainingLabel.Label.NOTHING}


def consensus_labels_write(rows: Iterable[Consensus], workflow: Workflow) -> None:
    """Label the cutouts of these consensuses that are retired.

    The weight is the posterior of the votes alone: a model must not learn from its own score. What people could
    not tell, and what the model's score retired, is no decision of theirs.
    """
    decided, undecided = [], []
    for row in rows:
        if row.state != Consensus.State.RETIRED or row.subject.cutout_id is None:
            continue
        p_yes, p_unsure = row.p_yes or 0.0, row.p_unsure or 0.0
        p_no = 1 - p_yes - p_unsure
        if row.retirement_reason == Consensus.Reason.MODEL or p_unsure > max(p_yes, p_no):
            undecided.append(row.subject.cutout_id)
            continue
        label = LABELS[YES if p_yes > p_no else NO]
        drawn = row.shuffle < workflow.low_score_share
        decided.append(Decided(row.subject.cutout_id, label, weight=max(p_yes, p_no), drawn=drawn))
    labels_write(TrainingLabel.Source.CONSENSUS, decided)
    if undecided:
        labels_remove(TrainingLabel.Source.CONSENSUS, undecided)


def known_labels_write(rows: Iterable[Consensus], answers: Mapping[int, str]) -> None:
    """Label the cutouts whose answer an expert gave as known; ``answers`` by subject."""
    cutouts = {row.subject_id: row.subject.cutout_id for row in rows}
    decided = [
        Decided(cutout_id, LABELS[answer])
        for subject_id, answer in answers.items()
        if answer in LABELS and (cutout_id := cutouts.get(subject_id)) is not None
    ]
    labels_write(TrainingLabel.Source.GOLD, decided)
