"""The active model's scores as the rooms above use them: a prior, and a band."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ml.models import Model, Score

LIKELY, UNLIKELY = 0.5, 0.1
"""p_asteroid from which a cutout is shown first, and under which it is shown last."""
TRAINED_SHARE = 0.4
"""Share of tiles with a trail where a model was calibrated, for cards that do not say it."""


@dataclass(frozen=True, slots=True)
class ActiveScores:
    """p_asteroid by cutout, and the share of tiles with a trail for which it is calibrated."""

    trained_share: float = TRAINED_SHARE
    by_cutout: dict[int, float] = field(default_factory=dict)


def scores_active(cutout_ids: Collection[int]) -> ActiveScores:
    """What the active model says of these cutouts. One that it has not scored (yet) is left out.

    While a newly activated model is still scoring, nothing stands in for what it has not seen: an older model's
    score has another calibration, and without a score people only give a vote more.
    """
    if not cutout_ids:
        return ActiveScores()
    rows = list(
        Score.objects.filter(cutout__in=cutout_ids, model__active=True).values_list("cutout_id", "p_asteroid", "model")
    )
    if not rows:
        return ActiveScores()
    card = Model.objects.values_list("card", flat=True).get(pk=rows[0][2])
    return ActiveScores(trained_share(card), {cutout_id: p for cutout_id, p, _ in rows})


def trained_share(card: dict[str, Any]) -> float:
    """The share of tiles with an asteroid trail among those that the model was calibrated and judged on."""
    try:
        tiles = card["figures"]["tiles"]
        share = float(tiles["asteroid"]) / float(tiles["all"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return TRAINED_SHARE
    return share if 0.01 <= share <= 0.99 else TRAINED_SHARE
