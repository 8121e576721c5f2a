"""The online estimator: each vote is weighed with what was known of its voter when it came. numpy only.

Nothing looks ahead, so the same votes in the same order give the same numbers, and a replay of what each vote added
gives the same posterior to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.aggregate_batch import Result, rows_given
from classify.aggregate_em import Floats, Votes, crowd_guess, normalised
from classify.aggregation import CROWD_STRENGTH, TEMPERATURE, softmax, volunteer_rows

VOTES_BEFORE_LEARNING = 2  # a subject teaches about its next voter once so many others have answered
FIRST_CROWD_VOTES = 100.0  # as how many votes per label the first guess of the crowd's rows counts


@dataclass(frozen=True)
class Online:
    """``result`` after the last vote; ``evidence``, shape (votes, labels): what each vote added to the logarithm of
    each label's odds. Stored with the votes it is the exact path of every subject (`classify.aggregation.replay`)."""

    result: Result
    evidence: Floats


def online(votes: Votes, *, known: NDArray[np.int64] | None = None, prior: Floats | None = None) -> Online:
    """P(label) of each task, vote by vote in the order of ``votes``.

    A vote on a known subject teaches about its voter at once; a vote on another one by as much as the others' votes
    before it tell what the subject is. ``known`` and ``prior`` are as in `classify.aggregate_batch.batch`; the prior
    is even unless given.
    """
    labels = votes.labels
    log_prior = np.log(np.full(labels, 1 / labels) if prior is None else prior)
    truth = np.full(votes.tasks, -1) if known is None else known
    log_odds = np.tile(log_prior, (votes.tasks, 1))
    seen = np.zeros(votes.tasks, dtype=int)
    counts = np.zeros((votes.workers, labels, labels))
    crowd = FIRST_CROWD_VOTES * crowd_guess(labels)
    certain = np.eye(labels)
    evidence = np.empty((len(votes), labels))
    triples = zip(votes.task.tolist(), votes.worker.tolist(), votes.answer.tolist(), strict=True)
    for index, (task, worker, answer) in enumerate(triples):
        rows = volunteer_rows(counts[worker], normalised(crowd), strength=CROWD_STRENGTH)
        evidence[index] = np.log(rows[:, answer]) / TEMPERATURE
        if truth[task] >= 0:
            lesson = certain[truth[task]]
        elif seen[task] >= VOTES_BEFORE_LEARNING:
            lesson = softmax(log_odds[task])
        else:
            lesson = None
        if lesson is not None:
            counts[worker, :, answer] += lesson
            crowd[:, answer] += lesson
        log_odds[task] += evidence[index]
        seen[task] += 1
    p = softmax(log_odds)
    return Online(Result(p, rows_given(votes, p, strength=CROWD_STRENGTH), "online, vote by vote"), evidence)
