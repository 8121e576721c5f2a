"""The files of ``manage.py fit_distance``: points, exposures and the observer's places as CSV."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from sky.csv_tables import Row, TableFault, read_table
from sky.observer_table import FEWEST_POINTS, ObserverTable
from sky.parallax_model import ROLES, Trace

POINTS = ("exposure", "ra_deg", "dec_deg", "sigma_arcsec", "role")
EXPOSURES = ("exposure", "start_mjd_utc", "end_mjd_utc")
OBSERVER = ("mjd_utc", "x_km", "y_km", "z_km")
EARLIEST_MJD, LATEST_MJD = 33_000.0, 88_000.0
"""1949-2099: catches Julian dates, seconds and years."""
LARGEST_SIGMA_ARCSEC = 60.0
LEAST_KM, MOST_KM = 6_000.0, 2_000_000.0
"""From the ground to beyond the Sun-Earth points: catches metres, au and heliocentric places."""


def read_observer(path: Path) -> ObserverTable:
    """Places of the observer, brought into order of time.

    Raises
    ------
    TableFault
        See :func:`read_table`; times come twice, or a place is nothing like a geocentric one in km.
    """
    rows = read_table(path, OBSERVER)
    if len(rows) < FEWEST_POINTS:
        raise TableFault(f"{path} has {len(rows)} lines; at least {FEWEST_POINTS} are needed")
    times = np.array([row.number("mjd_utc", least=EARLIEST_MJD, most=LATEST_MJD) for row in rows])
    places = np.array([[row.number(name) for name in OBSERVER[1:]] for row in rows])
    order = np.argsort(times, kind="stable")
    times, places = times[order], places[order]
    if np.any(np.diff(times) <= 0):
        raise TableFault(f"{path}: a time comes twice")
    away = np.linalg.norm(places, axis=1)
    if not np.all((away > LEAST_KM) & (away < MOST_KM)):
        wrong = rows[int(order[np.flatnonzero((away <= LEAST_KM) | (away >= MOST_KM))[0]])]
        raise TableFault(f"{wrong.where}: this is no place about the Earth in km, from its centre")
    return ObserverTable(times, places)


def read_exposures(path: Path) -> dict[str, tuple[float, float]]:
    """Start and end (MJD UTC) of each exposure by name."""
    times: dict[str, tuple[float, float]] = {}
    for row in read_table(path, EXPOSURES):
        name = row.text("exposure")
        start, end = (row.number(column, least=EARLIEST_MJD, most=LATEST_MJD) for column in EXPOSURES[1:])
        if not end > start:
            raise TableFault(f"{row.where}: the exposure must end after it starts")
        if name in times:
            raise TableFault(f"{row.where}: exposure {name} comes twice")
        times[name] = (start, end)
    return times


def read_traces(points: Path, exposures: Path) -> list[Trace]:
    """One trace per exposure that has points, in the order of time.

    Raises
    ------
    TableFault
        See :func:`read_table`; a point's exposure or role is unknown, or a value out of range.
    """
    times = read_exposures(exposures)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in read_table(points, POINTS):
        name = row.text("exposure")
        if name not in times:
            raise TableFault(f"{row.where}: exposure {name} is not in {exposures}")
        if (role := row.text("role")) not in ROLES:
            raise TableFault(f"{row.where}: role is {role!r}, not one of {', '.join(ROLES)}")
        groups[name].append(row)
    traces = [_trace(name, times[name], rows) for name, rows in groups.items()]
    return sorted(traces, key=lambda trace: trace.start_mjd_utc)


def _trace(name: str, times: tuple[float, float], rows: list[Row]) -> Trace:
    return Trace(
        exposure=name,
        start_mjd_utc=times[0],
        end_mjd_utc=times[1],
        ra_deg=np.array([row.number("ra_deg", least=-360, most=360) for row in rows]),
        dec_deg=np.array([row.number("dec_deg", least=-90, most=90) for row in rows]),
        sigma_arcsec=np.array([row.number("sigma_arcsec", least=1e-6, most=LARGEST_SIGMA_ARCSEC) for row in rows]),
        roles=tuple(row.text("role") for row in rows),
    )
