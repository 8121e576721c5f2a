"""How well trails are placed when nobody says where they are: the demo's sample, each trail from its best tile.

The reference is the finder alone on the tile, without measuring on the whole exposure.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np

SEED = 20190630  # the demo's


def run() -> list[dict[str, Any]]:
    """Two figures: the median error of a trail's middle, and the share of trails within 0.1 arcsec."""
    from sky.simulate import SAMPLE, sample_exposure

    measured, found = [], []
    for index in range(len(SAMPLE)):
        exposure = sample_exposure(index, SEED)
        for truth in exposure.truth:
            if truth.kind == "asteroid":
                whole, alone = _errors_arcsec(exposure, truth)
                measured.append(whole)
                found.append(alone)
    within, within_alone = (sum(error < 0.1 for error in errors) / len(errors) for errors in (measured, found))
    median, median_alone = statistics.median(measured), statistics.median(found)
    return [
        {"name": f"middles of {len(measured)} trails, median error", "value": 1000 * median, "unit": "mas",
         "ratio": median / median_alone, "reference": f"finder alone on the tile: {1000 * median_alone:.3g} mas"},
        {"name": "middles within 0.1 arcsec", "value": 100 * within, "unit": "%",
         "ratio": within / max(within_alone, 1e-9), "reference": f"finder alone: {100 * within_alone:.3g} %"},
    ]  # fmt: skip


def _errors_arcsec(exposure: Any, truth: Any) -> tuple[float, float]:
    from archive.tiling import tiles
    from catalogue.locating import share_inside, trails_in
    from sky.trail import find_trails
    from sky.wcs import pixel_scale_arcsec

    height, width = exposure.pixels.shape
    curve = np.column_stack([truth.curve_x, truth.curve_y])
    box = max(tiles(width, height), key=lambda tile: share_inside(curve, tile))
    scale = pixel_scale_arcsec(exposure.wcs)

    def nearest(trails: list[Any]) -> float:
        away = [math.hypot(one.middle_x - truth.middle_x, one.middle_y - truth.middle_y) for one in trails]
        return scale * min(away, default=math.inf)

    alone = [trail.shifted(box.x0, box.y0) for trail in find_trails(exposure.pixels[box.rows, box.columns])]
    return nearest(trails_in(exposure.pixels, box)), nearest(alone)
