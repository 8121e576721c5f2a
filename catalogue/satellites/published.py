"""The published figures, to be held beside this site's own.

Kruk, S. et al. 2023, Nature Astronomy 7, 262 (doi:10.1038/s41550-023-01903-3), and the output of its notebooks, for
exposures to 3 October 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "Kruk et al. 2023, Nature Astronomy 7, 262"
SOURCE_URL = "https://doi.org/10.1038/s41550-023-01903-3"
ACS, UVIS = "ACS/WFC", "WFC3/UVIS"


@dataclass(frozen=True, slots=True)
class Sample:
    """A published count: exposures, those with satellites, and the share with its error, in per cent."""

    words: str
    exposures: int
    crossed: int
    percent: float
    sigma: float


SAMPLES = (
    Sample(f"{ACS} + {UVIS}", 114_607, 3_072, 2.68, 0.19),
    Sample(ACS, 76_056, 2_418, 3.18, 0.23),
    Sample(UVIS, 38_551, 654, 1.70, 0.14),
    Sample(f"{ACS}, 2002–05", 24_139, 681, 2.82, 0.23),
    Sample(f"{ACS}, 2018–21", 9_375, 404, 4.31, 0.37),
    Sample(f"{UVIS}, 2009–12", 11_325, 130, 1.15, 0.13),
    Sample(f"{UVIS}, 2018–21", 11_055, 219, 1.98, 0.19),
    Sample("F606W + F775W + F814W", 62_802, 2_095, 3.34, 0.24),
)
PERCENT_BY_INSTRUMENT = {"all": 2.68, ACS: 3.18, UVIS: 1.70}
PERCENT_BY_YEAR = {
    ACS: {
        2002: 2.58, 2003: 2.92, 2004: 2.86, 2005: 2.81, 2006: 2.89, 2007: 2.50, 2009: 2.87, 2010: 3.78, 2011: 2.77,
        2012: 2.95, 2013: 3.14, 2014: 2.84, 2015: 3.71, 2016: 3.39, 2017: 3.75, 2018: 4.21, 2019: 4.09, 2020: 4.28,
        2021: 5.07,
    },
    UVIS: {
        2009: 1.14, 2010: 1.18, 2011: 1.13, 2012: 1.14, 2013: 1.72, 2014: 1.89, 2015: 2.09, 2016: 1.95, 2017: 1.87,
        2018: 1.98, 2019: 1.99, 2020: 1.88, 2021: 2.20,
    },
}  # fmt: skip
"""Heights of the published figure's bars, scaled on the counts above."""
PERCENT_BY_FILTER = {
    ACS: {
        "F435W": 3.68, "F475W": 2.39, "F555W": 2.63, "F606W": 3.46, "F658N": 1.22, "F775W": 3.11, "F814W": 3.54,
        "F850LP": 2.69,
    },
    UVIS: {
        "F225W": 0.0, "F275W": 0.14, "F336W": 0.59, "F350LP": 2.83, "F475W": 2.10, "F555W": 1.99, "F606W": 3.31,
        "F814W": 2.38,
    },
}  # fmt: skip
CHANCES = (
    (ACS, (3.69, 0.28), (5.86, 0.87)),
    (UVIS, (3.24, 0.29), (5.54, 1.15)),
)
"""Trails per exposure of mean length in full-field, broad-band exposures, per cent: 2009-20, and 2021."""
MODEL_TRAILS_PERCENT = (
    (10_000, 550, 3.4, 2.7), (10_000, 1_000, 4.4, 3.5), (10_000, 2_000, 5.6, 4.4),
    (60_000, 550, 20.2, 16.1), (60_000, 1_000, 26.5, 21.2), (60_000, 2_000, 33.4, 26.7),
    (100_000, 550, 33.6, 26.9), (100_000, 1_000, 44.2, 35.3), (100_000, 2_000, 55.6, 44.5),
)  # fmt: skip
"""Number, altitude in km, trails per exposure of 660 s for fields of 200 and 160 arcsec, by the notebooks' own code."""


def published_percent(instrument: str, filter_name: str = "all", year: str = "all") -> float | None:
    """The published share of a group, in per cent; None where none was published."""
    if filter_name != "all":
        return PERCENT_BY_FILTER.get(instrument, {}).get(filter_name)
    if year != "all":
        return PERCENT_BY_YEAR.get(instrument, {}).get(int(year))
    return PERCENT_BY_INSTRUMENT.get(instrument)
