"""The distance that an object's motion suggests, were it one of the main belt. A prior, never a measurement.

Among simulated objects of the main belt that pass the place at the time (:mod:`sky.simulate.orbits`), those
that move like this one; their distances, weighted by how well they agree. It knows nothing of the trail's
shape, and is wrong for whatever is not of the main belt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.earth import earth_states
from sky.hst import direction
from sky.parallax import OPEN_BELOW, DistanceFit
from sky.simulate.orbits import apparent_motions

Floats = NDArray[np.float64]
NEAREST_SUN_AU, FARTHEST_SUN_AU = 1.7, 4.0
DRAWS, SEED = 40_000, 271_828
KERNELS = (0.04, 0.08, 0.16)
"""How far a motion may differ, as a share of it: the pool of orbits is finite. The next if too few agree."""
FEWEST_OBJECTS = 8.0
SIXTY_EIGHT = (0.1587, 0.5, 0.8413)


@dataclass(frozen=True, slots=True)
class IfMainBelt:
    """Median and 68 % interval of the distance (au), and how many simulated objects in effect it rests on."""

    distance_au: float
    interval_au: tuple[float, float]
    objects: float

    def as_dict(self) -> dict[str, object]:
        """Plain values, ready for JSON, with a warning among them."""
        return {
            "distance_au": self.distance_au,
            "distance_low_au": self.interval_au[0],
            "distance_high_au": self.interval_au[1],
            "objects": self.objects,
            "note": "from the motion alone, if this is an object of the main belt; not a measurement",
        }


def _agreement(parameters: Floats, covariance: Floats, parallaxes: Floats, motions: Floats, kernel: float) -> Floats:
    """Likelihood (n,) of the motion measured, given each object's parallax; the parallax itself does not count."""
    slope = covariance[2:4, 4] / max(float(covariance[4, 4]), 1e-30)
    expected = parameters[2:4] + slope * (parallaxes - parameters[4])[:, None]
    spread = covariance[2:4, 2:4] - np.outer(slope, covariance[4, 2:4])
    spread = spread + np.eye(2) * (kernel**2 * np.sum(motions**2, axis=1))[:, None, None]
    off = motions - expected
    size = np.einsum("nk,nkl,nl->n", off, np.linalg.inv(spread), off)
    return np.asarray(np.exp(-0.5 * size) / np.sqrt(np.linalg.det(spread)))


def distance_if_main_belt(fit: DistanceFit) -> IfMainBelt | None:
    """What the fitted motion would say of a main-belt object; None if nothing there moves like this.

    Where the direction is open, both count alike.
    """
    ra, dec = fit.place_deg
    drawn = apparent_motions(np.random.default_rng(SEED), ra, dec, fit.epoch_mjd_utc, DRAWS)
    objects, repeats = np.unique(np.column_stack(drawn), axis=0, return_counts=True)
    sun_au = np.linalg.norm(earth_states(fit.epoch_mjd_utc)[0] + objects[:, :1] * direction(ra, dec), axis=1)
    belt = (sun_au > NEAREST_SUN_AU) & (sun_au < FARTHEST_SUN_AU)
    objects, repeats = objects[belt], repeats[belt]
    readings = [(fit.parameters, fit.covariance)]
    if fit.delta_chi2 < OPEN_BELOW:
        readings.append((fit.other_parameters, fit.other_covariance))
    for kernel in KERNELS:
        weight = repeats * sum(_agreement(*one, 1 / objects[:, 0], objects[:, 1:], kernel) for one in readings)
        total = float(weight.sum())
        effective = total**2 / float(np.sum(weight**2)) if total > 1e-12 else 0.0
        if effective >= FEWEST_OBJECTS:
            break
    if effective < 3:
        return None
    order = np.argsort(objects[:, 0])
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / total
    low, middle, high = np.interp(SIXTY_EIGHT, share, objects[order, 0])
    return IfMainBelt(float(middle), (float(low), float(high)), effective)
