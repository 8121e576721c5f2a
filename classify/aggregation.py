"""From votes to a posterior: what three answers of many people say about one subject. numpy only.

Classes and answers share one order: 0 no, 1 yes, 2 impossible to tell. "Impossible to tell" is evidence, too:
it has its own column (people say it of hard subjects) and its own row (subjects that are unusable).

Votes on one subject are not independent, since the same look-alike deceives many people. The evidence is therefore
tempered: each vote's log-likelihood is divided by ``temperature`` (1.6 was best on simulated crowds;
docs/explanation/consensus.md gives the sources).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO, YES, UNSURE = 0, 1, 2

# P(answer | truth) of an average volunteer: rows truth, columns answer. A first guess, close to what the original
# project reported (one blind candidate in two was false); gold-standard votes will replace it.
CROWD = np.array([[0.93, 0.04, 0.03], [0.20, 0.75, 0.05], [0.35, 0.15, 0.50]])
TEMPERATURE = 1.6
CROWD_STRENGTH = 30.0  # as how many votes the crowd's row counts in a person's
SCORE_PRIOR_BOUNDS = (2e-4, 0.9)


@dataclass(frozen=True)
class RetirementRule:
    """When the voting on a subject ends. Probabilities are of the tempered posterior."""

    min_votes: int
    max_votes: int
    no_below: float
    yes_above: float
    unsure_above: float


def class_prior(*, prevalence_yes: float, prevalence_unsure: float) -> NDArray[np.float64]:
    """Prior over (no, yes, unsure) from the expected shares; shape (3,).

    Raises
    ------
    ValueError
        The shares are not positive or leave nothing for "no".
    """
    if not (prevalence_yes > 0 and prevalence_unsure > 0 and prevalence_yes + prevalence_unsure < 1):
        raise ValueError("the prevalences must be positive and their sum smaller than 1")
    return np.array([1 - prevalence_yes - prevalence_unsure, prevalence_yes, prevalence_unsure])


def scored_prior(score: float, prior: ArrayLike, *, trained_share: float) -> NDArray[np.float64]:
    """Prior over (no, yes, unsure) of a subject that a model has scored; shape (3,). The score enters once, here.

    The score s is a probability where a share q of all tiles holds a trail, as where the model was calibrated; here
    the share is the prior's. Bayes' rule moves it: odds(yes) = odds(prior yes) x odds(s) / odds(q) (Saerens,
    Latinne & Decaestecker 2002, Neural Computation 14, 21). It stays within ``SCORE_PRIOR_BOUNDS``, so that a score
    alone is never a verdict; what is left is shared by "no" and "unsure" as before.

    Parameters
    ----------
    score
        The model's probability of a trail, 0 to 1.
    prior
        Shape (3,), from `class_prior`.
    trained_share
        q: the share of tiles with a trail where the model was calibrated.

    Raises
    ------
    ValueError
        The score is no probability, or the share is 0, 1 or outside.
    """
    if not (0 <= score <= 1 and 0 < trained_share < 1):
        raise ValueError("a score lies between 0 and 1, and the share it was calibrated for between them")
    no, yes, unsure = np.asarray(prior, dtype=float)
    certain = 1e-9  # a score of exactly 0 or 1 has no odds
    s = min(max(score, certain), 1 - certain)
    odds = yes / (1 - yes) * (s / (1 - s)) / (trained_share / (1 - trained_share))
    moved = min(max(odds / (1 + odds), SCORE_PRIOR_BOUNDS[0]), SCORE_PRIOR_BOUNDS[1])
    rest = (1 - moved) / (no + unsure)
    return np.array([no * rest, moved, unsure * rest])


def posterior(
    counts: ArrayLike,
    prior: ArrayLike,
    *,
    confusion: ArrayLike = CROWD,
    temperature: float = TEMPERATURE,
) -> NDArray[np.float64]:
    """Probability of each class given how often each answer was given.

    Parameters
    ----------
    counts
        Shape (..., 3): votes for no, yes, impossible to tell.
    prior
        Shape (3,) or (..., 3): probability of each class before any vote.
    confusion
        Shape (3, 3): P(answer | truth), rows truth.
    temperature
        The tempering T >= 1 of the votes' evidence.

    Returns
    -------
    Shape (..., 3), summing to 1. Bayes' rule in logarithms: log prior + counts . log P(answer | truth) / T.
    """
    votes = np.asarray(counts, dtype=float)
    if np.any(votes < 0):
        raise ValueError("vote counts cannot be negative")
    if temperature < 1:
        raise ValueError("a temperature under 1 would make the votes more certain than independent ones are")
    log_odds = (
        np.log(np.asarray(prior, dtype=float)) + votes @ np.log(np.asarray(confusion, dtype=float)).T / temperature
    )
    return softmax(log_odds)


def softmax(log_odds: ArrayLike) -> NDArray[np.float64]:
    """Probabilities, summing to 1 along the last axis, of log-odds up to a constant; same shape."""
    odds = np.asarray(log_odds, dtype=float)
    weights = np.exp(odds - odds.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def retirement(probabilities: ArrayLike, votes: int, rule: RetirementRule) -> str | None:
    """Why the voting on a subject ends now: "no", "yes", "unsure" or "count"; None when it goes on.

    ``probabilities`` has shape (3,) and comes from `posterior`; ``votes`` is the number of votes behind it.
    """
    p = np.asarray(probabilities, dtype=float)
    if votes >= rule.min_votes:
        if p[YES] < rule.no_below and p[NO] >= p[UNSURE]:
            return "no"
        if p[YES] > rule.yes_above:
            return "yes"
        if p[UNSURE] > rule.unsure_above:
            return "unsure"
    return "count" if votes >= rule.max_votes else None


def volunteer_rows(counts: ArrayLike, crowd: ArrayLike, *, strength: float = CROWD_STRENGTH) -> NDArray[np.float64]:
    """P(answer | truth) per person, shrunk to the crowd's: (n_w[c] + s C[c]) / (N_w[c] + s).

    Parameters
    ----------
    counts
        Shape (..., classes, answers): how often each answer was given to subjects of each class. Soft counts (sums
        of probabilities) are welcome.
    crowd
        Shape (classes, answers): the crowd's rows, each summing to 1.
    strength
        s: as how many votes the crowd's row counts.

    Returns
    -------
    Shape (..., classes, answers), rows summing to 1: the mean of a Dirichlet posterior around the crowd.

    Raises
    ------
    ValueError
        The strength is not positive.
    """
    if strength <= 0:
        raise ValueError("the crowd's row must count as more than no vote")
    n = np.asarray(counts, dtype=float)
    return np.asarray((n + strength * np.asarray(crowd, dtype=float)) / (n.sum(axis=-1, keepdims=True) + strength))


def vote_evidence(
    answers: ArrayLike, *, confusion: ArrayLike = CROWD, temperature: float = TEMPERATURE
) -> NDArray[np.float64]:
    """What each vote adds to the logarithm of each class's odds: log P(answer | class) / T; shape (n, classes).

    Parameters
    ----------
    answers
        Shape (n,): the answers in the order they came.
    confusion
        Shape (classes, answers), one for all; or (n, classes, answers): the rows of each voter as they were when the
        vote came.
    """
    sequence = np.asarray(answers, dtype=int)
    rows = np.asarray(confusion, dtype=float)
    likelihood = rows[:, sequence].T if rows.ndim == 2 else rows[np.arange(len(sequence)), :, sequence]
    return np.asarray(np.log(likelihood) / temperature)


def replay(evidence: ArrayLike, prior: ArrayLike) -> NDArray[np.float64]:
    """The posterior after each vote, from what each added to the log-odds; both shapes (n, classes).

    Added one after the other, as they came, so that stored evidence gives the same numbers to the last bit.
    """
    start = np.log(np.asarray(prior, dtype=float))
    return softmax(np.cumsum(np.vstack([start, np.asarray(evidence, dtype=float)]), axis=0)[1:])


def first_retirement(evidence: ArrayLike, prior: ArrayLike, rule: RetirementRule) -> tuple[int, str] | None:
    """Which vote of a sequence ends the voting: its index and why; None when none does.

    ``evidence`` has shape (n, 3): what each vote added, in the order they came (`vote_evidence`).
    """
    added = np.asarray(evidence, dtype=float)
    if added.size == 0:
        return None
    for index, probabilities in enumerate(replay(added, prior)):
        reason = retirement(probabilities, index + 1, rule)
        if reason is not None:
            return index, reason
    return None
