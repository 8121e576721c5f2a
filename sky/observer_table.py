"""Where an observer was, from a table of positions: interpolated where that is safe, refused elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.times import SECONDS_PER_DAY

Floats = NDArray[np.float64]
WIDEST_STEP_S = 600.0
"""A tenth of HST's orbit. Eight rows 5 minutes apart give a place to 0.1 km, four of them to 3 km; 10 minutes apart
to 10 km, which moves an object at 1 au by 0.014 arcseconds."""
BEYOND_S = 120.0
"""Farthest from the first or last row, and no farther than the rows are from each other."""
POINTS, FEWEST_POINTS = 8, 4


@dataclass(frozen=True, slots=True, eq=False)
class ObserverTable:
    """Geocentric ICRF positions (n, 3) in km at rising times (n,), MJD UTC. Call it with times to have places."""

    mjd_utc: Floats
    position_km: Floats

    def __call__(self, mjd_utc: Floats) -> Floats:
        """Positions (m, 3) in km by Lagrange's polynomial through the eight rows around each time.

        Raises
        ------
        ValueError
            A time is in a gap of more than 10 minutes, further than a step (or 2 minutes) outside the rows, or in a
            stretch of fewer than four rows.
        """
        times = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64))
        gaps = np.flatnonzero(np.diff(self.mjd_utc) * SECONDS_PER_DAY > WIDEST_STEP_S * (1 + 1e-6))
        firsts = np.concatenate([[0], gaps + 1])
        lasts = np.concatenate([gaps, [self.mjd_utc.size - 1]])
        first_at, last_at = self.mjd_utc[firsts], self.mjd_utc[lasts]
        steps = (last_at - first_at) / np.maximum(lasts - firsts, 1)
        margin = np.minimum(steps, BEYOND_S / SECONDS_PER_DAY)
        which = np.maximum(np.searchsorted(first_at - margin, times, side="right") - 1, 0)
        outside = (times < first_at[which] - margin[which]) | (times > last_at[which] + margin[which])
        short = lasts[which] - firsts[which] + 1 < FEWEST_POINTS
        if np.any(outside | short):
            at = float(times[np.flatnonzero(outside | short)[0]])
            raise ValueError(
                f"the observer's table has no rows around MJD {at:.6f}: it needs at least {FEWEST_POINTS}, "
                f"none more than {WIDEST_STEP_S / 60:.0f} minutes from the next, from before to after it"
            )
        out = np.empty((times.size, 3))
        for segment in np.unique(which):
            here = which == segment
            rows = slice(int(firsts[segment]), int(lasts[segment]) + 1)
            out[here] = _lagrange(self.mjd_utc[rows], self.position_km[rows], times[here])
        return out


def _lagrange(at: Floats, values: Floats, wanted: Floats) -> Floats:
    """Values (m, 3) at ``wanted`` (m,) through the nearest eight of ``at`` (n,), or all when there are fewer."""
    count = min(POINTS, at.size)
    first = np.clip(np.searchsorted(at, wanted) - count // 2, 0, at.size - count)
    rows = first[:, None] + np.arange(count)
    nodes = (at[rows] - wanted[:, None]) * SECONDS_PER_DAY
    weights = np.ones((wanted.size, count))
    for k in range(count):
        for j in range(count):
            if j != k:
                weights[:, k] *= nodes[:, j] / (nodes[:, j] - nodes[:, k])
    return np.asarray(np.einsum("mk,mkc->mc", weights, values[rows]))
