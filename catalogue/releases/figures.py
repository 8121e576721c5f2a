"""The numbers of a release's figures: counted once, when it is made. Pure: rows in, plain values out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from numpy.typing import NDArray

from catalogue.releases.frozen import Values

GROUPS = ("known", "unidentified", "unchecked")
MAGNITUDES = np.arange(14.0, 28.01, 0.5)
LATITUDES = np.arange(-90.0, 90.1, 5.0)
ABSOLUTE = np.arange(8.0, 26.01, 1.0)
DIAMETERS_KM = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100])
CLASS_OF_OBJECTS = "asteroid"


def figures_of(rows: Sequence[Values]) -> dict[str, Any]:
    """Counts by class, year and, of the asteroids, by magnitude, ecliptic latitude, absolute magnitude and diameter.

    Histograms hold their ``edges`` and a list of counts for each of ``GROUPS`` (identification); a value outside the
    edges counts in the first or last bin, one that is not known nowhere.
    """
    asteroids = [row for row in rows if row["class"] == CLASS_OF_OBJECTS]
    latitude = ecliptic_latitudes_deg([row["ra"] for row in asteroids], [row["dec"] for row in asteroids])
    of = {name: [row[name] for row in asteroids] for name in ("mag", "h_mag", "diameter_p15", "identification")}
    groups = of["identification"]
    return {
        "classes": _counts(row["class"] for row in rows),
        "instruments": _counts(row["instrument"] for row in rows),
        "years": _counts(row["exposure_start"][:4] for row in rows),
        "steps": _steps(rows, asteroids),
        "magnitude": _histogram(of["mag"], groups, MAGNITUDES),
        "ecliptic_latitude": _histogram(latitude.tolist(), groups, LATITUDES),
        "absolute_magnitude": _histogram(of["h_mag"], groups, ABSOLUTE),
        "diameter": _histogram(of["diameter_p15"], groups, DIAMETERS_KM),
    }


def ecliptic_latitudes_deg(ra_deg: Sequence[float], dec_deg: Sequence[float]) -> NDArray[np.float64]:
    """Latitude over the ecliptic of J2000, as seen from the Earth, in degrees."""
    if not len(ra_deg):
        return np.zeros(0)
    places = SkyCoord(np.asarray(ra_deg) * u.deg, np.asarray(dec_deg) * u.deg, frame="icrs")
    return np.asarray(places.transform_to(BarycentricMeanEcliptic(equinox="J2000")).lat.deg)


def _steps(rows: Sequence[Values], asteroids: Sequence[Values]) -> dict[str, int]:
    return {
        "trails": len(rows),
        "asteroids": len(asteroids),
        "known": sum(row["identification"] == "known" for row in asteroids),
        "unidentified": sum(row["identification"] == "unidentified" for row in asteroids),
        "with_magnitude": sum(row["mag"] is not None for row in asteroids),
        "with_distance": sum(row["distance"] is not None for row in asteroids),
        "exposures": len({(row["observation"], row["chip"]) for row in rows}),
    }


def _counts(values: Any) -> dict[str, int]:
    names, counts = np.unique(np.array(list(values), dtype=str), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _histogram(values: Sequence[Any], groups: Sequence[str], edges: NDArray[np.float64]) -> dict[str, Any]:
    found = np.array([np.nan if value is None else value for value in values], dtype=float)
    inside = np.clip(found, edges[0], edges[-1])
    of = np.array(groups, dtype=str)
    counts = {name: np.histogram(inside[(of == name) & np.isfinite(found)], edges)[0].tolist() for name in GROUPS}
    return {"edges": edges.tolist(), "counts": counts}
