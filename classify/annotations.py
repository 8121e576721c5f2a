"""What a classification says, in Panoptes' form: the answer (T0), and the marked trails (T1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from classify.models import YES, Workflow

MOST_MARKS = 10
ENDS = ("x1", "y1", "x2", "y2")
SLACK = 0.05  # of the picture's sides: a mark that ends a little outside is honest
LARGEST_PICTURE = (16_384, 16_384)  # pixels; where a subject has no picture of ours
SHORTEST_MARK = 1.0


def answer_label(workflow: Workflow, answer: str) -> str:
    """The words of an answer.

    Raises
    ------
    ValidationError
        The workflow has no such answer.
    """
    for choice in workflow.answers:
        if choice["value"] == answer:
            return str(choice["label"])
    known = ", ".join(choice["value"] for choice in workflow.answers)
    raise ValidationError({"answer": _("“%(answer)s” is not one of: %(known)s.") % {"answer": answer, "known": known}})


def annotations_of(
    workflow: Workflow,
    answer: str,
    label: str,
    marks: Sequence[Mapping[str, float]],
    picture: tuple[int, int] | None = None,
) -> list[dict[str, Any]]:
    """The annotations of an answer and its marks, pixels of the subject's picture from its upper left corner;
    ``picture`` is its width and height.

    Raises
    ------
    ValidationError
        The marks do not belong to this answer or workflow, are too many, not finite, outside the picture, or no lines.
    """
    found: list[dict[str, Any]] = [{"task": "T0", "task_label": workflow.question, "value": label}]
    if not marks:
        return found
    if not workflow.marking or answer != YES:
        raise ValidationError({"marks": _("Marks belong to a “yes”, and to a workflow that asks for them.")})
    if len(marks) > MOST_MARKS:
        raise ValidationError({"marks": _("At most %d trails can be marked on one image.") % MOST_MARKS})
    lines = [_line(number, mark, picture or LARGEST_PICTURE) for number, mark in enumerate(marks, 1)]
    return [*found, {"task": "T1", "task_label": workflow.marking_question, "value": lines}]


def _line(number: int, mark: Mapping[str, float], picture: tuple[int, int]) -> dict[str, Any]:
    ends = {name: float(mark[name]) for name in ENDS}
    sides = zip(ends.values(), picture * 2, strict=True)
    if not all(math.isfinite(value) and -SLACK * side <= value <= (1 + SLACK) * side for value, side in sides):
        raise ValidationError({"marks": _("Mark %d lies outside the image.") % number})
    if math.hypot(ends["x2"] - ends["x1"], ends["y2"] - ends["y1"]) < SHORTEST_MARK:
        raise ValidationError({"marks": _("Both ends of mark %d are at the same place.") % number})
    return {"tool": 0, "tool_label": "Trail", "frame": int(mark.get("frame", 0)), "details": []} | ends
