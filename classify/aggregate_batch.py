"""Batch estimators: from all votes to P(label) of each subject and the rows of each person. numpy only.

Without known subjects, two models are held against each other on votes that neither has seen:

*Labels*: one kind per label. Right where people err independently.
*Kinds*: more kinds than labels; what a kind *is* follows from how the crowd as a whole answers it, never from who
agrees with whom. Right where look-alikes deceive the same people at once: there the first model takes the agreement
of those people for the truth. Several numbers of kinds are averaged.

The share of the second grows with the standard errors by which it predicts the unseen votes better, so that chance
does not choose it. With known subjects both are tied to them and averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.aggregate_em import (
    MANY_VOTES,
    STEPS,
    Fit,
    Floats,
    Setting,
    Votes,
    centres_of_kinds,
    crowd_guess,
    crowd_of,
    fit_kinds,
    normalised,
    start_of_kinds,
)
from classify.aggregation import volunteer_rows

STRENGTHS = (2.0, 8.0, 30.0)  # as how many votes the crowd's row counts in a person's, without known subjects
FAMILY_OF_MANY = ((2, False),)  # the same for many votes, where time counts and the crowd is known well
FAMILY = ((1, True), (2, False), (2, True), (3, False))  # levels per label, and whether one kind is contested
SIGNIFICANT = (2.0, 6.0)  # standard errors of a gain: chance up to the first; beyond doubt from the second on
FOLDS = 3
FEW_TASKS = 1000  # below it the luck of the folds counts, and two ways to divide the votes are tried
VOTES_TO_LEARN_FROM = 10  # per entry of the crowd's rows; fewer teach nothing about anybody, and shares are taken
VOTES_TO_CHOOSE_BY = 30_000
STEPS_TO_CHOOSE = 30
CROWD_SHARE = 0.25  # how far a label's kind is what the crowd says it is
SHARPNESS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # P(label | kind) goes with a power of the crowd's share: the first, or
# the one that comes closest to a given prior
ANCHOR_VOTES = 1000.0  # S: what the crowd's rows on known subjects count, at most
ANCHORED_LABELS = (30.0, 2.0)  # strength and temperature with known subjects
ANCHORED_KINDS = (8.0, 1.5)


@dataclass(frozen=True)
class Result:
    """``probabilities``: P(label), shape (tasks, labels); ``rows``: P(answer | person, label), shape (workers,
    labels, labels); ``model``: which one was taken, in words."""

    probabilities: Floats
    rows: Floats
    model: str


def batch(votes: Votes, *, known: NDArray[np.int64] | None = None, prior: Floats | None = None) -> Result:
    """P(label) of each task from all votes at once.

    Parameters
    ----------
    known
        Shape (tasks,): the label where the truth is known (training subjects), -1 elsewhere.
    prior
        Shape (labels,): the shares of the labels among ordinary tasks; estimated unless given.

    Raises
    ------
    ValueError
        There are no votes, or the prior is none.
    """
    if not len(votes):
        raise ValueError("there are no votes")
    if prior is not None and (len(prior) != votes.labels or np.any(prior <= 0) or abs(prior.sum() - 1) > 1e-6):
        raise ValueError("a prior needs a positive share for each label, and they sum to 1")
    if known is None or not np.any(known >= 0):
        return _unanchored(votes, prior)
    anchored = _anchored(votes, known, prior)
    if len(votes) > MANY_VOTES:
        return anchored
    free = _unanchored(votes, prior)
    p, model = _by_known(votes, known, prior, anchored, free)
    return Result(p, rows_given(votes, p), model)


def majority(votes: Votes) -> Result:
    """Vote shares, with one vote shared out evenly, so that two votes are not a certainty."""
    p = normalised(votes.counts() + 1 / votes.labels)
    return Result(p, rows_given(votes, p), "shares of votes")


def rows_given(votes: Votes, probabilities: Floats, *, strength: float = STRENGTHS[0]) -> Floats:
    """P(answer | label) of each person, given P(label) of the tasks; shape (workers, labels, labels)."""
    counts = votes.soft_counts(probabilities)
    return volunteer_rows(counts, crowd_of(counts), strength=strength)


# --- Without known subjects --------------------------------------------------------------------------------------
def _unanchored(votes: Votes, prior: Floats | None) -> Result:
    if prior is None and len(votes) < VOTES_TO_LEARN_FROM * votes.labels**2:
        return majority(votes)
    choice = _choice(votes, prior)
    whose = "personal" if choice.personal else "crowd's"
    p, models = np.zeros((votes.tasks, votes.labels)), []
    if choice.share < 1:
        fit = _labels(votes, choice.labels, prior, personal=choice.personal)
        p += (1 - choice.share) * (fit.kinds @ ((1 - CROWD_SHARE) * np.eye(votes.labels) + CROWD_SHARE * fit.crowd))
        models.append(f"{1 - choice.share:.0%} one kind of subjects per label ({whose} rows: {choice.labels:g} votes)")
    if choice.share > 0:
        p += choice.share * _label_by_crowd(_family(votes, choice.kinds), prior)
        models.append(f"{choice.share:.0%} several kinds per label (crowd's rows: {choice.kinds:g} votes)")
    return Result(p, rows_given(votes, p), ", ".join(models))


def _labels(votes: Votes, strength: float, prior: Floats | None, *, personal: bool = False, steps: int = STEPS) -> Fit:
    start = normalised(votes.counts() + 1e-9)
    return fit_kinds(
        votes,
        start,
        Setting(strength, kind_label=np.arange(votes.labels), prior=prior, personal=personal, voted=start.mean(axis=0)),
        steps=steps,
    )


def _family(votes: Votes, strength: float, *, steps: int = STEPS) -> list[Fit]:
    counts = votes.counts()
    fits = []
    for levels, contested in FAMILY_OF_MANY if len(votes) > MANY_VOTES else FAMILY:
        centres, _, width = centres_of_kinds(votes.labels, levels, contested=contested)
        fits.append(fit_kinds(votes, start_of_kinds(counts, centres, width=width), Setting(strength), steps=steps))
    return fits


def _label_by_crowd(fits: list[Fit], prior: Floats | None) -> Floats:
    """P(label): each kind is what the crowd as a whole answers to it, sharpened. Mean over the fits."""
    best, distance = np.empty(0), np.inf
    for power in SHARPNESS:
        p = np.asarray(np.mean([fit.kinds @ normalised(fit.crowd**power) for fit in fits], axis=0))
        if prior is None:
            return p
        away = float(np.abs(p.mean(axis=0) - prior).sum())
        if away < distance:
            best, distance = p, away
    return best


@dataclass(frozen=True)
class _Choice:
    """The strength for each model, whether the first shrinks to personal rows, and the share of the second."""

    labels: float
    personal: bool
    kinds: float
    share: float


def _choice(votes: Votes, prior: Floats | None) -> _Choice:
    """What the likelihood of unseen votes says."""
    rng = np.random.default_rng(0)
    if len(votes) > VOTES_TO_CHOOSE_BY:
        votes = _part(votes, rng)
    folds = np.array([rng.permutation(len(votes)) % FOLDS for _ in range(2 if votes.tasks < FEW_TASKS else 1)])
    labels, of_labels, personal = _strength_of_labels(votes, folds, prior)
    kinds, of_kinds = _strength(votes, folds, lambda part, s: _family(part, s, steps=STEPS_TO_CHOOSE))
    nothing, everything = SIGNIFICANT
    share = (_standard_errors(of_kinds, of_labels) - nothing) / (everything - nothing)
    return _Choice(labels, personal, kinds, min(max(share, 0.0), 1.0))


def _strength_of_labels(votes: Votes, folds: NDArray[np.int64], prior: Floats | None) -> tuple[float, Floats, bool]:
    found = []
    for personal in (False, True):

        def model(part: Votes, s: float, personal: bool = personal) -> list[Fit]:
            return [_labels(part, s, prior, personal=personal, steps=STEPS_TO_CHOOSE)]

        found.append(_strength(votes, folds, model))
    (strength, gained), (other_strength, other_gained) = found
    if _standard_errors(other_gained, gained) > SIGNIFICANT[0]:
        return other_strength, other_gained, True
    return strength, gained, False


def _strength(
    votes: Votes, folds: NDArray[np.int64], models: Callable[[Votes, float], list[Fit]]
) -> tuple[float, Floats]:
    """The largest strength up to which each is clearly better than the one before, and its log P of unseen votes."""
    best = STRENGTHS[0]
    gained = _of_unseen(votes, folds, models, best)
    for strength in STRENGTHS[1:]:
        stronger = _of_unseen(votes, folds, models, strength)
        if _standard_errors(stronger, gained) < SIGNIFICANT[0]:
            break
        best, gained = strength, stronger
    return best, gained


def _of_unseen(
    votes: Votes, folds: NDArray[np.int64], models: Callable[[Votes, float], list[Fit]], strength: float
) -> Floats:
    """log P of the votes on each task by models (averaged) that were fitted without those votes; shape (tasks,).

    ``folds``, shape (repeats, votes): several ways to leave out, whose mean is taken.
    """
    gained = np.zeros(len(votes))
    for fold in folds:
        for number in range(FOLDS):
            unseen = fold == number
            fits = models(votes.some(~unseen), strength)
            likelihood = np.mean([_likelihood(fit, votes.some(unseen)) for fit in fits], axis=0)
            gained[unseen] += np.log(likelihood) / len(folds)
    return np.bincount(votes.task, weights=gained, minlength=votes.tasks).astype(float)


def _part(votes: Votes, rng: np.random.Generator) -> Votes:
    """All votes on as many random tasks as make up enough of them."""
    chosen = rng.random(votes.tasks) < VOTES_TO_CHOOSE_BY / len(votes)
    part = votes.some(chosen[votes.task])
    tasks, task = np.unique(part.task, return_inverse=True)
    workers, worker = np.unique(part.worker, return_inverse=True)
    return Votes(task, worker, part.answer, len(tasks), len(workers), votes.labels)


def _likelihood(fit: Fit, unseen: Votes) -> Floats:
    """P(vote) of each unseen vote."""
    return np.asarray((fit.kinds[unseen.task] * fit.rows[unseen.worker, :, unseen.answer]).sum(axis=1))


def _standard_errors(one: Floats, other: Floats) -> float:
    """By how many standard errors one gains; by task, since votes on one task are right or wrong together."""
    gain = one - other
    return float(gain.sum() / (gain.std() * np.sqrt(len(gain)) + 1e-12))


# --- With known subjects -----------------------------------------------------------------------------------------
def _anchored(votes: Votes, known: NDArray[np.int64], prior: Floats | None) -> Result:
    counts = votes.counts()
    crowd, weight = _crowd_on_known(counts, known)
    if prior is None:
        prior = _prevalence(counts[known < 0].sum(axis=0), crowd)
    start = normalised(counts + 1e-9)
    strength, temperature = ANCHORED_LABELS
    labels = np.arange(votes.labels)
    anchor = crowd * weight[:, None]
    plain = fit_kinds(votes, start, Setting(strength, temperature, labels, prior, known, anchor)).kinds
    strength, temperature = ANCHORED_KINDS
    centres, of_label, width = centres_of_kinds(votes.labels, 2)
    start = start_of_kinds(counts, centres, width=width)
    fine = fit_kinds(votes, start, Setting(strength, temperature, of_label, prior, known)).kinds
    p = (plain + fine.reshape(len(fine), votes.labels, 2).sum(axis=2)) / 2
    rows = rows_given(votes, p, strength=ANCHORED_LABELS[0])
    return Result(p, rows, "labels and kinds of subjects, both tied to the known ones")


def _by_known(
    votes: Votes, known: NDArray[np.int64], prior: Floats | None, anchored: Result, free: Result
) -> tuple[Floats, str]:
    """Of the anchored model, the one that saw no known subject, and their mean: the one with the smallest log-loss on
    known subjects that the fit did not see. They are weighted to the labels' shares among ordinary tasks."""
    places = np.flatnonzero(known >= 0)
    half = np.random.default_rng(0).permutation(len(places)) % 2
    unseen = np.empty((len(places), votes.labels))
    for number in range(2):
        hidden = known.copy()
        hidden[places[half == number]] = -1
        unseen[half == number] = _anchored(votes, hidden, prior).probabilities[places[half == number]]
    label = known[places]
    shares = anchored.probabilities[known < 0].mean(axis=0) if prior is None else prior
    weight = shares[label] / np.bincount(label, minlength=votes.labels)[label]
    other = free.probabilities[places]
    losses = [
        -float((weight * np.log(p[np.arange(len(places)), label] + 1e-9)).sum())
        for p in ((unseen + other) / 2, unseen, other)
    ]
    mean = (anchored.probabilities + free.probabilities) / 2
    return (
        (mean, f"{anchored.model}; averaged with {free.model}"),
        (anchored.probabilities, anchored.model),
        (free.probabilities, free.model),
    )[int(np.argmin(losses))]


def _crowd_on_known(counts: Floats, known: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The crowd's rows on known subjects, and how many votes they count as.

    A label with few known votes leans on an average crowd: two in three right, the rest spread evenly.
    """
    labels = counts.shape[1]
    votes = np.zeros((labels, labels))
    np.add.at(votes, known[known >= 0], counts[known >= 0])
    mixed = votes + 10 * crowd_guess(labels)
    return normalised(mixed), np.minimum(votes.sum(axis=1), ANCHOR_VOTES)


def _prevalence(answers: Floats, crowd: Floats, *, rounds: int = 500) -> Floats:
    """The labels' shares that make the crowd answer as it did: the mixture of its rows, by EM."""
    share = np.full(len(answers), 1 / len(answers))
    seen = answers / max(answers.sum(), 1)
    for _ in range(rounds):
        share = share * (crowd @ (seen / (share @ crowd)))
        share = np.maximum(share, 1e-4)
        share /= share.sum()
    return np.asarray(share)
