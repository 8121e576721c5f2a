"""How many of the trails that were put into images are found: by the model, by volunteers, by both together.

The training images are the experiment: real tiles of our own making with simulated trails and what is taken for one,
which travel unmarked through the pre-screening and, among the others, through the classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext as _

from catalogue.scan import kept
from classify.models import YES, Classification, KnownAnswer
from ml.evaluation.measures import wilson
from ml.models import Model, Score
from ml.selectors import model_active

MAGNITUDES = (18.0, 20.0, 21.0, 22.0, 23.0, 24.0, 27.0)
LENGTHS_PX = (10.0, 30.0, 60.0, 120.0, 240.0, 800.0)
SAGITTAS_PX = (0.0, 1.0, 3.0, 10.0, 200.0)
SNRS = (0.0, 2.0, 3.0, 5.0, 10.0, 100.0)
CROWD = 3
"""So many people must have seen an image before the crowd has said anything of it; more than half must say yes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A share of what was put in, with its 95 % interval (Wilson)."""

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """The share; None where nothing was tried."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval."""
        return wilson(self.hits, self.of)


@dataclass(frozen=True, slots=True)
class Line:
    """One bin of a quantity, or one kind of image. ``each_person`` counts answers, the others images."""

    label: str
    model: Found
    each_person: Found
    crowd: Found
    either: Found


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of one quantity."""

    key: str
    title: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Tried:
    """One training image: what is in it, and what was said of it. None: it was not tried."""

    kind: str
    truth: dict[str, float]
    yes: int
    answers: int
    above: bool | None

    @property
    def crowd(self) -> bool | None:
        """Whether most people say yes."""
        return 2 * self.yes > self.answers if self.answers >= CROWD else None

    @property
    def either(self) -> bool | None:
        """Whether the model or the crowd finds it; None as long as one of them has not looked and the other has not."""
        said = [one for one in (self.above, self.crowd) if one is not None]
        return any(said) if any(said) or len(said) == 2 else None


def completeness() -> list[Table]:
    """Shares found, by what the trail is like, and shares of everything else that are taken for one."""
    model = model_active()
    tried = kept(f"completeness:{model.pk if model else 0}", lambda: _tried(model))
    trails = [one for one in tried if one.kind == KnownAnswer.Kind.ASTEROID]
    tables = [
        _by("mag", _("By AB magnitude"), MAGNITUDES, trails),
        _by("length_px", _("By length, pixels"), LENGTHS_PX, trails),
        _by("sagitta_px", _("By curvature: pixels off the chord"), SAGITTAS_PX, trails),
        _by("ridge_snr", _("By height over the noise of a pixel"), SNRS, trails),
    ]
    return [table for table in tables if table.lines]


def mistaken() -> list[Line]:
    """For each kind of image without an asteroid, the share that is taken for one: what purity is lost to."""
    model = model_active()
    tried = kept(f"completeness:{model.pk if model else 0}", lambda: _tried(model))
    labels = dict(KnownAnswer.Kind.choices)
    kinds = [kind for kind in labels if kind != KnownAnswer.Kind.ASTEROID]
    groups = [(str(labels[kind]), [one for one in tried if one.kind == kind]) for kind in kinds]
    return [_line(label, group) for label, group in groups if group]


def _tried(model: Model | None) -> list[Tried]:
    # Who answers a second time has been told the truth after the first.
    void = (Classification.SetAside.UNDONE, Classification.SetAside.REPEAT)
    answers = Classification.objects.filter(training=True).exclude(set_aside__in=void)
    by_subject = answers.values("subject").annotate(yes=Count("pk", filter=Q(answer=YES)), n=Count("pk"))
    said = {row["subject"]: (row["yes"], row["n"]) for row in by_subject}
    known = KnownAnswer.objects.values("subject", "subject__cutout").annotate(kind=Min("kind"), first=Min("pk"))
    truths = dict(KnownAnswer.objects.values_list("pk", "truth"))
    cutouts = [row["subject__cutout"] for row in known]
    scores = Score.objects.filter(model=model, cutout__in=cutouts).annotate(limit=F("model__threshold"))
    above = {cutout: p >= limit for cutout, p, limit in scores.values_list("cutout", "p_asteroid", "limit")}
    return [
        Tried(
            row["kind"],
            truths[row["first"]],
            *said.get(row["subject"], (0, 0)),
            above.get(row["subject__cutout"]),
        )
        for row in known
    ]


def _by(key: str, title: str, edges: Sequence[float], trails: Sequence[Tried]) -> Table:
    lines = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = [one for one in trails if key in one.truth and low <= one.truth[key] < high]
        if inside:
            lines.append(_line(f"{low:g} – {high:g}", inside))
    return Table(key, title, lines)


def _line(label: str, group: Sequence[Tried]) -> Line:
    def counted(what: Callable[[Tried], bool | None]) -> Found:
        said: list[Any] = [found for one in group if (found := what(one)) is not None]
        return Found(sum(said), len(said))

    people = Found(sum(one.yes for one in group), sum(one.answers for one in group))
    return Line(label, counted(lambda one: one.above), people, counted(lambda one: one.crowd),
                counted(lambda one: one.either))  # fmt: skip
