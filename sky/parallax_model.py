"""Where an object at a distance is seen from HST during a visit: the model behind the parallax fit.

Bernstein and Khushalani (2000, AJ 120, 3323) in the tangent plane, with the observer's path taken from the
Earth's straight motion at the epoch: the five parameters are the place (east, north; arcsec) and motion
(arcsec/h) seen from the Earth's centre at the epoch, and the parallax 1/distance (1/au). The unknown radial
motion is that of an object at rest along the line of sight; it changes nothing that is measured here (1 mas).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from sky.earth import earth_states
from sky.hst import ARCSEC_PER_RADIAN, AU_KM
from sky.tangent import TangentPlane, plane_about

Floats = NDArray[np.float64]
Observer = Callable[[Floats], Floats]
"""Geocentric ICRF positions (n, 3) in km at times (n,), MJD UTC."""

START, END, LINE, EDGE = "start", "end", "line", "edge"
ROLES = (START, END, LINE, EDGE)
HOURS_PER_DAY = 24.0
SUN_GM_AU3_H2 = 0.01720209895**2 / HOURS_PER_DAY**2
"""Gauss's constant squared, per hour squared."""
NODE_STEP_H = 30 / 3600
FASTEST_PARALLAX = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What one exposure shows of a trail: ``n`` points of its centre line, each with a role.

    ``start`` and ``end`` are the trail's ends and carry the exposure's times (in this order or, as no single
    trail tells, the other); ``line`` points and an ``edge`` (where the image ends before the trail) carry
    none. ``sigma_arcsec`` (n,) is the error of a point in each coordinate; ``across_arcsec`` that across the
    trail where it differs.
    """

    exposure: str
    start_mjd_utc: float
    end_mjd_utc: float
    ra_deg: Floats
    dec_deg: Floats
    sigma_arcsec: Floats
    roles: tuple[str, ...]
    across_arcsec: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One trace in the tangent plane. Times are hours from the visit's epoch, offsets arcseconds."""

    offsets: Floats
    along_sigma: Floats
    across_sigma: Floats
    roles: NDArray[np.str_]
    start_h: float
    end_h: float
    shift: CubicSpline
    """Less the observer's place (east, north, outward; au), from the Earth's straight motion at the epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Traces of one object in one or more exposures, brought into one tangent plane and one clock."""

    plane: TangentPlane
    epoch_mjd_utc: float
    earth_au: Floats
    earth_au_h: Floats
    seen: tuple[Seen, ...]
    axes: Floats = field(repr=False)

    def pull(self, parallax: float) -> Floats:
        """The Sun's pull (east, north, outward) on an object at a parallax, less that on the Earth, au/h^2."""
        distance = 1 / float(np.clip(parallax, 1 / 100, FASTEST_PARALLAX))
        place = self.earth_au + distance * self.axes[2]
        on_object = -SUN_GM_AU3_H2 * place / max(float(np.linalg.norm(place)), 0.05) ** 3
        return np.asarray(self.axes @ on_object)

    def path(self, seen: Seen, hours: Floats, parameters: Floats) -> tuple[Floats, Floats, Floats]:
        """Offsets (n, 2), speeds (n, 2; arcsec/h) and derivatives (n, 2, 5) by the parameters, at times (n,)."""
        parallax = parameters[4]
        pull, outward = self.pull(parallax), -float(self.earth_au_h @ self.axes[2])
        shift = seen.shift(hours) + 0.5 * pull * hours[:, None] ** 2
        shift[:, 2] += outward * hours
        moving = seen.shift(hours, 1) + pull * hours[:, None]
        depth = 1 + parallax * shift[:, 2]
        aside = ARCSEC_PER_RADIAN * shift[:, :2]
        offsets = (parameters[:2] + parameters[2:4] * hours[:, None] + parallax * aside) / depth[:, None]
        speeds = (parameters[2:4] + parallax * ARCSEC_PER_RADIAN * moving[:, :2]) / depth[:, None]
        by = np.zeros((hours.size, 2, 5))
        by[:, 0, 0] = by[:, 1, 1] = 1 / depth
        by[:, 0, 2] = by[:, 1, 3] = hours / depth
        by[:, :, 4] = (aside - offsets * shift[:, 2:]) / depth[:, None]
        return offsets, speeds, by


def visit_of(traces: Sequence[Trace], observer: Observer) -> Visit:
    """Prepare traces for the fit; the epoch is the mean of the exposures' middles.

    Raises
    ------
    ValueError
        There is no trace, ``observer`` refuses a time or gives no number for it.
    """
    if not traces:
        raise ValueError("There is no exposure with points.")
    plane = plane_about(np.concatenate([t.ra_deg for t in traces]), np.concatenate([t.dec_deg for t in traces]))
    epoch = float(np.mean([(t.start_mjd_utc + t.end_mjd_utc) / 2 for t in traces]))
    earth, velocity = earth_states(epoch)
    axes = plane.axes
    straight = (epoch, earth[0], velocity[0])
    seen = tuple(_seen(trace, plane, axes, straight, observer) for trace in traces)
    return Visit(plane, epoch, earth[0], velocity[0] / HOURS_PER_DAY, seen, axes)


def _seen(
    trace: Trace, plane: TangentPlane, axes: Floats, straight: tuple[float, Floats, Floats], observer: Observer
) -> Seen:
    epoch, earth, velocity = straight
    start, end = trace.start_mjd_utc - epoch, trace.end_mjd_utc - epoch
    count = int(np.clip(np.ceil((end - start) * HOURS_PER_DAY / NODE_STEP_H), 4, 2_000)) + 1
    days = np.linspace(start, end, count)
    curved = earth_states(epoch + days)[0] - earth - velocity * days[:, None]
    place = observer(epoch + days) / AU_KM + curved
    if not np.isfinite(place).all():
        raise ValueError(f"where the telescope was during exposure {trace.exposure} is not known")
    sigma = trace.sigma_arcsec
    across = sigma if trace.across_arcsec is None else trace.across_arcsec
    return Seen(
        offsets=plane.offsets_arcsec(trace.ra_deg, trace.dec_deg),
        along_sigma=sigma,
        across_sigma=across,
        roles=np.array(trace.roles),
        start_h=start * HOURS_PER_DAY,
        end_h=end * HOURS_PER_DAY,
        shift=CubicSpline(days * HOURS_PER_DAY, -place @ axes.T),
    )
