"""A simulated project with known truth, on which the consensus is measured. Seeded; numpy only.

What makes real crowds hard is in it: rare positives, look-alikes that deceive many people at once, images that are
harder or easier for everybody (so that errors on one image go together), people of very different skill, most of
whom give a few dozen votes, people who answer at random or always the same, and a few subjects with known answers
that everybody meets now and then. It is set so that plain vote shares are as good on it as they were on the project
that the bars in docs/reference/aggregation.md were measured on (average precision 0.95, best F1 0.91).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.aggregate_em import Votes, votes_once

NO, YES, UNSURE = 0, 1, 2
PREVALENCE = (0.9655, 0.0145, 0.02)  # no, yes, impossible to tell
LOOKALIKES, SPAMMERS = 0.03, 0.02
GOLD = (200, 300, 100)  # empty, simulated trails, unusable
TYPICAL_VOTES = 10  # per subject; further votes bring no further training
PARETO_SHAPE, PARETO_SCALE = 1.02, 21.8  # the most active tenth casts 68 % of the votes; the median is 38

# Beta distributions of P(right answer | truth) over volunteers, and how the wrong answers split.
_SKILLS = {NO: (28.0, 0.7), YES: (9.0, 2.85), UNSURE: (5.0, 3.0)}
_WRONG = np.array([[0.0, 0.6, 0.4], [0.85, 0.0, 0.15], [0.75, 0.25, 0.0]])
_OFFSET_SIGMA = (0.5, 1.0, 0.8)  # of each truth's difficulty, in the logit of the right answer
_LOOKALIKE_LOGIT = -2.0  # mean shift of a look-alike's logit; half of those who err say yes


@dataclass(frozen=True)
class Project:
    """Votes in the order they came, one per volunteer and subject, and the truth of each subject.

    ``task``, ``worker``, ``answer`` have shape (votes,); ``truth`` has shape (subjects + gold,) and the last
    ``gold`` subjects are the training subjects. ``score``, shape (subjects,), is a model's P(yes), calibrated at
    the prevalence, with an area under the ROC curve of 0.957.
    """

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    answer: NDArray[np.int8]
    truth: NDArray[np.int8]
    score: NDArray[np.float64]
    gold: int
    workers: int

    @property
    def subjects(self) -> int:
        """How many subjects there are besides the training subjects."""
        return len(self.truth) - self.gold

    def votes(self) -> tuple[Votes, NDArray[np.int64]]:
        """What the estimators take: the votes, and the label of each subject where it is known, -1 elsewhere."""
        votes, _ = votes_once(
            self.task, self.worker, self.answer, tasks=len(self.truth), workers=self.workers, labels=3
        )
        known = np.full(len(self.truth), -1)
        known[self.subjects :] = self.truth[self.subjects :]
        return votes, known


def simulate_project(
    seed: int, *, subjects: int = 150_000, votes_each: int = 10, workers: int = 11_500, always_yes: float = 0.0
) -> Project:
    """A project of so many subjects, each with so many votes by different people.

    ``always_yes`` is the share of accounts that say yes to whatever they see (an attack).

    Raises
    ------
    ValueError
        There are fewer volunteers than votes on a subject.
    """
    if votes_each > workers:
        raise ValueError("there must be at least as many volunteers as votes on each subject")
    rng = np.random.default_rng(seed)
    truth = np.concatenate(
        [rng.choice(3, size=subjects, p=PREVALENCE), np.repeat([NO, YES, UNSURE], GOLD)],
        dtype=np.int8,
        casting="unsafe",
    )
    offset = rng.normal(0, np.array(_OFFSET_SIGMA)[truth])
    deceiving = (truth == NO) & (rng.random(len(truth)) < LOOKALIKES)
    offset[deceiving] += _LOOKALIKE_LOGIT + rng.normal(0, 0.7, size=int(deceiving.sum()))
    activity = np.minimum(PARETO_SCALE * (1 + rng.pareto(PARETO_SHAPE, workers)), subjects / 15)
    task, worker = _drawn(rng, subjects, votes_each, activity)
    gold_task, gold_worker = _training(
        rng, np.bincount(worker[: TYPICAL_VOTES * subjects], minlength=workers), subjects
    )
    order = rng.permutation(len(gold_task))
    task = np.concatenate([gold_task[order], task])
    worker = np.concatenate([gold_worker[order], worker])
    answer = _answers(rng, task, worker, truth, offset, deceiving, workers, always_yes)
    return Project(task, worker, answer, truth, _scores(rng, truth[:subjects]), sum(GOLD), workers)


def _drawn(
    rng: np.random.Generator, subjects: int, votes_each: int, activity: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Who votes on what: round after round each subject gets a vote; nobody meets a subject twice."""
    cumulative = np.cumsum(activity) / activity.sum()
    who = np.empty((votes_each, subjects), dtype=np.int32)
    for turn in range(votes_each):
        todo = np.arange(subjects)
        while len(todo):
            who[turn, todo] = np.searchsorted(cumulative, rng.random(len(todo)))
            todo = todo[(who[:turn, todo] == who[turn, todo]).any(axis=0)]
    return np.tile(np.arange(subjects, dtype=np.int32), votes_each), who.ravel()


def _training(
    rng: np.random.Generator, votes: NDArray[np.int64], subjects: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Training subjects: one in five of a person's first 20 votes, then one in 20; each at most once."""
    shares = np.minimum(votes, 20) / 5 + np.maximum(votes - 20, 0) / 20
    each = np.minimum(rng.poisson(shares), sum(GOLD))
    picked = [rng.choice(sum(GOLD), size=count, replace=False) for count in each]
    task = np.concatenate(picked).astype(np.int32) + np.int32(subjects)
    return task, np.repeat(np.arange(len(votes), dtype=np.int32), each)


def _answers(
    rng: np.random.Generator,
    task: NDArray[np.int32],
    worker: NDArray[np.int32],
    truth: NDArray[np.int8],
    offset: NDArray[np.float64],
    deceiving: NDArray[np.bool_],
    workers: int,
    always_yes: float,
) -> NDArray[np.int8]:
    skill = np.column_stack([rng.beta(*_SKILLS[kind], size=workers) for kind in (NO, YES, UNSURE)])
    skill = np.clip(skill, 0.02, 0.998)
    kind = truth[task]
    logit = np.log(skill / (1 - skill)).ravel()[worker * 3 + kind] + offset[task]
    right = rng.random(len(task)) < 1 / (1 + np.exp(-logit))
    wrong = np.cumsum(_WRONG, axis=1)[kind]
    wrong[deceiving[task]] = (0.0, 0.85, 1.0)  # who is deceived by a look-alike sees a trail
    slip = rng.random(len(task))
    answer = np.where(right, kind, (slip[:, None] > wrong).sum(axis=1)).astype(np.int8)
    habit = _habits(rng, workers, always_yes)[worker]
    at_random = habit == 3
    answer[at_random] = rng.integers(0, 3, int(at_random.sum()))
    return np.where(habit >= 0, np.where(at_random, answer, habit), answer).astype(np.int8)


def _habits(rng: np.random.Generator, workers: int, always_yes: float) -> NDArray[np.int8]:
    """Of each person: -1 looks and answers, 0 always says no, 1 always yes, 3 anything."""
    habit = np.full(workers, -1, dtype=np.int8)
    spam = rng.random(workers) < SPAMMERS
    habit[spam] = rng.choice([0, 1, 3], size=int(spam.sum()))
    habit[rng.random(workers) < always_yes] = YES
    return habit


def _scores(rng: np.random.Generator, truth: NDArray[np.int8]) -> NDArray[np.float64]:
    """A model's P(yes): two normal distributions 2.43 apart (AUC 0.957), by Bayes' rule at the prevalence."""
    apart = 2.43
    latent = rng.normal(np.where(truth == YES, apart, 0.0), 1.0)
    logit = apart * latent - apart**2 / 2 + np.log(PREVALENCE[YES] / (1 - PREVALENCE[YES]))
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
