"""Expectation and maximisation over latent kinds of subjects: what both batch estimators share. numpy only.

A *kind* is a way in which a crowd answers: "plainly no", "looks like yes", "faint yes". With one kind per label this
is the model of Dawid & Skene (1979, Applied Statistics 28, 20); with several, subjects of one label may be easy or
hard for all people at once (cf. Venanzi et al. 2014, WWW, 155; Welinder et al. 2010, NIPS 23), which is what makes
errors on one subject go together. Each person's row is shrunk to the crowd's, so that someone with five votes can
neither veto nor invent anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classify.aggregation import softmax, volunteer_rows

Floats = NDArray[np.float64]
MANY_VOTES = 200_000  # from here on a fit is stopped early: the crowd's rows no longer move
STEPS, STEPS_OF_MANY = 60, 10
TOLERANCE = 1e-5
VOTED = 0.1  # weight of the vote shares in estimated shares, so that no label swallows the others
SKILL_VOTES = 4.0  # as how many votes an average person counts in anyone's overall skill


@dataclass(frozen=True)
class Votes:
    """Answers as numbers: ``task``, ``worker`` and ``answer`` have shape (votes,) and count from 0.

    A person counts once per task: `votes_once` sees to it.
    """

    task: NDArray[np.int64]
    worker: NDArray[np.int64]
    answer: NDArray[np.int64]
    tasks: int
    workers: int
    labels: int

    def __len__(self) -> int:
        return len(self.task)

    def some(self, chosen: NDArray[np.bool_]) -> Votes:
        """Only these votes, of as many tasks and people as before."""
        return Votes(self.task[chosen], self.worker[chosen], self.answer[chosen], self.tasks, self.workers, self.labels)

    def counts(self) -> Floats:
        """How often each answer was given to each task; shape (tasks, labels)."""
        flat = np.bincount(self.task * self.labels + self.answer, minlength=self.tasks * self.labels)
        return flat.reshape(self.tasks, self.labels).astype(float)

    def soft_counts(self, p: Floats) -> Floats:
        """How often each person gave each answer to each kind, with P(kind) of the tasks as in ``p``, shape (tasks,
        kinds); shape (workers, kinds, labels)."""
        code = self.worker * self.labels + self.answer
        counts = np.empty((self.workers, p.shape[1], self.labels))
        for kind in range(p.shape[1]):
            soft = np.bincount(code, weights=p[:, kind][self.task], minlength=self.workers * self.labels)
            counts[:, kind] = soft.reshape(self.workers, self.labels)
        return counts


def votes_once(
    task: ArrayLike, worker: ArrayLike, answer: ArrayLike, *, tasks: int, workers: int, labels: int
) -> tuple[Votes, int]:
    """The votes with each person's first answer to a task only, in the order they came, and how many were left out.

    Raises
    ------
    ValueError
        The arrays differ in length, are empty, or hold a number outside its range.
    """
    columns = [np.asarray(column, dtype=np.int64) for column in (task, worker, answer)]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError("task, worker and answer must be lists of one length")
    if not len(columns[0]):
        raise ValueError("there are no votes")
    for name, column, size in zip(("task", "worker", "answer"), columns, (tasks, workers, labels), strict=True):
        if column.min() < 0 or column.max() >= size:
            raise ValueError(f"each {name} must lie between 0 and {size - 1}")
    _, first = np.unique(columns[0] * workers + columns[1], return_index=True)
    left_out = len(columns[0]) - len(first)
    if left_out:
        first.sort()
        columns = [column[first] for column in columns]
    return Votes(columns[0], columns[1], columns[2], tasks, workers, labels), left_out


@dataclass(frozen=True)
class Setting:
    """How a model is fitted.

    Attributes
    ----------
    strength
        The crowd's row counts as so many votes in each person's row (s).
    temperature
        Each vote's log-likelihood is divided by it (T), since votes on one subject are not independent.
    kind_label
        Shape (kinds,): the label each kind belongs to, where known subjects or a prior must hold it there; else None.
    prior
        Shape (labels,): fixed shares of the labels; None estimates the kinds' shares. Needs ``kind_label``.
    known
        Shape (tasks,): the label of subjects whose truth is known, -1 elsewhere; or None. Needs ``kind_label``.
    anchor
        Shape (kinds, labels): votes that the crowd's rows start with (S times B); or None.
    personal
        Shrink a person's row to the crowd's moved by the person's overall skill (`skilled_rows`), not to the crowd's
        alone. Needs one kind per label.
    voted
        Shape (kinds,): shares that hold estimated ones a little (`VOTED`); or None.
    """

    strength: float
    temperature: float = 1.0
    kind_label: NDArray[np.int64] | None = None
    prior: Floats | None = None
    known: NDArray[np.int64] | None = None
    anchor: Floats | None = None
    personal: bool = False
    voted: Floats | None = None


@dataclass(frozen=True)
class Fit:
    """``kinds``: P(kind | votes), shape (tasks, kinds); ``rows``: P(answer | person, kind), shape (workers, kinds,
    labels); ``crowd``: the crowd's rows, shape (kinds, labels)."""

    kinds: Floats
    rows: Floats
    crowd: Floats


def fit_kinds(votes: Votes, start: Floats, setting: Setting, *, steps: int = STEPS) -> Fit:
    """Alternate between people's rows and the subjects' kinds until neither moves.

    ``start`` has shape (tasks, kinds): the first guess of each subject's kind. At most ``steps`` are taken.
    """
    kinds = start.shape[1]
    code = votes.worker * votes.labels + votes.answer
    p = _held(start.copy(), setting)
    rows, crowd = np.empty(0), np.empty(0)
    for _ in range(min(steps, STEPS_OF_MANY) if len(votes) > MANY_VOTES else steps):
        counts = votes.soft_counts(p)
        crowd = crowd_of(counts, setting.anchor)
        base = skilled_rows(counts, crowd) if setting.personal else crowd
        rows = volunteer_rows(counts, base, strength=setting.strength)
        evidence = np.log(rows) / setting.temperature
        log_odds = np.empty_like(p)
        for kind in range(kinds):
            log_odds[:, kind] = np.bincount(votes.task, weights=evidence[:, kind].ravel()[code], minlength=votes.tasks)
        log_odds += np.log(_shares(p, setting) + 1e-12)
        fresh = _held(softmax(log_odds), setting)
        moved = float(np.abs(fresh - p).mean())
        p = fresh
        if moved < TOLERANCE:
            break
    return Fit(p, rows, crowd)


def normalised(rows: Floats) -> Floats:
    """The same with each row (along the last axis) summing to 1."""
    return np.asarray(rows / rows.sum(axis=-1, keepdims=True))


def crowd_of(counts: Floats, anchor: Floats | None = None) -> Floats:
    """The crowd's rows, shape (kinds, labels), of everybody's (soft) counts and of votes that they start with."""
    return normalised(counts.sum(axis=0) + 0.5 + (0 if anchor is None else anchor))


def skilled_rows(counts: Floats, crowd: Floats) -> Floats:
    """The crowd's rows for each person, moved in the logit of the right answer by how much more often than the crowd
    the person is right overall: with many labels nobody gives enough votes to each. Shapes as in `volunteer_rows`.
    """
    right = np.trace(counts, axis1=1, axis2=2)
    votes = counts.sum(axis=(1, 2))
    expected = (counts.sum(axis=2) @ np.diag(crowd) + SKILL_VOTES * np.diag(crowd).mean()) / (votes + SKILL_VOTES)
    reached = (right + SKILL_VOTES * expected) / (votes + SKILL_VOTES)
    shift = _logit(reached) - _logit(expected)
    skill = 1 / (1 + np.exp(-(_logit(np.diag(crowd))[None, :] + shift[:, None])))
    others = crowd * (1 - np.eye(len(crowd)))
    rows = (1 - skill)[:, :, None] * (others / np.maximum(others.sum(axis=1, keepdims=True), 1e-12))
    rows[:, np.arange(len(crowd)), np.arange(len(crowd))] = skill
    return normalised(rows)


def _logit(p: Floats) -> Floats:
    q = np.clip(p, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(q / (1 - q)))


def _held(p: Floats, setting: Setting) -> Floats:
    """Known subjects stay with the kinds of their label."""
    if setting.known is None or setting.kind_label is None:
        return p
    known = np.flatnonzero(setting.known >= 0)
    allowed = setting.kind_label[None, :] == setting.known[known, None]
    p[known] = normalised((p[known] + 1e-9) * allowed)
    return p


def _shares(p: Floats, setting: Setting) -> Floats:
    """The kinds' shares; a fixed prior is divided among the kinds of a label only. Known subjects do not count:
    somebody chose them."""
    counted = p if setting.known is None else p[setting.known < 0]
    shares = (counted.sum(axis=0) + 1e-3) / (len(counted) + 1e-3 * p.shape[1])
    if setting.prior is None or setting.kind_label is None:
        return np.asarray(shares if setting.voted is None else (1 - VOTED) * shares + VOTED * setting.voted)
    of_label = np.bincount(setting.kind_label, weights=shares, minlength=len(setting.prior))
    return np.asarray(shares / of_label[setting.kind_label] * setting.prior[setting.kind_label])


def start_of_kinds(counts: Floats, centres: Floats, *, width: float) -> Floats:
    """The first guess: kinds near whose centre a subject's vote shares lie.

    ``counts`` has shape (tasks, labels), ``centres`` (kinds, labels) with rows summing to 1; ``width`` is the
    standard deviation of a share around its centre. Shape (tasks, kinds), rows summing to 1.
    """
    shares = normalised(counts + 1.0 / counts.shape[1])
    away = np.zeros((len(shares), len(centres)))
    for label in range(centres.shape[1]):
        away += (shares[:, label, None] - centres[None, :, label]) ** 2
    return softmax(-away / (4 * width**2))


def centres_of_kinds(labels: int, levels: int, *, contested: bool = False) -> tuple[Floats, NDArray[np.int64], float]:
    """Where kinds begin: for each label, from plain to contested; and one on which the crowd is divided if wanted.

    Returns the centres, shape (kinds, labels), on the way from an even split to agreement; the label of each kind
    (-1 for the divided one); and the width for `start_of_kinds`. Two labels and three levels: centres at shares of
    1/12, 3/12, ... 11/12, and a width of 1/12.
    """
    even = np.full(labels, 1 / labels)
    parts = 2 * levels + int(contested)
    centres, of_label = ([even], [-1]) if contested else ([], [])
    for label in range(labels):
        for level in range(levels):
            reach = (2 * level + 1 + int(contested)) / parts
            centres.append(even + reach * (np.eye(labels)[label] - even))
            of_label.append(label)
    return np.array(centres), np.array(of_label), 0.5 / parts


def crowd_guess(labels: int) -> Floats:
    """An average crowd's rows before anything is known: two in three right, the rest even; shape (labels, labels)."""
    return normalised(np.eye(labels) + (1 - np.eye(labels)) / (2 * max(labels - 1, 1)))
