"""Several frames of one subject: other exposures of its visit, or stretches of its own, to blink or see side by side.

Other exposures are found when subjects are published and kept with them, so that asking for the next subject need not
look for any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from archive.frames import frames_of_visit, visit_observations
from archive.models import Cutout
from archive.selectors import cutout_viewer
from classify.models import Consensus, KnownAnswer, Subject, SubjectFrame, Workflow
from jobs.registry import JobRun, job_kind

FIND = "workflow_frames"
BATCH = 500
UNMOVED = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
STRETCHES = ("faint", "normal", "bright")


@transaction.atomic
def frames_find(subject_ids: Collection[int]) -> None:
    """Look anew for other exposures of these subjects, and of all others of their visits. Safe to repeat."""
    cutouts = Subject.objects.filter(pk__in=subject_ids, cutout__isnull=False).values_list("cutout_id", flat=True)
    for observations in visit_observations([pk for pk in cutouts if pk is not None]):
        _visit_write(observations)


def _visit_write(observations: Collection[int]) -> None:
    found = dict(frames_of_visit(observations))
    subjects = dict(Subject.objects.filter(cutout__in=found).values_list("cutout_id", "pk"))
    wanted = [
        SubjectFrame(subject_id=subjects[cutout_id], cutout_id=frame.cutout_id, affine=list(frame.affine))
        for cutout_id, frames in sorted(found.items())
        if cutout_id in subjects
        for frame in sorted(frames, key=lambda one: one.cutout_id)
    ]
    keys = {(frame.subject_id, frame.cutout_id) for frame in wanted}
    there = SubjectFrame.objects.filter(subject__in=subjects.values()).values_list("pk", "subject_id", "cutout_id")
    SubjectFrame.objects.filter(pk__in=[pk for pk, *key in there if tuple(key) not in keys]).delete()
    SubjectFrame.objects.bulk_create(
        wanted, update_conflicts=True, unique_fields=["subject", "cutout"], update_fields=["affine"]
    )


@job_kind(FIND)
def find(run: JobRun) -> dict[str, Any]:
    """Find the frames of all subjects of a workflow, training subjects too: they must look like the others."""
    workflow = run.arguments["workflow"]
    shown, trained = (rows.objects.filter(workflow=workflow) for rows in (Consensus, KnownAnswer))
    total, done = shown.count() + trained.count(), 0
    for rows in (shown, trained):
        for ids in _pages(rows):
            frames_find(ids)
            done += len(ids)
            run.progress(done=done, total=max(total, done))
    return {"subjects": done}


def _pages(rows: Any) -> Iterator[list[int]]:
    last = 0
    while page := list(rows.filter(subject__gt=last).order_by("subject").values_list("subject", flat=True)[:BATCH]):
        last = page[-1]
        yield page


def frames_added(workflow: Workflow, views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Views of subjects, each with the ``frames`` that its workflow shows; none where there is only one picture."""
    if workflow.frames == Workflow.Frames.STRETCHES:
        for view in views:
            view["frames"] = stretches(view) if "image" in view else []
        return views
    exposures = workflow.frames == Workflow.Frames.EXPOSURES
    found = exposure_frames([view["id"] for view in views]) if exposures else {}
    for view in views:
        view["frames"] = _with_own(view, found.get(view["id"], []))
    return views


def subject_frames(view: dict[str, Any]) -> list[dict[str, Any]]:
    """The other exposures of one subject, whatever workflow they were found for, with its own among them."""
    return _with_own(view, exposure_frames([view["id"]]).get(view["id"], []))


def stretches(view: dict[str, Any]) -> list[dict[str, Any]]:
    """The same picture three times; the browser makes the other two from its 16-bit values."""
    names = {"faint": gettext("Faint"), "normal": gettext("Normal"), "bright": gettext("Bright")}
    return [
        _frame(view, name=names[stretch], own=stretch == "normal", affine=UNMOVED) | {"stretch": stretch}
        for stretch in STRETCHES
    ]


def exposure_frames(subject_ids: Iterable[int]) -> dict[int, list[SubjectFrame]]:
    """The frames that were found for subjects, in the order of time; one statement."""
    rows = SubjectFrame.objects.filter(subject__in=subject_ids).select_related("cutout__exposure__observation")
    rows = rows.defer("cutout__footprint", "cutout__exposure__wcs", "cutout__exposure__footprint")
    own = {
        "own_start": F("subject__cutout__exposure__start"),
        "own_filter": F("subject__cutout__exposure__filter_name"),
    }
    found: dict[int, list[SubjectFrame]] = defaultdict(list)
    for row in rows.annotate(**own).order_by("cutout__exposure__start", "pk"):
        found[row.subject_id].append(row)
    return found


def _with_own(view: dict[str, Any], others: list[Any]) -> list[dict[str, Any]]:
    """The frames of a subject with its own picture at its place in time; none where there are no others."""
    if not others:
        return []
    first = others[0]
    filters = {first.own_filter, *(row.cutout.exposure.filter_name for row in others)}
    shown = [
        (
            row.cutout.exposure.start,
            _frame(cutout_viewer(row.cutout), name=_name(row.cutout, filters), own=False, affine=row.affine),
        )
        for row in others
    ]
    name = _words(first.own_start, first.own_filter, filters)
    shown.append((first.own_start, _frame(view, name=name, own=True, affine=UNMOVED)))
    return [frame for _, frame in sorted(shown, key=lambda pair: pair[0])]


def _name(cutout: Cutout, filters: set[str]) -> str:
    return _words(cutout.exposure.start, cutout.exposure.filter_name, filters)


def _words(start: Any, filter_name: str, filters: set[str]) -> str:
    """When an exposure began (UTC), and its filter where they differ."""
    return f"{start:%H:%M:%S} {filter_name if len(filters) > 1 else ''}".strip()


def _frame(view: dict[str, Any], *, name: str, own: bool, affine: list[float]) -> dict[str, Any]:
    fields = ("image", "rg16", "rg16_zero", "rg16_scale", "low", "high", "width", "height")
    return {"name": name, "own": own, "stretch": "", "affine": affine} | {field: view[field] for field in fields}
