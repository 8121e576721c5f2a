"""How well the consensus finds rare subjects on a simulated project, at what cost: the bars of aggregation.md.

150,000 subjects with 10 votes each, 600 training subjects, three seeds on which nothing was chosen. The settings of
the sequential rule were chosen on seed 0. Ratios above 1 pass; each figure is the worst of the seeds.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.aggregate_batch import batch, majority
from classify.aggregate_calibration import audit_sample, platt, recalibrated
from classify.aggregate_em import normalised
from classify.aggregation import CROWD_STRENGTH, RetirementRule, softmax, volunteer_rows
from classify.simulated_votes import NO, PREVALENCE, UNSURE, YES, Project, simulate_project
from ml.evaluation import calibration_error

Floats = NDArray[np.float64]
SEEDS = (101, 102, 103)
AUDIT = 400
TEMPERATURE = 2.0
MOST_VOTES = 20
RULE = RetirementRule(min_votes=3, max_votes=20, no_below=4e-3, yes_above=1.0, unsure_above=0.98)
RULE_WITH_SCORE = RetirementRule(min_votes=1, max_votes=15, no_below=5e-3, yes_above=1.0, unsure_above=0.98)
MB = 1e6
# What must be reached: the figure's name, its unit, the bar, and whether more is better.
BARS = (
    ("batch: average precision", "", 0.974, True),
    ("batch: F1 at P > 0.5, gold alone", "", 0.905, True),
    ("batch: calibration error, gold alone", "", 0.002, False),
    ("batch: F1 at P > 0.5, audit of 400", "", 0.92, True),
    ("batch: calibration error, audit of 400", "", 0.001, False),
    ("batch: processor time", "s", 5.0, False),
    ("batch: memory over the arrays", "MB", 150.0, False),
    ("sequential: votes per subject", "", 3.6, False),
    ("sequential: best F1", "", 0.934, True),
    ("sequential with score: votes per subject", "", 1.7, False),
    ("sequential with score: best F1", "", 0.937, True),
)


def run() -> list[dict[str, Any]]:
    """Each figure beside its bar, and the votes that are saved against ten for everyone."""
    measured = [{**of_batch(seed), **of_sequential(seed)} for seed in SEEDS]
    rows = []
    for name, unit, bar, more in BARS:
        values = [figures[name] for figures in measured]
        worst = min(values) if more else max(values)
        ratio = worst / bar if more else bar / worst
        reference = f"the bar of {bar:g}; seeds: {', '.join(f'{value:.4g}' for value in values)}"
        rows.append({"name": name, "value": worst, "unit": unit, "ratio": ratio, "reference": reference})
    for name, of in (("votes alone", "sequential"), ("votes and score", "sequential with score")):
        votes = max(figures[f"{of}: votes per subject"] for figures in measured)
        rows.append({"name": f"{name}: ten votes each are", "value": votes, "unit": "votes", "ratio": 10 / votes,
                     "reference": "ten votes for everyone"})  # fmt: skip
    plain = [figures["majority"] for figures in measured]
    ours = [figures["batch: average precision"] for figures in measured]
    rows.append({"name": "missing average precision", "value": 1 - float(np.mean(ours)), "unit": "",
                 "ratio": (1 - float(np.mean(plain))) / (1 - float(np.mean(ours))),
                 "reference": f"vote shares: {1 - float(np.mean(plain)):.3g}"})  # fmt: skip
    return rows


# --- Batch -------------------------------------------------------------------------------------------------------
def of_batch(seed: int) -> dict[str, float]:
    """The batch estimator's figures on one project."""
    project = simulate_project(seed)
    votes, known = project.votes()
    prior = np.array(PREVALENCE)
    started = time.process_time()
    p = batch(votes, known=known, prior=prior).probabilities[: project.subjects, YES]
    spent = time.process_time() - started
    memory = _peak_bytes(lambda: batch(votes, known=known, prior=prior)) / MB
    yes = project.truth[: project.subjects] == YES
    audited = audit_sample(p, AUDIT, seed=seed)
    calm = recalibrated(p, platt(p[audited], yes[audited]))
    return {
        "majority": average_precision(majority(votes).probabilities[: project.subjects, YES], yes),
        "batch: average precision": average_precision(p, yes),
        "batch: F1 at P > 0.5, gold alone": f1(p > 0.5, yes),
        "batch: calibration error, gold alone": calibration_error(p, yes),
        "batch: F1 at P > 0.5, audit of 400": f1(calm > 0.5, yes),
        "batch: calibration error, audit of 400": calibration_error(calm, yes),
        "batch: processor time": spent,
        "batch: memory over the arrays": memory,
    }


def _peak_bytes(work: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- Sequential --------------------------------------------------------------------------------------------------
def of_sequential(seed: int) -> dict[str, float]:
    """Votes per subject and best F1 when subjects are retired one by one, without and with a model's score."""
    project = simulate_project(seed, votes_each=MOST_VOTES)
    yes = project.truth[: project.subjects] == YES
    even = np.tile(PREVALENCE, (project.subjects, 1))
    score = np.clip(project.score, 2e-4, 0.9)
    rest = (1 - score) / (1 - PREVALENCE[YES])
    scored = np.column_stack([rest * PREVALENCE[NO], score, rest * PREVALENCE[UNSURE]])
    figures = {}
    for name, prior, rule in (("sequential", even, RULE), ("sequential with score", scored, RULE_WITH_SCORE)):
        p, votes = sequential(project, prior, rule)
        figures[f"{name}: votes per subject"] = float(votes.mean())
        figures[f"{name}: best F1"] = best_f1(p[:, YES], yes)
    return figures


def sequential(project: Project, prior: Floats, rule: RetirementRule) -> tuple[Floats, NDArray[np.int64]]:
    """P(label) and votes spent per subject, when the rule ends the voting on each.

    Round after round each subject that goes on gets a vote; then people's rows are learnt anew from the training
    subjects (all of them seen before) and from what the votes so far say, and the subjects that go on are weighed
    with them. No vote is used that the rule would not have asked for.
    """
    subjects, workers = project.subjects, project.workers
    training = len(project.task) - MOST_VOTES * subjects
    worker = project.worker[training:].reshape(MOST_VOTES, subjects)
    answer = project.answer[training:].reshape(MOST_VOTES, subjects)
    truth = project.truth[project.task[:training]].astype(np.int64)
    code = (project.worker[:training].astype(np.int64) * 3 + truth) * 3 + project.answer[:training]
    gold = np.bincount(code, minlength=workers * 9).reshape(workers, 3, 3).astype(float)
    anchor = 1000 * gold.sum(axis=0) / gold.sum(axis=(0, 2))[:, None]
    counts, log_odds = gold, np.log(prior)
    spent = np.zeros(subjects, dtype=np.int64)
    going = np.arange(subjects)
    p = prior.copy()
    for turn in range(rule.max_votes):
        spent[going] += 1
        crowd = anchor + counts.sum(axis=0)
        rows = volunteer_rows(counts, normalised(crowd), strength=CROWD_STRENGTH)
        evidence = np.log(rows) / TEMPERATURE
        log_odds[going] = np.log(prior[going])
        for earlier in range(turn + 1):
            log_odds[going] += evidence[worker[earlier, going], :, answer[earlier, going]]
        p[going] = softmax(log_odds[going])
        counts = gold + _soft_counts(p, worker[: turn + 1], answer[: turn + 1], spent, workers)
        if turn + 1 >= rule.min_votes:
            going = going[~_ended(p[going], rule)]
    return p, spent


def _soft_counts(
    p: Floats, worker: NDArray[np.int32], answer: NDArray[np.int8], spent: NDArray[np.int64], workers: int
) -> Floats:
    counts = np.zeros((workers, 3, 3))
    for turn, (who, what) in enumerate(zip(worker, answer, strict=True)):
        voted = np.flatnonzero(spent > turn)
        code = who[voted].astype(np.int64) * 3 + what[voted]
        for kind in range(3):
            counts[:, kind] += np.bincount(code, weights=p[voted, kind], minlength=workers * 3).reshape(workers, 3)
    return counts


def _ended(p: Floats, rule: RetirementRule) -> NDArray[np.bool_]:
    """`aggregation.retirement` for many subjects at once, short of the largest number of votes."""
    nothing = (p[:, YES] < rule.no_below) & (p[:, NO] >= p[:, UNSURE])
    return np.asarray(nothing | (p[:, YES] > rule.yes_above) | (p[:, UNSURE] > rule.unsure_above))


# --- Figures -----------------------------------------------------------------------------------------------------
def f1(said: NDArray[np.bool_], so: NDArray[np.bool_]) -> float:
    """Harmonic mean of purity and completeness."""
    return float(2 * (said & so).sum() / (said.sum() + so.sum()))


def average_precision(p: Floats, so: NDArray[np.bool_]) -> float:
    """Mean purity over the thresholds at which a true one is found; equal P are found together."""
    purity, recall = _curve(p, so)
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * purity))


def best_f1(p: Floats, so: NDArray[np.bool_]) -> float:
    """F1 at the best threshold."""
    purity, recall = _curve(p, so)
    return float((2 * purity * recall / (purity + recall + 1e-12)).max())


def _curve(p: Floats, so: NDArray[np.bool_]) -> Iterable[Floats]:
    order = np.argsort(-p, kind="stable")
    last = np.append(p[order][1:] != p[order][:-1], True)
    found = np.cumsum(so[order])[last]
    return found / (np.flatnonzero(last) + 1), found / so.sum()
