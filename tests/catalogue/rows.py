"""Candidates for tests that look at no pixels."""

from __future__ import annotations

from typing import Any

from archive.models import Exposure
from catalogue.models import Candidate
from tests import factories


def candidate(*, of: Exposure | None = None, **fields: Any) -> Candidate:
    """A measured candidate in the middle of an exposure that has one cutout."""
    exposure = of or factories.exposure()
    if of is None:
        factories.cutout(of=exposure, with_file=True)
    values: dict[str, Any] = {
        "exposure": exposure, "source": "consensus", "position_from": "fit", "mid_x": 250.0, "mid_y": 260.0,
        "end1_x": 200.0, "end1_y": 240.0, "end2_x": 300.0, "end2_y": 280.0, "ra_deg": 150.0, "dec_deg": 2.0,
        "position_sigma_arcsec": 0.02, "end1_ra_deg": 149.999, "end1_dec_deg": 1.999, "end2_ra_deg": 150.001,
        "end2_dec_deg": 2.001, "length_arcsec": 5.4, "position_angle_deg": 68.2, "ridge_snr": 6.1,
        "curve": [[200.0, 240.0], [250.0, 260.0], [300.0, 280.0]], "p_model": 0.9,
    }  # fmt: skip
    return Candidate.objects.create(**values | fields)
