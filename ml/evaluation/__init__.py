"""How good a model is, on tiles with known truth: by tile and by detection, with intervals. No Django here.

:mod:`measures` has the figures themselves, :mod:`matching` decides what was found, :mod:`froc` weighs completeness
against false detections, :mod:`judging` runs a model on seeds, :mod:`report` writes the card's figures,
:mod:`bars` holds them against what was asked for, :mod:`compare` against a card's.
"""

from ml.evaluation.compare import differences
from ml.evaluation.judging import (
    CALIBRATION_SEEDS,
    FRESH_SEEDS,
    TEST_SEEDS,
    TESTED,
    Judged,
    TestSet,
    judge_seeds,
    judge_tile,
    shared_out,
    working_threshold,
)
from ml.evaluation.matching import Matched, matched
from ml.evaluation.measures import auc, auc_interval, average_precision, calibration_error, purity, threshold_at, wilson
from ml.evaluation.report import figures
from ml.evaluation.truth import Truth, Truths, truth_of, truths_of

__all__ = [
    "CALIBRATION_SEEDS",
    "FRESH_SEEDS",
    "TESTED",
    "TEST_SEEDS",
    "Judged",
    "Matched",
    "TestSet",
    "Truth",
    "Truths",
    "auc",
    "auc_interval",
    "average_precision",
    "calibration_error",
    "differences",
    "figures",
    "judge_seeds",
    "judge_tile",
    "matched",
    "purity",
    "shared_out",
    "threshold_at",
    "truth_of",
    "truths_of",
    "wilson",
    "working_threshold",
]
