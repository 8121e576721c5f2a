"""Is a trail a known object? Ranks those near it by how well place, direction, length and brightness agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.hst import ARCSEC_PER_RADIAN, AU_KM
from sky.known import Crossings
from sky.tangent import TangentPlane

Floats = NDArray[np.float64]
FORWARD, REVERSE = "forward", "reverse"


@dataclass(frozen=True, slots=True)
class Trail:
    """The two ends of a trail, degrees, in either order. ``v_mag``: its brightness in V, if measured.

    ``cut_first``, ``cut_second``: that end lies on the picture's edge, so the object went on from there.
    """

    ra1_deg: float
    dec1_deg: float
    ra2_deg: float
    dec2_deg: float
    v_mag: float | None = None
    cut_first: bool = False
    cut_second: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a known object is taken for the trail. Angles in degrees, places in arcseconds.

    ``place`` or ``sigmas`` times the orbit's uncertainty, whichever is more; an object that agrees in all but place,
    up to ``possible`` (or ``sigmas``, at most ``possible_most``), is a near miss, for a person to judge.
    """

    place: float = 2.0
    sigmas: float = 3.0
    angle: float = 5.0
    length_share: float = 0.10
    magnitude: float = 1.5
    possible: float = 60.0
    possible_most: float = 330.0
    measuring: float = 0.2
    """How well an end is placed: what the direction and the length of a short trail are worth."""


@dataclass(frozen=True, slots=True)
class Match:
    """One known object beside one trail. Residuals are trail minus prediction, arcseconds, along and across the motion.

    ``direction``: whether the object moved from the first end to the second, or back. ``accepted``: within all
    thresholds; otherwise it is a near miss. ``score``: root of the mean square of what it is off by, each in units of
    its threshold; 0 is perfect, and those accepted are below 1.
    """

    index: int
    designation: str
    accepted: bool
    direction: str
    along_start: float
    across_start: float
    along_end: float
    across_end: float
    angle_deg: float
    length_ratio: float
    v_mag: float | None
    v_residual: float | None
    rate_arcsec_h: float
    spread_arcsec: float
    score: float

    @property
    def separation_arcsec(self) -> float:
        """The larger of the distances at both ends."""
        return max(
            float(np.hypot(self.along_start, self.across_start)), float(np.hypot(self.along_end, self.across_end))
        )


def matches(
    trail: Trail,
    near: Crossings,
    *,
    exposure_s: float,
    observer_error_km: float = 0.0,
    thresholds: Thresholds | None = None,
) -> list[Match]:
    """Known objects that may be the trail, best first: accepted ones, then near misses. Empty: checked, none found.

    Parameters
    ----------
    near : the known objects about the field, from :func:`sky.known.known_near`
    observer_error_km : how wrong the observer's place may be; it widens what is allowed for the near ones
    """
    limits = thresholds or Thresholds()
    found = []
    for index in range(len(near)):
        ways = [_compared(trail, near, index, way, exposure_s, observer_error_km, limits) for way in (True, False)]
        if kept := [match for match in ways if match is not None]:
            found.append(min(kept, key=lambda match: (not match.accepted, match.score)))
    return sorted(found, key=lambda match: (not match.accepted, match.score))


def _compared(
    trail: Trail, near: Crossings, index: int, forward: bool, exposure_s: float, error_km: float, limits: Thresholds
) -> Match | None:
    """The object beside the trail in one direction of motion; None where it is no near miss."""
    start, end = near.start, near.end
    plane = TangentPlane(float(start.ra_deg[index]), float(start.dec_deg[index]))
    predicted = plane.offsets_arcsec(
        [start.ra_deg[index], end.ra_deg[index]], [start.dec_deg[index], end.dec_deg[index]]
    )
    seen = plane.offsets_arcsec([trail.ra1_deg, trail.ra2_deg], [trail.dec1_deg, trail.dec2_deg])
    cut = np.array([trail.cut_first, trail.cut_second])
    if not forward:
        seen, cut = seen[::-1], cut[::-1]
    if not np.isfinite(seen).all():
        return None
    observer = error_km / AU_KM / max(float(start.delta_au[index]), 0.001) * ARCSEC_PER_RADIAN
    way, path = predicted[1] - predicted[0], seen[1] - seen[0]
    moved, length = float(np.hypot(*way)), float(np.hypot(*path))
    ahead = way / moved if moved > 0 else np.array([1.0, 0.0])
    off = seen - predicted
    along, across = off @ ahead, off @ np.array([-ahead[1], ahead[0]])
    # An end on the edge has no time: the object may be anywhere ahead of it, or behind.
    along_counted = _along_counted(along, cut, moved)
    separation = float(np.hypot(along_counted, across).max())
    allowed = max(limits.place, limits.sigmas * float(near.spread_arcsec[index])) + observer
    slack = limits.measuring + observer
    angle = float(np.degrees(np.abs(np.arctan2(ahead[0] * path[1] - ahead[1] * path[0], float(ahead @ path)))))
    angle_limit = limits.angle + float(np.degrees(np.arctan2(2 * slack, max(length, moved))))
    length_limit = limits.length_share * moved + 2 * slack
    v_mag = float(start.v_mag[index])
    v_residual = trail.v_mag - v_mag if trail.v_mag is not None and np.isfinite(v_mag) else None
    terms = [separation / allowed, angle / angle_limit]
    if not cut.any():
        terms.append(abs(length - moved) / length_limit)
    if v_residual is not None:
        terms.append(abs(v_residual) / limits.magnitude)
    widest = (
        max(limits.possible, min(limits.sigmas * float(near.spread_arcsec[index]), limits.possible_most)) + observer
    )
    # Only the place may be off by more than its limit, for a near miss.
    if separation > max(widest, allowed) or any(term > 1 for term in terms[1:]):
        return None
    return Match(
        index=index,
        designation=str(near.orbits.designation[index]),
        accepted=all(term <= 1 for term in terms),
        direction=FORWARD if forward else REVERSE,
        along_start=float(along[0]), across_start=float(across[0]),
        along_end=float(along[1]), across_end=float(across[1]),
        angle_deg=angle,
        length_ratio=length / moved if moved > 0 else float("inf"),
        v_mag=v_mag if np.isfinite(v_mag) else None,
        v_residual=v_residual,
        rate_arcsec_h=moved / exposure_s * 3600,
        spread_arcsec=float(near.spread_arcsec[index]),
        score=float(np.sqrt(np.mean(np.square(terms)))),
    )  # fmt: skip


def _along_counted(along: Floats, cut: NDArray[np.bool_], moved: float) -> Floats:
    """What of the residuals along the motion counts: nothing at an end on the edge, if it lies on the way."""
    counted = along.copy()
    if cut[0]:
        counted[0] = min(along[0], 0.0) + max(along[0] - moved, 0.0)
    if cut[1]:
        counted[1] = max(along[1], 0.0) + min(along[1] + moved, 0.0)
    return counted
