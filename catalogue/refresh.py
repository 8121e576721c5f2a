"""From a vote or a score to a candidate: what is left to do is derived from rows, and twice is once.

A tile that people (or the model) say shows a trail is a *finding*. Its trail is measured on the whole exposure, and
becomes a candidate, or joins the one that other tiles made of the same trail. One run goes at a time, so that
two workers never make two candidates of one trail. A finding that fails is put off, and keeps no other waiting.
"""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from astropy.wcs import WCS
from django.db import InterfaceError, OperationalError, transaction
from numpy.typing import NDArray

from archive.locks import Busy, one_at_a_time, patience
from archive.models import Exposure
from archive.renderings import exposure_pixels, exposure_wcs
from archive.tiling import Box
from catalogue.findings import (
    Finding,
    findings_by_consensus,
    findings_by_model,
    mark_done,
    pass_over,
    try_begin,
    try_failed,
)
from catalogue.from_talk import trails_among
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
from catalogue.models import Candidate, CandidateSubject, FindingTry, ScoreCheck
from classify.consensus import subjects_close
from classify.models import Consensus
from ml.models import Score
from sky.trail import Trail, same_trail
from sky.wcs import centre_deg, pixel_scale_arcsec

log = logging.getLogger(__name__)
LOCK = "catalogue candidates"
FINDINGS_PER_RUN = 40
USUAL_WIDTH_PX = 3.0
PASSING_SHARE = 0.2


@dataclass
class _OpenExposure:
    """An exposure at work: its pixels are read once for all its findings. What is damaged is None."""

    exposure: Exposure

    @cached_property
    def wcs(self) -> WCS | None:
        try:
            wcs = exposure_wcs(self.exposure)
            middle = centre_deg(wcs, (self.exposure.height, self.exposure.width))
            if not np.isfinite([*middle, pixel_scale_arcsec(wcs)]).all():
                raise ValueError("The coordinate system places nothing on the sky.")
        except (ValueError, TypeError):  # astropy meets some damaged headers with a TypeError
            self._damaged()
            return None
        return wcs

    @cached_property
    def pixels(self) -> NDArray[np.float32] | None:
        try:
            return exposure_pixels(self.exposure)
        except (OSError, ValueError):
            self._damaged()
            return None

    def _damaged(self) -> None:
        log.exception("exposure %s cannot be read; its candidates get the place of their cutouts", self.exposure.pk)


def candidates_refresh(*, limit: int = FINDINGS_PER_RUN, within_s: float = math.inf, wait: bool = True) -> int:
    """Look at what the voting and the active model ended with since the last time; how many findings were looked at.

    Safe to run at any time and again after a crash: one process at a time does it. Decided candidates are never
    changed back: further tiles of their trail are only linked. A finding that fails is logged and tried again later.

    Parameters
    ----------
    limit : how many findings at most
    within_s : after so many seconds none is begun any more; the first always is
    wait : while another process runs: wait for it, or leave it at that (0)
    """
    try:
        with one_at_a_time(LOCK, waiting=patience(math.inf if wait else 0)):
            return _refresh(limit, time.monotonic() + within_s)
    except Busy:
        return 0


def _refresh(limit: int, until: float) -> int:
    pass_over()
    findings = findings_by_consensus(limit)
    if len(findings) < limit:
        findings += findings_by_model(limit - len(findings))
    by_exposure: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_exposure[finding.cutout.exposure_id].append(finding)
    looked_at = 0
    for group in by_exposure.values():
        opened = _OpenExposure(group[0].cutout.exposure)
        for finding in group:
            if looked_at and time.monotonic() > until:
                return looked_at
            _look_at(finding, opened)
            looked_at += 1
    return looked_at


def candidates_look_again() -> int:
    """Forget what was looked at, so that the next refreshes see it all again (after a threshold was changed)."""
    FindingTry.objects.all().delete()
    ScoreCheck.objects.all().delete()
    return Consensus.objects.filter(state=Consensus.State.RETIRED).update(candidates_checked_at=None)


def _look_at(finding: Finding, opened: _OpenExposure) -> None:
    """One finding, wholly or not at all."""
    attempt = try_begin(finding)
    try:
        with transaction.atomic():
            _candidates_of(finding, opened)
            mark_done(finding)
    except (OperationalError, InterfaceError):
        raise  # the database's trouble, not the finding's: no use in going on
    except Exception as error:
        log.exception("no candidate could be made of %s; try %s", attempt, attempt.attempts)
        try_failed(attempt, error)


def _candidates_of(finding: Finding, opened: _OpenExposure) -> None:
    """Measure what the tile shows; make candidates of it or link it to those that are there."""
    cutout = finding.cutout
    box = Box(cutout.x0, cutout.y0, cutout.width, cutout.height)
    ends = _ends_of(finding.score, box)
    measured = _measure(opened, box, ends)
    # Read after the seconds that measuring takes, and locked: what the team decided meanwhile is seen.
    rows = Candidate.objects.select_for_update(no_key=True).filter(exposure=opened.exposure)
    known = trails_among(rows.order_by("created_at", "id"))
    for trail, place in measured:
        same = next((one for one in known if _is_same(one, trail)), None)
        same = same or next((one for one in known if _stood_in_for(one, box)), None)
        if same is None and not is_clear(trail):
            # Rather the trail that is known to run through this tile than a faint new one beside it.
            same = next((one for one in known if _passes(one, box)), None)
        if same is None:
            known.append(_create(finding, opened.exposure, place))
        else:
            _join(finding, same, place)
    if measured:
        return
    rough = _rough_place(finding, opened, box, ends)
    near = next((one for one in known if _passes(one, box)), None)
    if near is None:
        _create(finding, opened.exposure, rough)
    else:
        _join(finding, near, rough)


def _measure(opened: _OpenExposure, box: Box, ends: Ends | None) -> list[tuple[Trail, Place]]:
    """The tile's trails; none when pixels or WCS are gone or so odd that it fails: the tile is still a finding."""
    if opened.wcs is None or opened.pixels is None:
        return []
    try:
        return [(trail, place_of_trail(trail, opened.wcs)) for trail in trails_in(opened.pixels, box, ends)]
    except (ValueError, ArithmeticError, IndexError):
        log.exception("no trail could be measured in exposure %s, %s", opened.exposure.pk, box)
        return []


def _rough_place(finding: Finding, opened: _OpenExposure, box: Box, ends: Ends | None) -> Place:
    """Where the model says that it is, else the middle of the cutout, which was placed when it was cut."""
    if ends is not None and opened.wcs is not None:
        try:
            return place_of_ends(ends, opened.wcs)
        except (ValueError, ArithmeticError):
            log.exception("the model's ends have no place in exposure %s, %s", opened.exposure.pk, box)
    return place_of_box(box, finding.cutout.ra_deg, finding.cutout.dec_deg, opened.exposure.pixel_scale_arcsec)


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
        p_model=finding.score.p_asteroid if finding.score else None,
        **(asdict(place) | {"curve": [list(point) for point in place.curve]}),
    )
    _link(finding, made)
    return made


def _join(finding: Finding, candidate: Candidate, place: Place) -> None:
    """Link the tile; raise the score to the best tile's; a measured place replaces an estimated one."""
    p_model = finding.score.p_asteroid if finding.score else None
    changes: dict[str, Any] = {"p_model": _greater(candidate.p_model, p_model)}
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
        if candidate.state == Candidate.State.ACCEPTED:
            subjects_close([finding.subject_id])  # the find is public already
