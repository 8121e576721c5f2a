"""What the headers of an exposure say: who, when, through which filter."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from astropy.io import fits

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
SECONDS_PER_DAY = 86_400.0
EARLIEST_MJD = 33_282.0  # 1950: before this no digital image, so the header is wrong
LATEST_MJD = 88_069.0  # 2100
CHIPS = {"WFC": 2, "UVIS": 2, "WFPC2": 4}
"""Detector chips that one exposure drizzles: NDRIZIM counts chips, not exposures."""
DATASET_NAME = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]+")
NOTHING_IN_BEAM = ("CLEAR", "N/A", "BLANK", "NONE", "OPEN")


class UnusableImage(ValueError):
    """The file holds no usable image; ``reason`` is one sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ExposureHeader:
    """Metadata of one exposure. Times are UTC; ``exposure_s`` is the time the shutter was open in all.

    For ``combined`` images (several exposures drizzled together) start and end enclose all of them and
    differ by more than ``exposure_s``, or by less where the file kept the times of one member only.
    """

    dataset: str
    telescope: str
    instrument: str
    detector: str
    filter: str
    target: str
    proposal: str
    start_utc: datetime
    end_utc: datetime
    start_mjd_utc: float
    end_mjd_utc: float
    exposure_s: float
    unit: str
    photflam: float | None
    photplam: float | None
    photzpt: float | None
    combined: bool
    simulated: bool
    kind: str


def datetime_from_mjd(mjd_utc: float) -> datetime:
    """UTC date and time of a Modified Julian Date (UTC), to the microsecond."""
    return MJD_EPOCH + timedelta(days=mjd_utc)


def mjd_from_datetime(moment: datetime) -> float:
    """Modified Julian Date (UTC) of a date and time; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - MJD_EPOCH) / timedelta(days=1)


class _Cards:
    """Look a keyword up in the extension first, then in the primary header; broken cards count as absent."""

    def __init__(self, primary: fits.Header, extension: fits.Header) -> None:
        self.headers = (extension, primary)

    def get(self, name: str) -> object:
        for header in self.headers:
            try:
                value = header.get(name)
            except Exception:  # astropy raises VerifyError, ValueError and others on unparsable cards
                continue
            if value is not None and not isinstance(value, fits.card.Undefined):
                return value
        return None

    def text(self, *names: str) -> str:
        for name in names:
            value = self.get(name)
            if value is not None and (text := str(value).strip()):
                return "".join(c for c in text if c.isprintable())[:80]
        return ""

    def number(self, *names: str) -> float | None:
        for name in names:
            value = self.get(name)
            try:
                number = float(str(value)) if value is not None and not isinstance(value, bool) else math.nan
            except ValueError:
                continue
            if math.isfinite(number):
                return number
        return None


def _filter(cards: _Cards) -> str:
    """The element that is in the beam: FILTER (WFC3), FILTER1/FILTER2 (ACS), FILTNAM1/FILTNAM2 (WFPC2)."""
    names = [cards.text(key) for key in ("FILTER", "FILTNAM1", "FILTNAM2", "FILTER1", "FILTER2")]
    real = [n for n in names if n and not n.upper().startswith(NOTHING_IN_BEAM) and not n.isdigit()]
    bands = [n for n in real if n.upper().startswith("F")]
    return (bands or real or [""])[0]


def _kind(cards: _Cards, file_name: str) -> str:
    """flc, flt, drc, drz or image, from the names it was given; drizzled data is never called flt."""
    drizzled = cards.number("NDRIZIM") is not None
    for name in (file_name, cards.text("FILENAME"), cards.text("ROOTNAME")):
        match = re.search(r"_(flc|flt|drc|drz)(?=[_.]|$)", name.lower())
        if match and not (drizzled and match[1].startswith("fl")):
            return match[1]
    return "drz" if drizzled else "image"


def _dataset(cards: _Cards, file_name: str) -> str:
    """ROOTNAME, which some pipelines fill with a path; else the file's own name without its endings.

    It names folders and addresses later on, so only harmless characters are let through: those of a file
    name are replaced, a ROOTNAME with others is not believed.
    """
    for name in (cards.text("ROOTNAME"), re.sub(r"[^A-Za-z0-9._/\\-]+", "_", file_name)):
        bare = re.sub(r"\.(fits?|fts)(\.gz|\.fz)?$", "", re.split(r"[/\\]", name)[-1], flags=re.IGNORECASE)[:64]
        if DATASET_NAME.fullmatch(bare):
            return bare
    raise UnusableImage("It has no usable name: neither ROOTNAME nor the file's name has a letter or digit of ASCII.")


def _date_mjd(cards: _Cards) -> float | None:
    """Start from DATE-OBS (with TIME-OBS, or an ISO date with the time in it)."""
    date, time = cards.text("DATE-OBS", "DATE-BEG"), cards.text("TIME-OBS", "UT")
    if not date or ("T" not in date and not time):
        return None
    try:
        return mjd_from_datetime(datetime.fromisoformat(date if "T" in date else f"{date}T{time}"))
    except ValueError:
        return None


def _times(cards: _Cards) -> tuple[float, float, float]:
    """(start, end) as MJD UTC and the exposure in seconds, each worked out from the others if absent."""
    start = cards.number("EXPSTART", "MJD-BEG", "MJD-OBS")
    start = start if start else _date_mjd(cards)
    end = cards.number("EXPEND", "MJD-END")
    exposure_s = cards.number("EXPTIME", "EXPOSURE", "TEXPTIME")
    if start is None or (not end and not exposure_s):
        raise UnusableImage("It has no exposure times (EXPSTART, EXPEND, EXPTIME).")
    if not end:
        end = start + (exposure_s or 0.0) / SECONDS_PER_DAY
    if not exposure_s:
        exposure_s = (end - start) * SECONDS_PER_DAY
    if not EARLIEST_MJD < start < LATEST_MJD or not EARLIEST_MJD < end < LATEST_MJD:
        raise UnusableImage("Its exposure times are not plausible dates.")
    if end <= start or not 0 < exposure_s < 100 * SECONDS_PER_DAY:
        raise UnusableImage("Its exposure ends before it starts, or has no duration.")
    return start, end, exposure_s


def _combined(cards: _Cards, kind: str, exposure_s: float, span_s: float, chips: int) -> bool:
    """Whether several exposures were added: the times disagree, or more images than one exposure's chips."""
    if kind not in ("drz", "drc"):
        return (cards.number("NCOMBINE") or 0) > 1
    return (cards.number("NDRIZIM") or 0) > chips or abs(span_s - exposure_s) > 0.25 * exposure_s + 5.0


def exposure_header(primary: fits.Header, extension: fits.Header, file_name: str) -> ExposureHeader:
    """Gather the metadata of one science extension.

    Raises
    ------
    UnusableImage
        Times of exposure are missing or impossible, or there is nothing to name the data set after.
    """
    cards = _Cards(primary, extension)
    start, end, exposure_s = _times(cards)
    instrument, kind = cards.text("INSTRUME"), _kind(cards, file_name)
    detector = cards.text("DETECTOR")
    if detector.isdigit():
        detector = "PC" if detector == "1" and instrument == "WFPC2" and kind not in ("drz", "drc") else ""
    chips = CHIPS.get(detector) or CHIPS.get(instrument, 1)
    return ExposureHeader(
        dataset=_dataset(cards, file_name),
        telescope=cards.text("TELESCOP"),
        instrument=instrument,
        detector=detector,
        filter=_filter(cards),
        target=cards.text("TARGNAME", "OBJECT"),
        proposal=cards.text("PROPOSID"),
        start_utc=datetime_from_mjd(start),
        end_utc=datetime_from_mjd(end),
        start_mjd_utc=start,
        end_mjd_utc=end,
        exposure_s=exposure_s,
        unit=cards.text("BUNIT"),
        photflam=cards.number("PHOTFLAM"),
        photplam=cards.number("PHOTPLAM"),
        photzpt=cards.number("PHOTZPT"),
        combined=_combined(cards, kind, exposure_s, (end - start) * SECONDS_PER_DAY, chips),
        simulated=cards.get("SIMULATE") is True,
        kind=kind,
    )
