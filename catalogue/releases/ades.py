"""A release's astrometry in the Minor Planet Center's exchange format: ADES (version 2022), pipe-separated values.

Field names, order and widths are those of the standard's schema (IAU Commission 20, github.com/IAU-ADES/ADES-Master).
Pure: rows and facts in, bytes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Any

import numpy as np

from catalogue.releases.frozen import Values
from sky.designations import ades_identifiers
from sky.hst import ARCSEC_PER_RADIAN, AU_KM, GM_EARTH_KM3_S2
from sky.observer import HubbleOrbit, Unknown
from sky.times import SECONDS_PER_DAY

VERSION = "2022"
STATION = "250"
FIELDS = (
    "permID", "provID", "trkSub", "mode", "stn", "sys", "ctr", "pos1", "pos2", "pos3", "obsTime", "ra", "dec", "rmsRA",
    "rmsDec", "rmsCorr", "astCat", "exp", "remarks",
)  # fmt: skip
CLASS_OF_OBJECTS = "asteroid"
USUAL_DISTANCE_AU = 2.0
"""Of an asteroid whose distance nobody fitted: that of the main belt as Hubble sees it."""
LEAST_RMS_ARCSEC = 0.001
TRACKLET_LENGTH, LINE_LENGTH, REMARKS_LENGTH = 8, 100, 300
UNKNOWN_CATALOGUE = "UNK"
REFERENCE_CATALOGUES = {"GAIAEDR3": "Gaia3E", "GAIADR3": "Gaia3", "GAIADR2": "Gaia2", "GAIADR1": "Gaia1"}
"""Of what the archive calls an image's WCS, after what it was fitted to, by the Center's names."""

ABOUT = (
    "Each record is one trail in one exposure: the middle of the trail at the middle of the exposure. Which end of a "
    "trail came first is not known, and its middle does not depend on it. As Hubble turns around the Earth, the object "
    "is off that middle, along the trail, by up to some tenths of an arcsecond; this is not corrected but is part of "
    "rmsRA, rmsDec and rmsCorr, for the fitted distance or else for 2 au. Magnitudes are AB in Hubble's filters, for "
    "which there is no band here: they stand in the remarks. pos1-3 are Hubble's geocentric place at obsTime; remarks "
    "name where it is from, and its error. astCat is what the archive fitted the image's WCS to; UNK: not known."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a row does not hold: the error of the trail's ends (1 sigma per axis), and the name of the image's WCS."""

    sigma_arcsec: float
    wcs_name: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """Who stands behind the records."""

    submitter: str
    title: str
    software: str


def ades_bytes(
    rows: Iterable[Values], measured: dict[str, Measured], orbit_at: Callable[[float], HubbleOrbit], header: Header
) -> bytes:
    """The asteroids that were measured, a record each, in the order of the rows.

    Where no file tells Hubble's place at the time, a record would be off by thousands of kilometres: it is left out,
    and the comment counts it.

    Parameters
    ----------
    rows : a release's rows
    measured : by candidate, those that were measured
    orbit_at : what tells best where Hubble was at an MJD UTC
    """
    asteroids = [row for row in rows if row["class"] == CLASS_OF_OBJECTS]
    taken = [row for row in asteroids if row["candidate_id"] in measured]
    names = tracklet_names([row["candidate_id"] for row in taken])
    records, nowhere = [], 0
    for row in taken:
        orbit = orbit_at(_middle_mjd(row))
        if isinstance(orbit, Unknown):
            nowhere += 1
        else:
            key = row["candidate_id"]
            records.append(_record(row, measured[key], orbit, names[key]))
    counted = [f"Records: {len(records)}. Left out: {len(asteroids) - len(taken)} asteroids that were not measured, "
               f"{nowhere} for whose time no file tells Hubble's place."]  # fmt: skip
    if any(row["simulated"] for row in taken):
        counted.append("SOME RECORDS ARE SIMULATED, as their remarks say: never submit those.")
    lines = [*_head(header, [header.title, ABOUT, *counted]), "|".join(FIELDS)]
    lines += ["|".join(str(record.get(name, "")) for name in FIELDS) for record in records]
    return ("\n".join(lines) + "\n").encode()


def tracklet_names(candidates: Sequence[str]) -> dict[str, str]:
    """A name of eight characters for each candidate, none twice: the first eight of its id, or later ones."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for candidate in candidates:
        digits = candidate.replace("-", "")
        windows = (digits[at : at + TRACKLET_LENGTH] for at in range(len(digits) - TRACKLET_LENGTH + 1))
        name = next(window for window in windows if window not in used)
        used.add(name)
        names[candidate] = name
    return names


def reference_catalogue(wcs_name: str) -> str:
    """The star catalogue that the archive fitted a WCS to, such as Gaia2 for ``IDC_2731450pi-FIT_REL_GAIADR2``."""
    fitted = wcs_name.upper().partition("-FIT_")[2]
    return next((code for name, code in REFERENCE_CATALOGUES.items() if fitted.endswith(name)), UNKNOWN_CATALOGUE)


def _head(header: Header, comments: Sequence[str]) -> list[str]:
    submitter = _plain(header.submitter, LINE_LENGTH)
    return [
        f"# version={VERSION}",
        "# observatory", f"! mpcCode {STATION}", "! name Hubble Space Telescope",
        "# submitter", f"! name {submitter}",
        "# observers", "! name Hubble Space Telescope",
        "# measurers", f"! name {submitter}", "! name Volunteers of Asteroid Hunter",
        "# telescope", "! design Ritchey-Chretien", "! aperture 2.4", "! detector CCD",
        "# software", f"! astrometry {_plain(header.software, LINE_LENGTH)}",
        "# comment", *(f"! line {line}" for text in comments for line in wrap(_plain(text), LINE_LENGTH)),
    ]  # fmt: skip


def _record(row: Values, measured: Measured, orbit: HubbleOrbit, tracklet: str) -> dict[str, Any]:
    permanent, provisional = ades_identifiers(row["designation"])
    middle = _middle_mjd(row)
    place = orbit.position_km(middle)[0]
    rms_ra, rms_dec, correlation = _errors(row, measured.sigma_arcsec, place)
    remarks = [
        "simulated" if row["simulated"] else "",
        f"{row['instrument']} {row['filter']}",
        f"AB {row['mag']:.2f}" + (f" +- {row['mag_error']:.2f}" if row["mag_error"] is not None else "")
        if row["mag"] is not None
        else "",
        f"trail {row['length']:.2f} arcsec, position angle {row['position_angle']:.1f}",
        f"Hubble from {orbit.source}, {float(orbit.error_km(middle)[0]):.1f} km",
        f"identified as {row['designation']}" if row["designation"] and not (permanent or provisional) else "",
    ]
    return {
        "permID": permanent, "provID": provisional, "trkSub": tracklet, "mode": "CCD", "stn": STATION,
        "sys": "ICRF_KM", "ctr": "399", "pos1": f"{place[0]:.3f}", "pos2": f"{place[1]:.3f}", "pos3": f"{place[2]:.3f}",
        "obsTime": _middle_time(row), "ra": f"{row['ra'] % 360:.7f}", "dec": f"{row['dec']:+.7f}",
        "rmsRA": f"{rms_ra:.3f}", "rmsDec": f"{rms_dec:.3f}", "rmsCorr": f"{correlation:.3f}",
        "astCat": reference_catalogue(measured.wcs_name), "exp": f"{row['exposure_s']:.1f}"[:6].rstrip("."),
        "remarks": _plain("; ".join(part for part in remarks if part), REMARKS_LENGTH),
    }  # fmt: skip


def _errors(row: Values, sigma_arcsec: float, place_km: Any) -> tuple[float, float, float]:
    """Errors in RA (times cos Dec) and Dec, arcseconds, and their correlation.

    The middle is the mean of two ends. An object seen from an accelerated telescope is, half way in time, off the
    half way of its trail by a t^2/2 over its distance, t being half the exposure.
    """
    half_s = (row["exposure_end_mjd"] - row["exposure_start_mjd"]) * SECONDS_PER_DAY / 2
    ra, dec, angle = (math.radians(row[name]) for name in ("ra", "dec", "position_angle"))
    east = np.array([-math.sin(ra), math.cos(ra), 0.0])
    north = np.array([-math.sin(dec) * math.cos(ra), -math.sin(dec) * math.sin(ra), math.cos(dec)])
    along = math.sin(angle) * east + math.cos(angle) * north
    pull = GM_EARTH_KM3_S2 * float(place_km @ along) / float(np.linalg.norm(place_km)) ** 3
    distance_km = (row["distance"] or USUAL_DISTANCE_AU) * AU_KM
    shift = pull * half_s**2 / 2 / distance_km * ARCSEC_PER_RADIAN
    own = sigma_arcsec / math.sqrt(2)
    rms_ra, rms_dec = (
        max(LEAST_RMS_ARCSEC, math.hypot(own, shift * part)) for part in (math.sin(angle), math.cos(angle))
    )
    correlation = shift**2 * math.sin(angle) * math.cos(angle) / (rms_ra * rms_dec)
    return rms_ra, rms_dec, max(-0.999, min(0.999, correlation))


def _middle_mjd(row: Values) -> float:
    return float(row["exposure_start_mjd"] + row["exposure_end_mjd"]) / 2


def _middle_time(row: Values) -> str:
    start, end = (datetime.fromisoformat(row[name]) for name in ("exposure_start", "exposure_end"))
    return (start + (end - start) / 2).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(text: str, length: int | None = None) -> str:
    """On one line, without the separator, no longer than the standard allows."""
    return " ".join(text.replace("|", "/").split())[:length].strip()
