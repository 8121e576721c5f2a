"""From a vote or a score to a candidate: what is left to do is derived from rows, and twice is once.

A tile that people (or the model) say shows a trail is a *finding*. Its trail is measured on the whole exposure, and
becomes a candidate, or joins the one that other tiles made of the same trail. Work on one exposure is done
under a lock on its row that others step over, so that two workers never make two candidates of one trail.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from astropy.wcs import WCS
from django.db import transaction
from numpy.typing import NDArray

from archive.models import Exposure
from archive.renderings import exposure_pixels, exposure_wcs
from archive.tiling import Box
from catalogue.findings import (
    Finding,
    findings_by_consensus,
    findings_by_model,
    is_done,
    mark_done,
    pass_over,
)
from catalogue.labels import labels_write
from catalogue.locating import (
    MODEL_SIGMA_PX,
    Ends,
    Place,
    is_clear,
    place_of_box,
    place_of_ends,
    place_of_trail,
    share_inside,
    trail_of,
    trails_in,
)
from catalogue.models import Candidate, CandidateSubject, ScoreCheck
from classify.models import Consensus
from ml.models import Score
from sky.trail import Trail, same_trail

log = logging.getLogger(__name__)
FINDINGS_PER_RUN = 40
USUAL_WIDTH_PX = 3.0
PASSING_SHARE = 0.2


@dataclass
class _OpenExposure:
    """An exposure at work: its pixels are read once for all its findings."""

    exposure: Exposure
    wcs: WCS = field(init=False)
    pixels: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        self.wcs = exposure_wcs(self.exposure)
        try:
            self.pixels = exposure_pixels(self.exposure)
        except (OSError, ValueError):
            log.exception("exposure %s cannot be read; its candidates get the place of their cutouts", self.exposure.pk)


def candidates_refresh(*, limit: int = FINDINGS_PER_RUN) -> int:
    """Look at what the voting and the active model ended with since the last time; how many findings were done.

    Safe to run at any time, by several workers, and again after a crash. Decided candidates are never changed
    back: further tiles of their trail are only linked.
    """
    pass_over()
    findings = findings_by_consensus(limit)
    if len(findings) < limit:
        findings += findings_by_model(limit - len(findings))
    by_exposure: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_exposure[finding.cutout.exposure_id].append(finding)
    return sum(_work_on(group) for group in by_exposure.values())


def candidates_look_again() -> int:
    """Forget what was looked at, so that the next refreshes see it all again (after a threshold was changed)."""
    ScoreCheck.objects.all().delete()
    return Consensus.objects.filter(state=Consensus.State.RETIRED).update(candidates_checked_at=None)


def _work_on(group: list[Finding]) -> int:
    """All findings of one exposure, each in its own transaction."""
    opened: _OpenExposure | None = None
    done = 0
    for finding in group:
        with transaction.atomic():
            # NO KEY: cutouts and others that point at the exposure may come meanwhile.
            rows = Exposure.objects.select_for_update(skip_locked=True, no_key=True)
            exposure = rows.filter(pk=finding.cutout.exposure_id).first()
            if exposure is None:
                break  # another worker is at it
            if is_done(finding):
                continue
            opened = opened or _OpenExposure(exposure)
            _candidates_of(finding, opened)
            mark_done(finding)
            done += 1
    return done


def _candidates_of(finding: Finding, opened: _OpenExposure) -> None:
    """Measure what the tile shows; make candidates of it or link it to those that are there."""
    cutout = finding.cutout
    box = Box(cutout.x0, cutout.y0, cutout.width, cutout.height)
    ends = _ends_of(finding.score, box)
    known = list(Candidate.objects.filter(exposure=opened.exposure).order_by("created_at", "id"))
    trails = _measure(opened, box, ends)
    for trail in trails:
        place = place_of_trail(trail, opened.wcs)
        same = next((one for one in known if _is_same(one, trail)), None)
        same = same or next((one for one in known if _stood_in_for(one, box)), None)
        if same is None and not is_clear(trail):
            # Rather the trail that is known to run through this tile than a faint new one beside it.
            same = next((one for one in known if _passes(one, box)), None)
        if same is None:
            known.append(_create(finding, opened.exposure, place))
        else:
            _join(finding, same, place)
    if trails:
        return
    rough = place_of_ends(ends, opened.wcs) if ends else place_of_box(box, opened.wcs)
    near = next((one for one in known if _passes(one, box)), None)
    if near is None:
        _create(finding, opened.exposure, rough)
    else:
        _join(finding, near, rough)


def _measure(opened: _OpenExposure, box: Box, ends: Ends | None) -> list[Trail]:
    """The tile's trails; none when the pixels are gone or so odd that the fit fails: the tile is still a finding."""
    if opened.pixels is None:
        return []
    try:
        return trails_in(opened.pixels, box, ends)
    except (ValueError, ArithmeticError, IndexError):
        log.exception("no trail could be measured in exposure %s, %s", opened.exposure.pk, box)
        return []


def _ends_of(score: Score | None, box: Box) -> Ends | None:
    """The model's ends in pixels of the exposure, if it gave both, apart from each other."""
    if score is None or None in (score.end1_x, score.end1_y, score.end2_x, score.end2_y):
        return None
    end1 = (float(score.end1_x or 0) + box.x0, float(score.end1_y or 0) + box.y0)
    end2 = (float(score.end2_x or 0) + box.x0, float(score.end2_y or 0) + box.y0)
    return (end1, end2) if np.hypot(end2[0] - end1[0], end2[1] - end1[1]) >= 4 else None


def _is_same(candidate: Candidate, trail: Trail) -> bool:
    if candidate.curve:
        return same_trail(trail_of(candidate.curve, candidate.width_fwhm_px or USUAL_WIDTH_PX), trail)
    if candidate.position_from != Candidate.Position.MODEL:
        return False
    ends = np.array([[candidate.end1_x, candidate.end1_y], [candidate.end2_x, candidate.end2_y]], dtype=np.float64)
    line = np.linspace(ends[0], ends[1], 41)
    return same_trail(trail_of(line.tolist(), 2 * MODEL_SIGMA_PX), trail)


def _stood_in_for(candidate: Candidate, box: Box) -> bool:
    """Whether the candidate is this very tile's, made when no trail could be measured in it."""
    x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    at_middle = abs(candidate.mid_x - x) < 1 and abs(candidate.mid_y - y) < 1
    return candidate.position_from == Candidate.Position.CUTOUT and at_middle


def _passes(candidate: Candidate, box: Box) -> bool:
    """Whether a good part of the candidate's trail runs through the tile."""
    if candidate.position_from == Candidate.Position.CUTOUT:
        return _stood_in_for(candidate, box)
    points = np.array(candidate.curve or [(candidate.mid_x, candidate.mid_y)])
    return share_inside(points, box) >= PASSING_SHARE


def _create(finding: Finding, exposure: Exposure, place: Place) -> Candidate:
    made = Candidate.objects.create(
        exposure=exposure,
        source=finding.source,
        p_yes=finding.p_yes,
        p_model=finding.score.p_asteroid if finding.score else None,
        **(asdict(place) | {"curve": [list(point) for point in place.curve]}),
    )
    _link(finding, made)
    return made


def _join(finding: Finding, candidate: Candidate, place: Place) -> None:
    """Link the tile; raise the probabilities to the best tile's; a measured place replaces an estimated one."""
    p_model = finding.score.p_asteroid if finding.score else None
    changes: dict[str, Any] = {
        "p_yes": _greater(candidate.p_yes, finding.p_yes),
        "p_model": _greater(candidate.p_model, p_model),
    }
    if finding.source == Candidate.Source.CONSENSUS:
        changes["source"] = Candidate.Source.CONSENSUS
    pending = candidate.state == Candidate.State.PENDING
    if pending and place.position_from == "fit" and candidate.position_from != Candidate.Position.FIT:
        changes |= asdict(place) | {"curve": [list(point) for point in place.curve]}
    _link(finding, candidate)
    if not pending:
        labels_write(candidate)  # of the tile that came late; the decision stands as it is
        return
    for name, value in changes.items():
        setattr(candidate, name, value)
    candidate.save(update_fields=[*changes, "updated_at"])


def _greater(a: float | None, b: float | None) -> float | None:
    return max((value for value in (a, b) if value is not None), default=None)


def _link(finding: Finding, candidate: Candidate) -> None:
    if finding.subject_id is not None:
        CandidateSubject.objects.get_or_create(candidate=candidate, subject_id=finding.subject_id)
