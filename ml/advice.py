"""Whether a model should be trained anew, and why: what people decided since, and how its scores moved.

The thresholds are chosen, not measured; docs/how-to/train.md says what each stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml.drift import chance_index, stability_index
from ml.evaluation.measures import wilson
from ml.feedback import Evidence
from ml.models import TrainingLabel

NEW_LABELS = 200
"""So many decisions since a model was made are worth a training."""
NEW_ASTEROIDS = 20
"""So many new asteroids, too: they are rare, and what a model needs most."""
DISAGREEMENT_SHARE = 0.05
"""People and model may disagree on this share of what both judged."""
MISSED_SHARE = 0.01
"""This share of the low scores that people looked at may be asteroids."""
PURE_SHARE = 0.5
"""At least this share of what the model proposed and the team looked at should be asteroids."""
DRIFT = 0.25
"""A population stability index above this is a major change by convention."""
LEAST_JUDGED = 5
"""Below so many cutouts a share says nothing."""
LEAST_SCORES = 200
"""Below so many scores on either side a drift says nothing."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson 1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def low(self) -> float:
        return wilson(self.hits, self.of)[0]

    @property
    def high(self) -> float:
        return wilson(self.hits, self.of)[1]

    def __str__(self) -> str:
        if not self.of:
            return "–"
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was looked at, in words, and whether it speaks for a new training."""

    text: str
    speaks: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """All that was looked at; ``retrain`` where anything speaks for it."""

    reasons: list[Reason]

    @property
    def retrain(self) -> bool:
        return any(reason.speaks for reason in self.reasons)


def advice(found: Evidence, before: Sequence[int] = (), since: Sequence[int] = ()) -> Advice:
    """What the evidence and the scores (histograms of before and since the model settled in) speak for."""
    reasons = [_labels(found), _disagreement(found), _misses(found), _purity(found), _drift(before, since)]
    return Advice([reason for reason in reasons if reason is not None])


def _labels(found: Evidence) -> Reason:
    total = sum(found.new_labels.values())
    words = [f"{TrainingLabel.Source(source).label}: {count}" for source, count in sorted(found.new_labels.items())]
    text = ngettext(
        "%(n)d new decision of people since this model was made, %(asteroids)d asteroids among them",
        "%(n)d new decisions of people since this model was made, %(asteroids)d asteroids among them",
        total,
    ) % {"n": total, "asteroids": found.new_asteroids}
    return Reason(
        f"{text} ({', '.join(words)})." if words else f"{text}.",
        total >= NEW_LABELS or found.new_asteroids >= NEW_ASTEROIDS,
    )


def _disagreement(found: Evidence) -> Reason | None:
    if not found.judged:
        return None
    share = Share(found.disagreements, found.judged)
    values = {"share": share, "hits": share.hits, "of": share.of, "missed": found.missed, "false": found.false}
    text = _(
        "People and the model disagree on %(hits)d of the %(of)d cutouts that both judged: %(share)s "
        "(%(missed)d trails missed, %(false)d false ones)."
    )
    return Reason(text % values, share.of >= LEAST_JUDGED and share.low > DISAGREEMENT_SHARE)


def _misses(found: Evidence) -> Reason | None:
    if not found.drawn_low:
        return None
    share = Share(found.drawn_missed, found.drawn_low)
    text = _("Of %(of)d low scores that people saw at random, %(hits)d are asteroids: %(share)s missed.")
    return Reason(text % {"of": share.of, "hits": share.hits, "share": share}, share.low > MISSED_SHARE)


def _purity(found: Evidence) -> Reason | None:
    if not found.proposed:
        return None
    share = Share(found.pure, found.proposed)
    text = _("Of %(of)d cutouts that it proposed and the team validated, %(hits)d show an asteroid: %(share)s.")
    values = {"of": share.of, "hits": share.hits, "share": share}
    return Reason(text % values, share.of >= LEAST_JUDGED and share.high < PURE_SHARE)


def _drift(before: Sequence[int], since: Sequence[int]) -> Reason | None:
    if min(sum(before), sum(since)) < LEAST_SCORES:
        return None
    index = stability_index(before, since)
    chance = chance_index(sum(before), sum(since), len(before))
    limit = max(DRIFT, chance)
    text = _(
        "Scores drift: those of the %(n)d cutouts that came since have an index of %(index).2f; %(limit).2f is much."
    )
    return Reason(text % {"n": sum(since), "index": index, "limit": limit}, index > limit)
