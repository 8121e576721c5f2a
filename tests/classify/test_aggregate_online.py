"""The online estimator: nothing looks ahead, and a replay is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classify.aggregate_em import votes_once
from classify.aggregate_online import online
from classify.aggregation import CROWD, class_prior, posterior, replay, vote_evidence
from classify.simulated_votes import PREVALENCE, YES, simulate_project

PRIOR = class_prior(prevalence_yes=0.015, prevalence_unsure=0.02)


def some_votes(seed=1):
    project = simulate_project(seed, subjects=400, workers=120)
    return project, *project.votes()


def test_a_replay_is_exact_to_the_last_bit():
    _, votes, known = some_votes()
    prior = np.array(PREVALENCE)
    done = online(votes, known=known, prior=prior)
    for task in range(0, votes.tasks, 7):
        path = replay(done.evidence[votes.task == task], prior)
        if len(path):
            assert (path[-1] == done.result.probabilities[task]).all()


def test_later_votes_change_nothing_before_them():
    _, votes, known = some_votes()
    half = len(votes) // 2
    whole = online(votes, known=known).evidence
    part = online(votes.some(np.arange(len(votes)) < half), known=known).evidence
    assert (whole[:half] == part).all()


def test_it_learns_who_is_right():
    """After the same votes, whoever missed known trails weighs less than whoever found them."""
    task = np.concatenate([np.arange(40), np.arange(40), [40, 41]])
    worker = np.concatenate([np.zeros(40, int), np.ones(40, int), [0, 1]])
    answer = np.concatenate([np.arange(40) % 2, np.zeros(40, int), [1, 1]])
    votes, _ = votes_once(task, worker, answer, tasks=42, workers=2, labels=2)
    known = np.append(np.arange(40) % 2, [-1, -1])
    evidence = online(votes, known=known).evidence[-2:]
    assert evidence[0, 1] - evidence[0, 0] > 1.5 * (evidence[1, 1] - evidence[1, 0])


def test_it_finds_most_of_what_the_votes_hold():
    project = simulate_project(2, subjects=3000, workers=500)
    votes, known = project.votes()
    p = online(votes, known=known, prior=np.array(PREVALENCE)).result.probabilities[:3000, YES] > 0.5
    yes = project.truth[:3000] == YES
    assert 2 * (p & yes).sum() / (p.sum() + yes.sum()) > 0.8


@given(st.lists(st.integers(0, 2), min_size=1, max_size=20))
@settings(max_examples=50)
def test_a_path_with_one_row_for_all_ends_where_the_counts_do(answers):
    counts = np.bincount(answers, minlength=3)
    np.testing.assert_allclose(replay(vote_evidence(answers), PRIOR)[-1], posterior(counts, PRIOR), rtol=1e-9)


def test_a_path_takes_the_rows_of_each_voter():
    careless = np.full((3, 3), 1 / 3)
    path = replay(vote_evidence([1, 1], confusion=np.array([CROWD, careless])), PRIOR)
    np.testing.assert_allclose(path[1], path[0])
    assert path[0][1] == pytest.approx(posterior([0, 1, 0], PRIOR)[1])
