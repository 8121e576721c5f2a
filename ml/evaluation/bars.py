"""What was asked of a model, held against what it reaches."""

from __future__ import annotations

from typing import Any

LOWER_ON_REAL = 0.1
"""On real backgrounds a figure may be so much lower."""
COMPLETENESS = (("0.1", "snr3", 0.80), ("0.1", "snr5", 0.95), ("0.5", "snr3", 0.90), ("0.5", "snr5", 0.98))
AUC = (
    ("asteroid_snr2", "AUC by tile, SNR 2 or more", 0.97),
    ("asteroid_snr2_30px", "AUC by tile, SNR 2 or more, 30 px or more", 0.97),
    ("satellite", "AUC by tile, satellites", 0.97),
)
GROUPS = {"snr3": "SNR 3 or more, 30 px or more", "snr5": "SNR 5 or more, 30 px or more"}


def bars(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of ``name``, ``what``, ``background``, ``needed``, the figure (value, low, high) and ``met``.

    A bar is met when the figure itself reaches it; its interval says how sure that is. What was not measured
    (no such trails, no real backgrounds) has no row.
    """
    rows = _rows(found, "simulated", 0.0)
    if "real" in found:
        rows += _rows(found["real"], "real", LOWER_ON_REAL)
    return rows


def _rows(found: dict[str, Any], background: str, lower: float) -> list[dict[str, Any]]:
    wanted = [
        (
            f"completeness_{group}_at_{rate}",
            f"Completeness at {rate} false detections per tile, {GROUPS[group]}",
            found["completeness"][rate][group],
            needed,
        )
        for rate, group, needed in COMPLETENESS
        if found["completeness"][rate][group]["of"]
    ]
    wanted += [(f"auc_{name}", what, found["auc"][name], needed) for name, what, needed in AUC if name in found["auc"]]
    return [
        {
            "name": name, "what": what, "background": background, "needed": round(needed - lower, 4),
            "value": figure["value"], "low": figure["low"], "high": figure["high"],
            "met": figure["value"] >= round(needed - lower, 4),
        }
        for name, what, figure, needed in wanted
    ]  # fmt: skip
