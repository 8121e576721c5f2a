"""The batch estimator: on simulated crowds with known truth, under attack, and on real crowds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from classify.aggregate_batch import batch, majority, rows_given
from classify.aggregate_calibration import audit_sample, platt, recalibrated
from classify.aggregate_em import centres_of_kinds, votes_once
from classify.aggregate_files import read_votes
from classify.aggregation import volunteer_rows
from classify.simulated_votes import PREVALENCE, YES, simulate_project
from ml.evaluation import calibration_error

PRIOR = np.array(PREVALENCE)
# Of each real set: the best accuracy of seven published methods less half a point, and the log-loss of vote shares.
REAL = {
    "zencrowd": (0.857, 0.452),
    "product": (0.935, 0.474),
    "bluebird": (0.893, 0.505),
    "rte": (0.925, 0.353),
    "temp": (0.941, 0.365),
    "sp_amt": (0.941, 0.159),
}


def f1(said, so):
    return 2 * (said & so).sum() / (said.sum() + so.sum())


@pytest.fixture(scope="module")
def project():
    return simulate_project(11, subjects=24_000, workers=1_840)


@pytest.fixture(scope="module")
def p_yes(project):
    votes, known = project.votes()
    return batch(votes, known=known, prior=PRIOR).probabilities[: project.subjects, YES]


def test_it_finds_rare_positives_that_vote_shares_miss(project, p_yes):
    yes = project.truth[: project.subjects] == YES
    shares = majority(project.votes()[0]).probabilities[: project.subjects, YES]
    assert f1(p_yes > 0.5, yes) > 0.9
    assert f1(p_yes > 0.5, yes) > f1(shares > 0.5, yes)


def test_it_means_what_it_says(project, p_yes):
    yes = project.truth[: project.subjects] == YES
    assert calibration_error(p_yes, yes) < 0.003
    audited = audit_sample(p_yes, 400, seed=1)
    calm = recalibrated(p_yes, platt(p_yes[audited], yes[audited]))
    assert calibration_error(calm, yes) < 0.002
    assert f1(calm > 0.5, yes) > 0.9


def test_accounts_that_always_say_yes_create_no_candidates(project, p_yes):
    """One account in 20 says yes to everything: the same project otherwise."""
    attacked = simulate_project(11, subjects=24_000, workers=1_840, always_yes=0.05)
    votes, known = attacked.votes()
    under_attack = batch(votes, known=known, prior=PRIOR).probabilities[: attacked.subjects, YES]
    yes = attacked.truth[: attacked.subjects] == YES
    assert (attacked.answer == YES).mean() > 1.5 * (project.answer == YES).mean()  # the attack is felt
    false_before = (p_yes > 0.5)[project.truth[: project.subjects] != YES].sum()
    assert (under_attack > 0.5)[~yes].sum() <= false_before + 0.0005 * len(yes)
    assert f1(under_attack > 0.5, yes) > 0.88


def test_an_account_that_always_says_yes_is_found_out(project):
    attacked = simulate_project(11, subjects=24_000, workers=1_840, always_yes=0.05)
    votes, known = attacked.votes()
    rows = batch(votes, known=known, prior=PRIOR).rows
    always = np.bincount(votes.worker, votes.answer != YES, minlength=votes.workers) == 0
    busy = np.bincount(votes.worker, minlength=votes.workers) > 100
    assert (always & busy).sum() > 10
    assert rows[always & busy, 0, YES].min() > 0.6  # says yes although the truth is no
    assert np.median(rows[~always & busy, 0, YES]) < 0.1


def test_many_labels_and_people_of_unlike_skill():
    rng = np.random.default_rng(3)
    tasks, workers, labels = 400, 40, 5
    truth = rng.integers(0, labels, tasks)
    skill = rng.beta(2, 2, workers)
    task = np.repeat(np.arange(tasks), 7)
    worker = np.concatenate([rng.permutation(workers)[:7] for _ in range(tasks)])
    right = rng.random(len(task)) < skill[worker]
    answer = np.where(right, truth[task], (truth[task] + rng.integers(1, labels, len(task))) % labels)
    votes, _ = votes_once(task, worker, answer, tasks=tasks, workers=workers, labels=labels)
    ours = (batch(votes).probabilities.argmax(axis=1) == truth).mean()
    plain = (majority(votes).probabilities.argmax(axis=1) == truth).mean()
    assert ours > plain + 0.02


def test_probabilities_and_rows_sum_to_one_and_known_tasks_keep_their_label(project):
    votes, known = project.votes()
    result = batch(votes, known=known, prior=PRIOR)
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(result.rows.sum(axis=2), 1)
    assert (result.probabilities.argmax(axis=1)[known >= 0] == known[known >= 0]).all()


def test_the_order_of_the_labels_is_of_no_account():
    rng = np.random.default_rng(4)
    task, worker = np.repeat(np.arange(60), 5), np.tile(np.arange(5), 60)
    answer = (rng.random(300) < np.where(task % 3 == 0, 0.8, 0.25)).astype(int)
    one, other = (votes_once(task, worker, a, tasks=60, workers=5, labels=2)[0] for a in (answer, 1 - answer))
    np.testing.assert_allclose(batch(one).probabilities, batch(other).probabilities[:, ::-1], atol=1e-6)


def test_one_label_and_one_vote_are_no_trouble():
    alone, _ = votes_once([0], [0], [0], tasks=1, workers=1, labels=1)
    assert batch(alone).probabilities.tolist() == [[1.0]]
    single, _ = votes_once([0], [0], [1], tasks=1, workers=1, labels=2)
    assert batch(single).probabilities[0, 1] > 0.5


def test_a_person_counts_once_per_task_by_the_first_answer():
    votes, left_out = votes_once([0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], tasks=2, workers=2, labels=2)
    assert left_out == 1
    assert votes.counts().tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([0], [0], [2]), "answer"),
        (([], [], []), "no votes"),
        (([0, 1], [0], [0]), "one length"),
        (([-1], [0], [0]), "task"),
    ],
)
def test_votes_that_are_none_are_refused(columns, said):
    with pytest.raises(ValueError, match=said):
        votes_once(*columns, tasks=2, workers=1, labels=2)


def test_a_prior_that_is_none_is_refused():
    votes, _ = votes_once([0], [0], [0], tasks=1, workers=1, labels=2)
    with pytest.raises(ValueError, match="prior"):
        batch(votes, prior=np.array([0.5, 0.4]))


def test_few_votes_leave_a_person_near_the_crowd():
    """(1 x (0, 1) + 4 x (0.9, 0.1)) / 5, by hand."""
    crowd = np.array([[0.9, 0.1], [0.2, 0.8]])
    rows = volunteer_rows([[0, 1], [0, 0]], crowd, strength=4)
    np.testing.assert_allclose(rows, [[0.72, 0.28], [0.2, 0.8]])
    with pytest.raises(ValueError, match="crowd"):
        volunteer_rows([[0, 1], [0, 0]], crowd, strength=0)


def test_rows_of_a_person_who_is_always_right():
    votes, _ = votes_once(np.arange(40), np.zeros(40, int), np.arange(40) % 2, tasks=40, workers=1, labels=2)
    rows = rows_given(votes, np.eye(2)[np.arange(40) % 2])
    assert rows[0].diagonal().min() > 0.95


def test_kinds_begin_between_an_even_split_and_agreement():
    centres, label, width = centres_of_kinds(2, 3)
    assert sorted(centres[:, 1]) == pytest.approx(np.arange(1, 12, 2) / 12)
    assert label.tolist() == [0, 0, 0, 1, 1, 1]
    assert width == pytest.approx(1 / 12)


def test_an_audit_looks_at_all_bands_and_at_no_subject_twice(p_yes):
    audited = audit_sample(p_yes, 400, seed=5)
    assert len(set(audited.tolist())) == 400
    assert (p_yes[audited] > 0.99).sum() > 20 and (p_yes[audited] < 0.001).sum() > 20
    with pytest.raises(ValueError, match="cannot be drawn"):
        audit_sample(p_yes[:10], 11, seed=5)


def test_a_calibrated_audit_changes_little():
    rng = np.random.default_rng(6)
    p = rng.beta(0.3, 0.5, 4000)
    slope, shift = platt(p, rng.random(4000) < p)
    assert slope == pytest.approx(1, abs=0.12) and shift == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("name", REAL)
def test_on_real_crowds_it_is_as_good_as_the_best_method_for_each(shared_data: Path, name: str):
    folder = shared_data / "votes" / name
    table = read_votes(folder / "votes.csv")
    with (folder / "truth.csv").open() as file:
        truth = {row["task"]: table.labels.index(row["label"]) for row in csv.DictReader(file)}
    judged = [index for index, task in enumerate(table.tasks) if task in truth]
    right = np.array([truth[table.tasks[index]] for index in judged])
    p = batch(table.votes).probabilities[judged]
    accuracy, log_loss = REAL[name]
    assert (p.argmax(axis=1) == right).mean() >= accuracy
    assert -np.log(p[np.arange(len(p)), right]).mean() < log_loss
