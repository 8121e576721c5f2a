"""“What if there were 100,000 satellites?”: the published model as a form whose answers stand in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from ml.charts import Axis, LineChart, line_chart
from sky.satellites import ACS_FIELD_ARCSEC, MODEL_EXPOSURE_S, UVIS_FIELD_ARCSEC, Crossings, crossings

MOST = 100_000
ABOUT_TODAY = 10_000
START = {"number": MOST, "altitude": 550, "exposure": int(MODEL_EXPOSURE_S), "field": 200}
RANGES = {
    "number": (0, MOST, 500), "altitude": (550, 2000, 50), "exposure": (10, 2000, 10), "field": (10, 600, 2),
}  # fmt: skip
"""Least, most and step of each; the model holds above Hubble's own orbit, 538 km."""
CURVE_POINTS = 20


@dataclass(frozen=True, slots=True)
class Slider:
    """One question to the model, and what was asked."""

    name: str
    label: str
    unit: str
    least: int
    most: int
    step: int
    value: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one field."""

    name: str
    field_arcsec: float
    found: Crossings

    @property
    def per_cent(self) -> tuple[float, float]:
        """Of exposures: trails per hundred, and those with at least one."""
        return 100 * self.found.trails, 100 * self.found.chance


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was asked (the nearest that is allowed), the answers, the curves, and addresses that ask for a number."""

    sliders: list[Slider]
    answers: list[Answer]
    chart: LineChart
    presets: list[tuple[str, str, bool]]


def foretold(query: Mapping[str, str]) -> Foretold:
    """The model's answer to what an address asks; what is missing, or nonsense, is the start's."""
    asked = {name: _allowed(name, query.get(name, "")) for name in START}
    fields = [
        ("ACS/WFC", ACS_FIELD_ARCSEC),
        ("WFC3/UVIS", UVIS_FIELD_ARCSEC),
        (_("Another field"), float(asked["field"])),
    ]
    answers = [Answer(name, side, _crossings(asked, asked["number"], side)) for name, side in fields]
    presets = [(_("About today: 10,000"), ABOUT_TODAY), ("60,000", 60_000), ("100,000", MOST)]
    return Foretold(
        _sliders(asked),
        answers,
        _curves(asked, fields),
        [(words, urlencode(asked | {"number": number}), number == asked["number"]) for words, number in presets],
    )


def _allowed(name: str, text: str) -> int:
    least, most, _step = RANGES[name]
    try:
        return min(max(round(float(text)), least), most)
    except (ValueError, OverflowError):
        return START[name]


def _sliders(asked: Mapping[str, int]) -> list[Slider]:
    words = {
        "number": (_("Satellites"), ""),
        "altitude": (_("Their altitude"), " km"),
        "exposure": (_("Exposure"), " s"),
        "field": (_("Side of another field"), "″"),
    }
    return [Slider(name, *words[name], *RANGES[name], asked[name]) for name in START]


def _crossings(asked: Mapping[str, int], number: int, side: float) -> Crossings:
    return crossings(
        number=number, altitude_km=asked["altitude"], exposure_s=asked["exposure"], field_arcsec=side
    )  # fmt: skip


def _curves(asked: Mapping[str, int], fields: list[tuple[str, float]]) -> LineChart:
    numbers = [MOST * step // CURVE_POINTS for step in range(CURVE_POINTS)] + [MOST]
    lines = [
        (name, [(number / 1000, _crossings(asked, number, side).chance) for number in numbers])
        for name, side in fields
    ]  # fmt: skip
    axes = (
        Axis(_("satellites, thousands"), 0, MOST / 1000, (0, 20, 40, 60, 80, 100)),
        Axis(_("chance of at least one trail in an exposure"), 0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
    )
    return line_chart("satellites-curve", _("The more satellites, the fewer clean exposures"), *axes, lines)
