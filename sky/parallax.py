"""The distance of an asteroid from the shape of its trail: HST's own motion as the base of a parallax.

Method after Evans et al. 1998 (Icarus 131, 261) and Garcia-Martin et al. 2024 (A&A
683, A122), as one least-squares fit instead of a search on a grid: see ``parallax_model`` for the model,
``parallax_fit`` for the fit. This module is the door: traces in, a distance with its intervals out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2 as chi2_distribution

from sky.hst import ARCSEC_PER_RADIAN
from sky.parallax_fit import Problem, Solution
from sky.parallax_model import EDGE, END, LINE, ROLES, START, Floats, Observer, Trace, Visit, visit_of

__all__ = ["DistanceFit", "Trace", "fit_distance"]

OPEN_BELOW = 4.0
"""Difference of chi-square under which the direction of motion stays open."""
LIMIT_SIGMAS = 2.0
POOR_PROBABILITY = 0.001
WEAK_MOTION_SHARE = 0.3
MOST_TRIED_ONE_BY_ONE = 3
DIRECTIONS_SOLVED = 2
PARAMETERS = ("east_arcsec", "north_arcsec", "motion_east_arcsec_h", "motion_north_arcsec_h", "parallax_per_au")


@dataclass(frozen=True, slots=True, eq=False)
class DistanceFit:
    """What a visit's traces tell of an object.

    ``parallax`` is 1/distance (1/au) with its error; ``distance_au`` and ``interval_au`` (68 %, asymmetric:
    of parallax plus and minus one sigma) are None where the parallax is under two sigma, and then
    ``at_least_au`` is a lower limit (2 sigma, 98 %). ``motion_arcsec_h`` (east, north) is that seen from the
    Earth's centre at the epoch. ``covariance`` (5, 5) belongs to ``parameters`` (5,), named by ``PARAMETERS``.
    ``reversed`` says for each exposure whether it runs from its ``end`` to its ``start``; ``direction`` is
    ``as_given``, ``reversed``, ``mixed`` or ``open``; ``delta_chi2`` is the advantage over the best fit
    with the whole visit the other way round, which the ``other_`` ones describe. ``rejected`` names
    (exposure, number of its point, what) that the rest contradicts. ``flags`` name what cannot be had from
    these data.
    """

    parallax: float
    parallax_sigma: float
    distance_au: float | None
    interval_au: tuple[float, float | None] | None
    at_least_au: float | None
    motion_arcsec_h: tuple[float, float]
    motion_sigma_arcsec_h: tuple[float, float]
    epoch_mjd_utc: float
    place_deg: tuple[float, float]
    tangent_deg: tuple[float, float]
    direction: str
    reversed: tuple[bool, ...]
    delta_chi2: float
    other_parameters: Floats
    other_covariance: Floats
    chi2: float
    degrees_of_freedom: int
    sigma_scale: float
    parameters: Floats
    covariance: Floats
    rejected: tuple[tuple[str, int, str], ...]
    flags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values with their units in their names, ready for JSON."""
        interval = self.interval_au or (None, None)
        return {
            "distance_au": self.distance_au,
            "distance_low_au": interval[0],
            "distance_high_au": interval[1],
            "distance_at_least_au": self.at_least_au,
            "parallax_per_au": self.parallax,
            "parallax_sigma_per_au": self.parallax_sigma,
            "direction": self.direction,
            "delta_chi2": self.delta_chi2,
            "reversed": list(self.reversed),
            "parallax_other_direction_per_au": float(self.other_parameters[4]),
            "motion": {
                "east_arcsec_per_hour": self.motion_arcsec_h[0],
                "north_arcsec_per_hour": self.motion_arcsec_h[1],
                "east_sigma_arcsec_per_hour": self.motion_sigma_arcsec_h[0],
                "north_sigma_arcsec_per_hour": self.motion_sigma_arcsec_h[1],
            },
            "epoch_mjd_utc": self.epoch_mjd_utc,
            "ra_deg": self.place_deg[0],
            "dec_deg": self.place_deg[1],
            "tangent_ra_deg": self.tangent_deg[0],
            "tangent_dec_deg": self.tangent_deg[1],
            "chi2": self.chi2,
            "degrees_of_freedom": self.degrees_of_freedom,
            "sigma_scale": self.sigma_scale,
            "parameters": dict(zip(PARAMETERS, self.parameters.tolist(), strict=True)),
            "covariance": {"order": list(PARAMETERS), "matrix": self.covariance.tolist()},
            "rejected": [{"exposure": name, "point": point, "what": what} for name, point, what in self.rejected],
            "flags": list(self.flags),
        }


def check_trace(trace: Trace) -> None:
    """Refuse a trace that no fit can use.

    Raises
    ------
    ValueError
        A value is missing or out of range, a role unknown, or more than one start or end is given.
    """
    where = f"exposure {trace.exposure}"
    if not (math.isfinite(trace.start_mjd_utc) and trace.end_mjd_utc > trace.start_mjd_utc):
        raise ValueError(f"{where} must end after it starts")
    values = np.concatenate([trace.ra_deg, trace.dec_deg, trace.sigma_arcsec])
    if not np.isfinite(values).all() or np.any(trace.sigma_arcsec <= 0) or np.any(np.abs(trace.dec_deg) > 90):
        raise ValueError(f"{where}: places must be numbers, declinations within 90 degrees, errors positive")
    if unknown := set(trace.roles) - set(ROLES):
        raise ValueError(f"{where}: a role is one of {', '.join(ROLES)}, not {', '.join(sorted(unknown))}")
    if trace.roles.count(START) > 1 or trace.roles.count(END) > 1:
        raise ValueError(f"{where}: a trail has one start and one end")
    if trace.roles.count(START) + trace.roles.count(END) + trace.roles.count(EDGE) > 2:
        raise ValueError(f"{where}: a trail has two ends; edges count among them")


def _displacement(trace: Trace, visit: Visit) -> Floats:
    """From the trail's start to its end as labelled (2,); from or to its mean where one is not there."""
    offsets = visit.plane.offsets_arcsec(trace.ra_deg, trace.dec_deg)
    ends = [offsets[trace.roles.index(role)] if role in trace.roles else offsets.mean(axis=0) for role in (START, END)]
    return np.asarray(ends[1] - ends[0])


def _directions(traces: Sequence[Trace], visit: Visit) -> Iterator[tuple[bool, ...]]:
    """Ways to read the labels: all for few exposures, else as given or all along one line, both ways round."""
    if len(traces) <= MOST_TRIED_ONE_BY_ONE:
        yield from itertools.product((False, True), repeat=len(traces))
        return
    ways = [_displacement(trace, visit) for trace in traces]
    coherent = tuple(bool(way @ ways[0] < 0) for way in ways)
    given = (False,) * len(traces)
    for flips in dict.fromkeys((given, coherent)):
        yield flips
        yield tuple(not flip for flip in flips)


def fit_distance(traces: Sequence[Trace], observer: Observer) -> DistanceFit:
    """Fit one object's place, motion and parallax to its traces in the exposures of a visit, jointly.

    Parameters
    ----------
    traces : one per exposure, each with its points in any order
    observer : geocentric ICRF positions (n, 3) in km of the telescope at MJD UTC (n,)

    Both directions of every exposure are tried. Errors are formal ones, widened by the root of
    chi-square over its degrees of freedom where the fit is poorer than chance allows (1 in 1,000).

    Raises
    ------
    ValueError
        No point bounds a time, there are fewer points than the parameters need, or see :func:`check_trace`.
    """
    for trace in traces:
        check_trace(trace)
    if all(role == LINE for trace in traces for role in trace.roles):
        raise ValueError("no point is an end (start, end or edge) of a trail: without one there is no motion")
    if sum(len(trace.roles) for trace in traces) < 5:
        raise ValueError("five points at least are needed; two ends alone carry no distance")
    visit = visit_of(traces, observer)
    problems = [Problem(visit, flips) for flips in _directions(traces, visit)]
    problems.sort(key=lambda one: one.starts()[0][0])
    problem, solution = min(((one, one.best()) for one in problems[:DIRECTIONS_SOLVED]), key=lambda one: one[1].chi2)
    opposite = Problem(visit, [not flip for flip in problem.flips])
    start = opposite.best()
    solution = problem.without_outliers(solution)
    opposite.leave_out(problem.kept)
    other = opposite.solve(start.parameters)
    if other.chi2 < solution.chi2:
        problem, solution, other = opposite, other, solution
    return _report(traces, visit, problem, solution, other)


def _report(
    traces: Sequence[Trace], visit: Visit, problem: Problem, solution: Solution, other: Solution
) -> DistanceFit:
    count = problem.count
    rows = problem.kept & np.any(solution.jacobian != 0, axis=1)
    freedom = int(rows.sum()) - 5
    scale = 1.0
    if freedom > 0 and chi2_distribution.sf(solution.chi2, freedom) < POOR_PROBABILITY:
        scale = math.sqrt(solution.chi2 / freedom)
    known = solution.constrained
    covariance = solution.covariance * scale**2
    sigmas = np.sqrt(np.maximum(np.diag(covariance), 0))
    parallax, sigma = float(solution.parameters[4]), float(sigmas[4]) if known else math.inf
    measured = parallax >= LIMIT_SIGMAS * sigma
    rejected = _rejected(traces, problem.kept, count)
    delta = other.chi2 - solution.chi2
    place = visit.plane.places_deg(solution.parameters[:2])[0]
    return DistanceFit(
        parallax=parallax,
        parallax_sigma=sigma,
        distance_au=1 / parallax if measured else None,
        interval_au=(1 / (parallax + sigma), 1 / (parallax - sigma)) if measured else None,
        at_least_au=None if measured or not known else 1 / (max(parallax, 0.0) + LIMIT_SIGMAS * sigma),
        motion_arcsec_h=(float(solution.parameters[2]), float(solution.parameters[3])),
        motion_sigma_arcsec_h=(float(sigmas[2]), float(sigmas[3])),
        epoch_mjd_utc=visit.epoch_mjd_utc,
        place_deg=(float(place[0]), float(place[1])),
        tangent_deg=(visit.plane.ra_deg, visit.plane.dec_deg),
        direction=_direction(problem.flips, delta),
        reversed=problem.flips,
        delta_chi2=delta,
        other_parameters=other.parameters,
        other_covariance=other.covariance * scale**2,
        chi2=solution.chi2,
        degrees_of_freedom=freedom,
        sigma_scale=scale,
        parameters=solution.parameters,
        covariance=covariance,
        rejected=rejected,
        flags=tuple(_flags(visit, problem, solution, measured, known, scale, rejected)),
    )


def _direction(flips: tuple[bool, ...], delta_chi2: float) -> str:
    if delta_chi2 < OPEN_BELOW:
        return "open"
    return "reversed" if all(flips) else "mixed" if any(flips) else "as_given"


def _rejected(traces: Sequence[Trace], kept: NDArray[np.bool_], count: int) -> tuple[tuple[str, int, str], ...]:
    owners = [(trace.exposure, number) for trace in traces for number in range(1, len(trace.roles) + 1)]
    return tuple(
        (*owners[row % count], "place across" if row < count else "time of an end")
        for row in np.flatnonzero(~kept).tolist()
    )


def _flags(
    visit: Visit,
    problem: Problem,
    solution: Solution,
    measured: bool,
    known: bool,
    scale: float,
    rejected: tuple[tuple[str, int, str], ...],
) -> Iterator[str]:
    """What a reader must know before trusting the distance."""
    if not known:
        yield "not constrained: these points leave a combination of the parameters free"
    elif not measured:
        yield "lower limit only: the parallax is below two sigma"
    with_time = int(np.sum(problem.timed & problem.kept[problem.count :]))
    if with_time < 2:
        yield "an end is missing: the motion rests on the shape, the distance is much weaker"
    elif with_time == 2 and len(visit.seen) == 1:
        yield "ends unchecked: nothing else tells whether the two ends of a single trail are right along it"
    if any(_goes_beyond(seen_hours, seen) for seen_hours, seen in _hours_by_exposure(visit, solution)):
        yield "points beyond an end: the trail is longer than its ends say"
    if scale > 1:
        yield "poor fit: the points scatter more than their errors say, so the errors were widened"
    if rejected:
        yield f"{len(rejected)} rejected: points or ends that the rest contradicts were left out"
    speed = math.hypot(*solution.parameters[2:4])
    own = ARCSEC_PER_RADIAN * abs(float(solution.parameters[4])) * 7.6 * 3600 / 149_597_870.7
    if speed < WEAK_MOTION_SHARE * own:
        yield "slow: HST's own motion draws most of this trail, and it may turn back on itself"


def _hours_by_exposure(visit: Visit, solution: Solution) -> Iterator[tuple[Floats, Any]]:
    first = 0
    for seen in visit.seen:
        yield solution.hours[first : first + len(seen.roles)], seen
        first += len(seen.roles)


def _goes_beyond(hours: Floats, seen: Any) -> bool:
    line = seen.roles == LINE
    slack = 0.01 * (seen.end_h - seen.start_h)
    return bool(np.any(hours[line] < seen.start_h - slack) or np.any(hours[line] > seen.end_h + slack))
