"""Training subjects among the others: how often, which ones, and what is said after the answer."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classify.models import YES, Classification, KnownAnswer, Workflow

FIRST, SOME = 15, 40  # answers after which training subjects become fewer (as in Space Warps: Marshall et al. 2016)
MARK_TOLERANCE = 0.06  # of the picture's diagonal: how far a marked end may lie from the true one

Line = Sequence[float]


def training_chance(workflow: Workflow, seen: int) -> float:
    """The share of training subjects among what a person with so many answers in the workflow gets next, 0 to 1."""
    if seen < FIRST:
        return workflow.training_first
    if seen < SOME:
        return math.sqrt(workflow.training_first * workflow.training_later)
    return workflow.training_later


def training_draw(workflow: Workflow, *, seen: int, n: int) -> int:
    """How many of the next ``n`` subjects are to be training subjects; drawn, so that nobody can count them out."""
    chance = training_chance(workflow, seen)
    return sum(random.random() < chance for _ in range(n))


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person learns after answering a training subject. ``marks_right``: None where nothing was to be marked."""

    known: KnownAnswer
    right: bool
    marks_right: bool | None
    your_marks: list[list[float]]


def feedback_of(classification: Classification, known: KnownAnswer) -> Feedback:
    """Whether an answer was right, and whether its marks lie on a trail; the same however often it is asked."""
    marks = [
        [mark["x1"], mark["y1"], mark["x2"], mark["y2"]]
        for annotation in classification.annotations
        if annotation["task"] == "T1"
        for mark in annotation["value"]
    ]
    right = classification.answer == known.answer
    judged = bool(marks) and right and known.answer == YES and bool(known.marks)
    cutout = known.subject.cutout
    reach = MARK_TOLERANCE * math.hypot(cutout.width, cutout.height) if cutout else 0.0
    on_trail = any(_same(mark, trail, reach) for mark in marks for trail in known.marks) if judged else None
    return Feedback(known, right, on_trail, marks)


def _same(mark: Line, trail: Line, reach: float) -> bool:
    """Whether both ends of a mark lie near those of a trail, whichever end came first."""
    ends = (mark[:2], mark[2:]), (trail[:2], trail[2:])
    (a, b), (p, q) = ends
    return min(max(math.dist(a, p), math.dist(b, q)), max(math.dist(a, q), math.dist(b, p))) <= reach


def feedback_metadata(known: KnownAnswer, right: bool) -> dict[str, Any]:
    """The same in Zooniverse's form, for the classification's metadata."""
    rule = {"id": str(known.pk), "answer": known.answer, "strategy": "singleAnswerQuestion", "success": right}
    return {"T0": [rule]}
