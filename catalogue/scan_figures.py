"""How good a scan is: the active model against what people decided, and what its card says by magnitude and length."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from catalogue.scan import kept
from ml.advice import Share
from ml.card_charts import card_charts
from ml.charts import Axis, LineChart, Point, Tick, line_chart
from ml.evaluation.measures import reliability, wilson
from ml.feedback import learnt_until
from ml.labels import labels_that_count
from ml.models import Model, TrainingLabel
from sky.photometry import magnitude
from sky.simulate.exposure import sky_sigma
from sky.simulate.instruments import ACS_WFC
from sky.simulate.trails import ridge_peak

LEAST_ASTEROIDS, LEAST_OTHERS = 10, 10
"""With fewer decisions an interval is wider than half of what is possible: nothing is drawn."""
LABELS_AT_MOST = 20_000
LEVELS = tuple(round(level / 20, 2) for level in range(1, 20))
TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
TYPICAL_FILTER, TYPICAL_EXPOSURE_S, TYPICAL_LENGTH_PX = "F814W", 500.0, 100.0
RANGE = "–"
Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Level:
    """What a threshold would mean: the share of asteroids in what passes, and the share of asteroids that pass."""

    threshold: float
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Against:
    """A model held against people's decisions.

    ``drawn`` is its recall among the cutouts that people saw at random, whatever the model says; ``left_out``
    decisions were there when it was trained and say nothing of it.
    """

    asteroids: int = 0
    others: int = 0
    left_out: bool = False
    at_threshold: Level | None = None
    drawn: Share | None = None
    levels: list[Level] = field(default_factory=list)
    charts: list[LineChart] = field(default_factory=list)

    @property
    def asteroids_missing(self) -> int:
        return max(0, LEAST_ASTEROIDS - self.asteroids)

    @property
    def others_missing(self) -> int:
        return max(0, LEAST_OTHERS - self.others)


def against_people(model: Model) -> Against:
    """Precision, recall and reliability at each threshold, with Wilson's 95 % intervals, of the newest decisions."""
    asteroid, p, drawn = kept(f"decided:{model.pk}:{model.sha256}", lambda: _decided(model))
    asteroids = int(asteroid.sum())
    found = Against(asteroids, asteroid.size - asteroids, _learnt_labels(model))
    if found.asteroids_missing or found.others_missing:
        return found
    levels = [_level(p, asteroid, threshold) for threshold in LEVELS]
    return replace(
        found,
        at_threshold=_level(p, asteroid, model.threshold),
        drawn=_level(p[drawn], asteroid[drawn], model.threshold).recall,
        levels=levels,
        charts=[_precision_recall(levels), _reliability(p, asteroid)],
    )


def _learnt_labels(model: Model) -> bool:
    labels = model.card.get("labels") if isinstance(model.card, dict) else None
    return isinstance(labels, dict) and bool(labels.get("count"))


def _decided(model: Model) -> tuple[Flags, Scores, Flags]:
    """Of cutouts that people and the model judged: (n,) asteroid or not, p_asteroid, shown to people at random."""
    labels = labels_that_count().filter(cutout__scores__model=model).annotate(p=F("cutout__scores__p_asteroid"))
    if _learnt_labels(model):
        labels = labels.filter(decided_at__gt=learnt_until(model))
    random = TrainingLabel.objects.filter(cutout=OuterRef("cutout"), drawn=True)
    rows = labels.annotate(random=Exists(random)).order_by("-decided_at", "-pk")
    found = list(rows.values_list("label", "p", "random")[:LABELS_AT_MOST])
    asteroid = np.array([label == TrainingLabel.Label.ASTEROID for label, _p, _random in found], dtype=bool)
    p = np.array([p for _label, p, _random in found], dtype=np.float64)
    return asteroid, p, np.array([random for _label, _p, random in found], dtype=bool)


def _level(p: Scores, asteroid: Flags, threshold: float) -> Level:
    passed = p >= threshold
    hits = int((passed & asteroid).sum())
    return Level(threshold, Share(hits, int(passed.sum())), Share(hits, int(asteroid.sum())))


def _precision_recall(levels: list[Level]) -> LineChart:
    by_recall: dict[float, Point] = {}
    for level in reversed(levels):  # of equal recall the highest threshold is drawn
        if level.precision.of:
            interval = wilson(level.precision.hits, level.precision.of)
            by_recall.setdefault(level.recall.value, (level.recall.value, level.precision.value, *interval))
    axes = Axis(_("recall"), 0, 1, TENTHS), Axis(_("precision"), 0, 1, TENTHS)
    lines = [(_("asteroid"), list(by_recall.values()))]
    return line_chart("people-pr", _("Precision and recall against people"), *axes, lines)


def _reliability(p: Scores, asteroid: Flags) -> LineChart:
    bins = reliability(p, asteroid)["bins"]
    points: list[Point] = [(row["mean"], row["value"], row["low"], row["high"]) for row in bins]
    axes = Axis(_("probability that the model gives"), 0, 1, TENTHS), Axis(_("share of asteroids"), 0, 1, TENTHS)
    title = _("Do people agree with its probabilities?")
    return line_chart("people-reliability", title, *axes, [(_("asteroid"), points)], diagonal=True)


def card_completeness(model: Model) -> list[LineChart]:
    """The card's completeness by magnitude and by length, on simulated and on real backgrounds."""
    charts = {chart.key: chart for chart in card_charts(model.card)}
    titles = {
        "simulated": _("Completeness by magnitude"),
        "real": _("Completeness by magnitude, real backgrounds"),
    }
    found = []
    for background, title in titles.items():
        if by_snr := charts.get(f"{background}-snr"):
            found.append(_by_magnitude(by_snr, f"{background}-magnitude", title))
        if by_length := charts.get(f"{background}-length"):
            found.append(by_length)
    return found


def _by_magnitude(chart: LineChart, key: str, title: str) -> LineChart:
    """A chart over ranges of SNR with the magnitudes that these are in a typical exposure."""
    return replace(
        chart,
        key=key,
        title=title,
        x_words=_("AB magnitude, approximate"),
        x_ticks=[Tick(tick.at, _magnitudes(tick.text)) for tick in chart.x_ticks],
        rows=[(name, f"{_magnitudes(at)} (SNR {at})", value, interval) for name, at, value, interval in chart.rows],
    )


def _magnitudes(snrs: str) -> str:
    """A range of SNR, such as 3–5, as one of magnitudes."""
    try:
        return RANGE.join(f"{magnitude_of_snr(float(snr)):.1f}" for snr in snrs.split(RANGE))
    except ValueError:
        return snrs


@lru_cache
def magnitude_of_snr(ridge_snr: float) -> float:
    """AB magnitude of an asteroid whose trail's ridge has this SNR in a typical exposure: 500 s, ACS/WFC F814W.

    m = ZP - 2.5 log10(SNR sigma L / (r t)): with the zero point ZP, the sky's noise per pixel sigma (electrons), the
    trail's length L = 100 px, the exposure time t, and the share r of the light of one pixel's length that falls
    into the pixel on the ridge. It gives 22.7 at SNR 4.5, the median of the published sample (22.8; Kruk et
    al. 2022, A&A 661, A85). A trail of twice the length is 0.75 mag brighter at the same SNR.

    Raises
    ------
    ValueError
        The SNR is not positive.
    """
    band = ACS_WFC.bands[TYPICAL_FILTER]
    noise = sky_sigma(ACS_WFC, band, TYPICAL_EXPOSURE_S)
    electrons = ridge_snr * noise * TYPICAL_LENGTH_PX / ridge_peak(1.0, band.psf_fwhm_px)
    return magnitude(electrons / TYPICAL_EXPOSURE_S, band.zero_point)
