"""Least squares for the five parameters of a visit, with the times of all points that carry none found anew.

A point without a time counts by its distance from the curve, which is what the chi-square of orthogonal
distance regression is (Boggs, Byrd and Schnabel 1987); its derivative needs no derivative of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sky.parallax_model import EDGE, END, START, Floats, Seen, Visit

FIRST_PARALLAXES = (0.15, 0.5, 1.5, 5.0)
FIRST_SHARES = (1.0, 0.6)
"""How much of the exposure a trail cut by an edge may show: two places to start from."""
STARTS = 2
CURVE_STEPS = 80
BEYOND_SIGMAS = 3.0
OUTLIER_SIGMAS = 3.5
LARGEST_DROPPED = 0.25
LEAST_REDUNDANCY = 0.02
SINGULAR = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A minimum. Rows are the across distances of all points, then the along ones, in units of their errors."""

    parameters: Floats
    residuals: Floats
    jacobian: Floats
    hours: Floats
    kept: NDArray[np.bool_]

    @property
    def chi2(self) -> float:
        return float(np.sum(self.residuals[self.kept] ** 2))

    @property
    def covariance(self) -> Floats:
        """Of the parameters (5, 5); directions that the data leave free have no part in it (see ``constrained``)."""
        used, size = self._scaled()
        return np.asarray(np.linalg.pinv(used.T @ used, rcond=SINGULAR, hermitian=True) / np.outer(size, size))

    @property
    def constrained(self) -> bool:
        """Whether the data fix all five parameters."""
        used, _ = self._scaled()
        values = np.linalg.eigvalsh(used.T @ used)
        return bool(values[0] > SINGULAR * values[-1])

    def _scaled(self) -> tuple[Floats, Floats]:
        used = self.jacobian[self.kept]
        size = np.maximum(np.sqrt(np.sum(used**2, axis=0)), 1e-12)
        return used / size, size


def _nearest_hours(points: Floats, curve: Floats, hours: Floats) -> Floats:
    """Times (n,) at which a polyline (m, 2), passed at hours (m,), comes closest to points (n, 2)."""
    step = np.diff(curve, axis=0)
    relative = points[:, None, :] - curve[None, :-1]
    share = np.einsum("nmk,mk->nm", relative, step) / np.maximum(np.einsum("mk,mk->m", step, step), 1e-18)
    share = np.clip(share, 0, 1)
    away = relative - share[..., None] * step
    best = np.argmin(np.einsum("nmk,nmk->nm", away, away), axis=1)
    return np.asarray(hours[best] + share[np.arange(len(points)), best] * np.diff(hours)[best])


def _timed(seen: Seen, flipped: bool) -> tuple[NDArray[np.bool_], Floats]:
    """Which points carry a time, and the time (0 where there is none)."""
    first, last = (END, START) if flipped else (START, END)
    hours = np.where(seen.roles == first, seen.start_h, np.where(seen.roles == last, seen.end_h, 0.0))
    return (seen.roles == START) | (seen.roles == END), hours


class Problem:
    """The residuals of a visit for one choice of directions (``flips``: which exposures run from end to start)."""

    def __init__(self, visit: Visit, flips: Sequence[bool]) -> None:
        self.visit, self.flips = visit, tuple(flips)
        self.count = sum(len(seen.roles) for seen in visit.seen)
        timed = [_timed(seen, flip)[0] for seen, flip in zip(visit.seen, flips, strict=True)]
        self.timed = np.concatenate(timed)
        self.kept = np.ones(2 * self.count, dtype=bool)
        self._last: tuple[bytes, tuple[Floats, Floats, Floats]] | None = None

    def evaluate(self, parameters: Floats) -> tuple[Floats, Floats, Floats]:
        """Residuals (2n,), their derivatives (2n, 5) and the points' times (n,), hours."""
        key = parameters.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = (key, self._evaluate(parameters))
        return self._last[1]

    def _evaluate(self, parameters: Floats) -> tuple[Floats, Floats, Floats]:
        parts, first = [], 0
        for seen, flip in zip(self.visit.seen, self.flips, strict=True):
            last = first + len(seen.roles)
            parts.append(self._of_one(seen, flip, slice(first, last), parameters))
            first = last
        across, along, by_across, by_along, hours = (np.concatenate(part) for part in zip(*parts, strict=True))
        residuals, jacobian = np.concatenate([across, along]), np.concatenate([by_across, by_along])
        residuals[~self.kept], jacobian[~self.kept] = 0.0, 0.0
        return residuals, jacobian, hours

    def _of_one(self, seen: Seen, flip: bool, rows: slice, parameters: Floats) -> tuple[Floats, ...]:
        timed, hours = _timed(seen, flip)
        timed = timed & self.kept[self.count :][rows]
        fine = np.linspace(seen.start_h, seen.end_h, CURVE_STEPS + 1)
        curve, speeds, _ = self.visit.path(seen, fine, parameters)
        # A point may scatter a little beyond an end without telling that the end is wrong.
        pads = BEYOND_SIGMAS * float(np.median(seen.along_sigma)) / np.maximum(np.hypot(*speeds[[0, -1]].T), 1e-6)
        pads = np.minimum(pads, 0.05 * (seen.end_h - seen.start_h))
        fine = np.concatenate([[fine[0] - pads[0]], fine, [fine[-1] + pads[1]]])
        curve = np.vstack([curve[0] - pads[0] * speeds[0], curve, curve[-1] + pads[1] * speeds[-1]])
        free = _nearest_hours(seen.offsets, curve, fine)
        beyond = ~timed & ((free <= fine[0]) | (free >= fine[-1]))
        hours = np.where(timed, hours, free)
        offsets, speeds, by = self.visit.path(seen, hours, parameters)
        ahead = speeds / np.maximum(np.hypot(*speeds.T), 1e-9)[:, None]
        aside = np.column_stack([-ahead[:, 1], ahead[:, 0]])
        off, counted = seen.offsets - offsets, timed | beyond
        across = np.sum(off * aside, axis=1) / seen.across_sigma
        along = np.where(counted, np.sum(off * ahead, axis=1) / seen.along_sigma, 0.0)
        by_across = -np.einsum("nk,nkp->np", aside, by) / seen.across_sigma[:, None]
        by_along = -np.einsum("nk,nkp->np", ahead, by) / seen.along_sigma[:, None] * counted[:, None]
        return across, along, by_across, by_along, hours

    def drop(self, row: int) -> None:
        """Leave a row out of the fit: a point's distance across (row < n), or the time of an end (row - n)."""
        kept = self.kept.copy()
        kept[row] = False
        self.leave_out(kept)

    def leave_out(self, kept: NDArray[np.bool_]) -> None:
        """Fit with these rows (2n,) only."""
        self.kept, self._last = kept.copy(), None

    def start_values(self, parallax: float, share: float) -> Floats:
        """Place and motion that suit the ends at a given parallax; an edge counts as ``share`` of the exposure."""
        rows, wanted = [], []
        for seen, flip in zip(self.visit.seen, self.flips, strict=True):
            timed, hours = _timed(seen, flip)
            edge, length = seen.roles == EDGE, seen.end_h - seen.start_h
            ends = [seen.start_h, seen.end_h]
            taken = set(hours[timed].tolist())
            free = [hour for hour in ends if hour not in taken]
            for index, hour in zip(np.flatnonzero(edge), free, strict=False):
                hours[index] = hour + (1 - share) * length * (1 if hour == ends[0] else -1)
            use = timed | edge
            shift, _, _ = self.visit.path(seen, hours[use], np.array([0.0, 0.0, 0.0, 0.0, parallax]))
            rows.append(np.column_stack([np.ones(use.sum()), hours[use]]))
            wanted.append(seen.offsets[use] - shift)
        design, offsets = np.concatenate(rows), np.concatenate(wanted)
        fitted, *_ = np.linalg.lstsq(design, offsets, rcond=None)
        return np.array([*fitted[0], *fitted[1], parallax])

    def solve(self, first: Floats) -> Solution:
        """The minimum that Levenberg and Marquardt's method reaches from ``first``."""
        found = least_squares(
            lambda p: self.evaluate(p)[0], first, jac=lambda p: self.evaluate(p)[1], method="lm",
            x_scale="jac", max_nfev=60, xtol=1e-9, ftol=1e-9,
        )  # fmt: skip
        residuals, jacobian, hours = self.evaluate(found.x)
        return Solution(found.x, residuals, jacobian, hours, self.kept.copy())

    def starts(self) -> list[tuple[float, Floats]]:
        """Places to start from with their chi-squares, the best first."""
        shares = FIRST_SHARES if any(np.any(seen.roles == EDGE) for seen in self.visit.seen) else FIRST_SHARES[:1]
        starts = [self.start_values(parallax, share) for parallax in FIRST_PARALLAXES for share in shares]
        rated = [(float(np.sum(self.evaluate(start)[0] ** 2)), start) for start in starts]
        return sorted(rated, key=lambda one: one[0])

    def best(self) -> Solution:
        """The lowest minimum from the most promising starts."""
        return min((self.solve(start) for _, start in self.starts()[:STARTS]), key=lambda solution: solution.chi2)

    def without_outliers(self, solution: Solution) -> Solution:
        """Drop what disagrees with all the rest, the worst first, and fit again (Baarda's data snooping).

        A distance is judged by its error less what it pulled the fit to itself; one that nothing else checks
        (an end of a single trail along it) is never dropped. An end dropped along the trail loses its time.
        """
        data = self.count + int(self.timed.sum())
        for _ in range(int(LARGEST_DROPPED * data)):
            free = 1 - np.einsum("rp,pq,rq->r", solution.jacobian, solution.covariance, solution.jacobian)
            judged = self.kept & (free > LEAST_REDUNDANCY) & np.any(solution.jacobian != 0, axis=1)
            size = np.where(judged, np.abs(solution.residuals) / np.sqrt(np.maximum(free, LEAST_REDUNDANCY)), 0.0)
            if not judged.any():
                break
            worst = int(np.argmax(size))
            # Where all points scatter more than they say, none of them is an outlier.
            if size[worst] < OUTLIER_SIGMAS * max(1.0, 1.4826 * float(np.median(size[judged]))):
                break
            self.drop(worst)
            solution = self.solve(solution.parameters)
        return solution
