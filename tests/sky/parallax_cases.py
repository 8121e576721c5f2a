"""Trails of known distance for the tests of the parallax fit: points in the sky, and from which orbit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sky.hst import ARCSEC_PER_RADIAN, parallax_factors
from sky.parallax_model import Trace
from sky.simulate.motion import Orbit, offset_sky, visible_orbit
from sky.simulate.orbits import apparent_motions, ecliptic_pointing


def visit(
    seed: int,
    *,
    distance_au: float = 2.0,
    exposure_s: float = 1_800.0,
    exposures: int = 1,
    sigma_arcsec: float = 0.05,
    points: int = 20,
) -> tuple[list[Trace], Orbit]:
    """Noisy points, even along the trail, of an object that moves as others do at about this distance."""
    rng = np.random.default_rng(seed)
    start = float(rng.uniform(55_100, 59_500))
    ra, dec = ecliptic_pointing(rng, start)
    pause_s = 200.0
    whole_days = (exposures * exposure_s + (exposures - 1) * pause_s) / 86_400
    orbit = visible_orbit(rng, start, start + whole_days, ra, dec)
    drawn, east, north = apparent_motions(rng, ra, dec, start, 2_000)
    one = int(np.argmin(np.abs(np.log(drawn / distance_au)) + rng.uniform(0, 0.05, drawn.size)))
    motion = np.array([east[one], north[one]]) * drawn[one] / distance_au
    traces = []
    for index in range(exposures):
        begin = start + index * (exposure_s + pause_s) / 86_400
        times = np.linspace(begin, begin + exposure_s / 86_400, 1_501)
        shift = parallax_factors(orbit.position_km(times), ra, dec) * ARCSEC_PER_RADIAN / distance_au
        path = motion * ((times - start - whole_days / 2) * 24)[:, None] + shift
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        at = np.linspace(0, along[-1], points)
        xy = np.column_stack([np.interp(at, along, path[:, k]) for k in (0, 1)])
        xy += rng.normal(0, sigma_arcsec, xy.shape)
        places = offset_sky(ra, dec, xy[:, 0], xy[:, 1])
        roles = ("start", *["line"] * (points - 2), "end")
        end = begin + exposure_s / 86_400
        traces.append(Trace(f"e{index}", begin, end, *places, np.full(points, sigma_arcsec), roles))
    return traces, orbit


def turned(trace: Trace) -> Trace:
    """The same points with start and end exchanged."""
    swap = {"start": "end", "end": "start"}
    return replace(trace, roles=tuple(swap.get(role, role) for role in trace.roles))


def pushed(trace: Trace, point: int, arcsec: float) -> Trace:
    """One point moved along the trail, away from its neighbour."""
    ra, dec = trace.ra_deg.copy(), trace.dec_deg.copy()
    beside = 1 if point == 0 else point - 1
    scale = np.cos(np.radians(dec[point]))
    way = np.array([(ra[point] - ra[beside]) * scale, dec[point] - dec[beside]])
    way *= arcsec / 3600 / np.hypot(*way)
    ra[point] += way[0] / scale
    dec[point] += way[1]
    return replace(trace, ra_deg=ra, dec_deg=dec)


def cut(trace: Trace, share: float) -> Trace:
    """The first part of a trail, as where the image ends before it."""
    kept = int(len(trace.roles) * share)
    roles = ("start", *["line"] * (kept - 2), "edge")
    return replace(
        trace,
        ra_deg=trace.ra_deg[:kept],
        dec_deg=trace.dec_deg[:kept],
        sigma_arcsec=trace.sigma_arcsec[:kept],
        roles=roles,
    )
