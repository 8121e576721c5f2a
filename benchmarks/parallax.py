"""How well distances come out of trails: SCIENCE's table of exposure times and distances, and from pixels.

`python -m benchmarks.parallax [--trails N] [--pixels N] [--seed S] [--table]` needs no server. Objects are drawn from
the simulator's orbits, HST's from two-line elements where `../shared/data/orbits` has them (else a circle); points
have 0.05 arcsec of noise, 20 per trail. From pixels: simulated ACS exposures with all their stars and cosmic rays,
each trail measured from two marks that are off by 3 px. Trails of 60 px and more, ridge SNR 3-15, whole in the image.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sky.hst import ARCSEC_PER_RADIAN, earth_hides, parallax_factors
from sky.observer import read_two_line_elements
from sky.parallax import DistanceFit, Trace, fit_distance
from sky.simulate import simulate_exposure
from sky.simulate.motion import offset_sky, visible_orbit
from sky.simulate.orbits import apparent_motions, ecliptic_pointing
from sky.trail import measure_trail
from sky.trail_centre import trace_centre
from sky.trail_points import sky_trace

Floats = NDArray[np.float64]
ELEMENTS = Path(__file__).parents[2] / "shared/data/orbits/hst_tle_2023_part.txt"
SEED = 424_242
NOISE_ARCSEC, POINTS, PAUSE_S = 0.05, 20, 200.0
EXPOSURES_S = (300.0, 500.0, 1_000.0, 1_800.0, 2_700.0)
DISTANCES_AU = (0.8, 1.2, 2.0, 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Case:
    """Exposures of one length, the object's distance, and the median error that is allowed (share), if any."""

    exposure_s: float
    distance_au: float
    exposures: int = 1
    bar: float | None = None

    @property
    def name(self) -> str:
        times = f"{self.exposures} x " if self.exposures > 1 else ""
        return f"{times}{self.exposure_s:.0f} s, {self.distance_au} au"


BARS = (Case(1_800, 2.0, bar=0.03), Case(1_000, 2.0, bar=0.10), Case(500, 2.0, exposures=3, bar=0.02))


@functools.lru_cache(maxsize=1)
def _elements() -> Any:
    return read_two_line_elements(ELEMENTS) if ELEMENTS.exists() else None


def _pointing(rng: np.random.Generator, days: float) -> tuple[float, float, float, Callable[[Floats], Floats]]:
    """Start (MJD UTC), place, and HST's orbit, such that the Earth is not in the way."""
    while True:
        start = float(rng.uniform(59_945.5, 59_975.0))
        ra, dec = ecliptic_pointing(rng, start)
        elements = _elements()
        if elements is None:
            return start, ra, dec, visible_orbit(rng, start, start + days, ra, dec).position_km
        if not earth_hides(elements.position_km(start + np.linspace(0, days, 9)), ra, dec).any():
            return start, ra, dec, elements.position_km


def traces_of(rng: np.random.Generator, case: Case) -> tuple[list[Trace], Callable[[Floats], Floats]]:
    """A visit's traces: points even along the trail, with noise in both coordinates; and where HST was."""
    days = (case.exposures * case.exposure_s + (case.exposures - 1) * PAUSE_S) / 86_400
    start, ra, dec, observer = _pointing(rng, days)
    drawn, east, north = apparent_motions(rng, ra, dec, start, 4_000)
    one = int(np.argmin(np.abs(np.log(drawn / case.distance_au)) + rng.uniform(0, 0.05, drawn.size)))
    motion = np.array([east[one], north[one]]) * drawn[one] / case.distance_au
    traces = []
    for index in range(case.exposures):
        begin = start + index * (case.exposure_s + PAUSE_S) / 86_400
        times = np.linspace(begin, begin + case.exposure_s / 86_400, 601)
        shift = parallax_factors(observer(times), ra, dec) * ARCSEC_PER_RADIAN / case.distance_au
        path = motion * ((times - start - days / 2) * 24)[:, None] + shift
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        at = np.linspace(0, along[-1], POINTS)
        xy = np.column_stack([np.interp(at, along, path[:, k]) for k in (0, 1)])
        xy += rng.normal(0, NOISE_ARCSEC, xy.shape)
        roles = ("start", *["line"] * (POINTS - 2), "end")
        places = offset_sky(ra, dec, xy[:, 0], xy[:, 1])
        traces.append(Trace(f"e{index}", times[0], times[-1], *places, np.full(POINTS, NOISE_ARCSEC), roles))
    return traces, observer


@dataclass(frozen=True, slots=True)
class Score:
    """Relative errors of the distance: median size, 90th percentile, median with sign; and coverage of 1 sigma."""

    count: int
    median: float
    p90: float
    bias: float
    coverage: float
    limits: float
    """Share of fits whose parallax is below two sigma: there the product gives a limit, no distance."""

    def line(self, name: str) -> str:
        return (
            f"{name:22} {self.count:5} {100 * self.median:7.2f} % {100 * min(self.p90, 9.99):7.1f} % "
            f"{100 * self.bias:+7.2f} % {100 * self.coverage:6.0f} % {100 * self.limits:6.0f} %"
        )


def score_of(fits: list[tuple[DistanceFit, float]]) -> Score:
    """Errors of fits against true distances; where a fit gives a limit only, 1/parallax counts all the same."""
    relative = [1 / max(fit.parallax, 1e-3) / true - 1 for fit, true in fits]
    covered = [abs(fit.parallax - 1 / true) < fit.parallax_sigma for fit, true in fits]
    size = np.abs(relative)
    return Score(
        len(fits), float(np.median(size)), float(np.percentile(size, 90)), statistics.median(relative),
        statistics.mean(covered), statistics.mean(fit.distance_au is None for fit, _ in fits),
    )  # fmt: skip


def from_points(case: Case, *, trails: int, seed: int) -> Score:
    """Many objects of one kind, from points."""
    rng = np.random.default_rng([seed, int(case.exposure_s), int(10 * case.distance_au), case.exposures])
    fits = [(fit_distance(*traces_of(rng, case)), case.distance_au) for _ in range(trails)]
    return score_of(fits)


def from_pixels(exposure_s: float, *, trails: int, seed: int) -> tuple[Score, int]:
    """Trails of any distance in simulated frames, and how many could not be traced."""
    rng = np.random.default_rng([seed, int(exposure_s)])
    fits, lost = [], 0
    for index in range(trails):
        made = simulate_exposure(
            seed=seed + 1_000 * int(exposure_s) + index, shape=(800, 800), exposure_s=exposure_s,
            asteroid_snr=(3.0, 15.0), asteroid_length_px=(60.0, 700.0),
        )  # fmt: skip
        if not made.truth:
            continue
        truth, off = made.truth[0], rng.normal(0, 3, 4)
        try:
            trail = measure_trail(
                made.pixels, (truth.x1 + off[0], truth.y1 + off[1]), (truth.x2 + off[2], truth.y2 + off[3])
            )
            line = trace_centre(made.pixels, trail)
        except ValueError:
            lost += 1
            continue
        trace = sky_trace(line, made.wcs, exposure="e", start_mjd_utc=made.header.start_mjd_utc,
                          end_mjd_utc=made.header.end_mjd_utc)  # fmt: skip
        fits.append((fit_distance([trace], made.orbit.position_km), float(truth.distance_au or 0.0)))
    return score_of(fits), lost


def run(trails: int = 100, pixels: int = 40, seed: int = SEED) -> list[dict[str, Any]]:
    """A row per bar: the figure, and its ratio to the bar (below 1 passes)."""
    rows = []
    for case in BARS:
        score = from_points(case, trails=trails, seed=seed)
        print(score.line(case.name), flush=True)
        bar = case.bar or 1.0
        rows.append({"name": f"distance from {case.name}, median error", "value": 100 * score.median, "unit": "%",
                     "ratio": score.median / bar, "reference": f"bar {100 * bar:g} %"})  # fmt: skip
    for exposure_s in (1_000.0, 1_800.0):
        score, lost = from_pixels(exposure_s, trails=pixels, seed=seed)
        print(score.line(f"pixels, {exposure_s:.0f} s") + f"  {lost} lost", flush=True)
        rows.append({"name": f"from pixels, {exposure_s:.0f} s: truth within one sigma", "value": 100 * score.coverage,
                     "unit": "%", "ratio": score.coverage / 0.6827, "reference": "68.3 % (bar 60-76)"})  # fmt: skip
    return rows


def main() -> int:
    """Print the bars, and with --table all cells."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parallax", description=__doc__)
    parser.add_argument("--trails", type=int, default=100, help="per row from points (%(default)s)")
    parser.add_argument("--pixels", type=int, default=40, help="per row from pixels; 0 for none (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--table", action="store_true", help="all exposure times and distances, too")
    given = parser.parse_args()
    print(f"HST: {'two-line elements' if _elements() else 'circular orbit'}")
    print(f"{'case':22} {'n':>5} {'median':>9} {'90th':>9} {'bias':>9} {'1 sigma':>8} {'limits':>8}")
    cases = [*BARS, *(Case(s, d) for s in EXPOSURES_S for d in DISTANCES_AU)] if given.table else list(BARS)
    for case in cases:
        print(from_points(case, trails=given.trails, seed=given.seed).line(case.name), flush=True)
    for exposure_s in (1_000.0, 1_800.0) if given.pixels else ():
        score, lost = from_pixels(exposure_s, trails=given.pixels, seed=given.seed)
        print(score.line(f"pixels, {exposure_s:.0f} s") + f"  {lost} lost", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
