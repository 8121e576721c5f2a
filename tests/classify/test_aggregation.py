"""The pure consensus: Bayes' rule on numbers worked out by hand, and the rule that ends a vote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify import aggregation
from classify.aggregation import (
    RetirementRule,
    class_prior,
    first_retirement,
    posterior,
    retirement,
    scored_prior,
    vote_evidence,
)

PRIOR = class_prior(prevalence_yes=0.015, prevalence_unsure=0.02)
RULE = RetirementRule(min_votes=3, max_votes=15, no_below=1e-3, yes_above=1.0, unsure_above=0.98)
COUNTS = st.tuples(*[st.integers(0, 30)] * 3)


def test_it_is_bayes_rule_when_untempered():
    """One yes-vote: P = prior x likelihood / sum, by hand."""
    by_hand = np.array([0.965 * 0.04, 0.015 * 0.75, 0.02 * 0.15])
    got = posterior([0, 1, 0], PRIOR, temperature=1.0)
    np.testing.assert_allclose(got, by_hand / by_hand.sum(), rtol=1e-12)


def test_it_is_the_prior_without_votes():
    np.testing.assert_allclose(posterior([0, 0, 0], PRIOR), PRIOR, rtol=1e-12)


@given(COUNTS)
def test_it_sums_to_one(counts):
    assert posterior(counts, PRIOR).sum() == pytest.approx(1)


@given(COUNTS)
def test_it_believes_more_with_each_yes(counts):
    no, yes, unsure = counts
    assert posterior([no, yes + 1, unsure], PRIOR)[1] >= posterior([no, yes, unsure], PRIOR)[1]


@given(COUNTS)
def test_tempering_never_makes_it_surer_of_yes_than_independence_would(counts):
    if counts[1] > counts[0]:
        calm, bold = posterior(counts, [1 / 3] * 3, temperature=3.0), posterior(counts, [1 / 3] * 3, temperature=1.0)
        assert calm.max() <= bold.max() + 1e-12


def test_it_takes_many_subjects_at_once():
    counts = np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3]])
    many = posterior(counts, PRIOR)
    for row, one in zip(many, counts, strict=True):
        np.testing.assert_allclose(row, posterior(one, PRIOR))
    assert list(many.argmax(axis=1)) == [0, 1, 2]


def test_impossible_to_tell_is_evidence_for_unusable_not_for_yes():
    p = posterior([0, 0, 4], PRIOR)
    assert p[aggregation.UNSURE] > 0.5 > p[aggregation.YES]


@pytest.mark.parametrize(
    ("answers", "ends"),
    [
        ([0, 0], None),
        ([0, 0, 0], (2, "no")),
        ([1, 1, 1, 1, 1], None),
        ([1] * 15, (14, "count")),
        ([0, 1, 0, 0, 0, 0, 0, 0], (5, "no")),  # log-odds -4.16 + (5 x -1.54 + 2.93) / 1.6 = -7.1
        ([2] * 8, (4, "unsure")),
        ([], None),
    ],
)
def test_which_vote_ends_it(answers, ends):
    assert first_retirement(vote_evidence(answers), PRIOR, RULE) == ends


def test_yes_retires_early_only_when_a_threshold_is_set():
    eager = RetirementRule(min_votes=3, max_votes=15, no_below=1e-3, yes_above=0.9, unsure_above=0.98)
    assert first_retirement(vote_evidence([1] * 15), PRIOR, RULE) == (14, "count")
    assert first_retirement(vote_evidence([1] * 15), PRIOR, eager) == (3, "yes")


def test_no_subject_ends_before_the_smallest_number_of_votes():
    assert retirement([1.0, 0.0, 0.0], 2, RULE) is None
    assert retirement([1.0, 0.0, 0.0], 3, RULE) == "no"


def test_recall_and_saved_votes_on_a_simulated_crowd():
    """With the crowd it assumes, at 1.5 % yes: few votes are spent, few trails are lost early."""
    rng = np.random.default_rng(7)
    truth = rng.choice(3, size=4000, p=PRIOR)
    spent, lost, positives = 0, 0, int((truth == 1).sum())
    for kind in truth:
        answers = rng.choice(3, size=15, p=aggregation.CROWD[kind])
        index, reason = first_retirement(vote_evidence(answers), PRIOR, RULE)
        spent += index + 1
        lost += bool(kind == 1 and reason == "no")
    assert spent / len(truth) < 5
    assert lost / positives < 0.1


@pytest.mark.parametrize(("yes", "unsure"), [(0, 0.1), (0.5, 0.5), (0.1, 0), (-1, 0.1)])
def test_impossible_prevalences_are_refused(yes, unsure):
    with pytest.raises(ValueError, match="prevalences"):
        class_prior(prevalence_yes=yes, prevalence_unsure=unsure)


def test_negative_votes_and_cold_temperatures_are_refused():
    with pytest.raises(ValueError, match="negative"):
        posterior([-1, 0, 0], PRIOR)
    with pytest.raises(ValueError, match="temperature"):
        posterior([1, 0, 0], PRIOR, temperature=0.5)


def test_a_score_moves_the_prior_by_bayes_rule():
    """Odds 0.015/0.985 x (0.8/0.2) / (0.4/0.6), by hand."""
    odds = 0.015 / 0.985 * 4 / (2 / 3)
    no, yes, unsure = scored_prior(0.8, PRIOR, trained_share=0.4)
    assert yes == pytest.approx(odds / (1 + odds))
    assert no / unsure == pytest.approx(PRIOR[0] / PRIOR[2])
    assert no + yes + unsure == pytest.approx(1)


def test_a_score_of_the_trained_share_says_nothing():
    np.testing.assert_allclose(scored_prior(0.4, PRIOR, trained_share=0.4), PRIOR, rtol=1e-12)


def test_a_score_alone_is_never_a_verdict():
    low, high = (scored_prior(score, PRIOR, trained_share=0.4)[1] for score in (0.0, 1.0))
    assert (low, high) == aggregation.SCORE_PRIOR_BOUNDS
    assert first_retirement(vote_evidence([]), [1 - low - 0.02, low, 0.02], RULE) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_a_lower_prior(one, two):
    low, high = sorted((one, two))
    assert scored_prior(low, PRIOR, trained_share=0.3)[1] <= scored_prior(high, PRIOR, trained_share=0.3)[1]


@pytest.mark.parametrize(("score", "share"), [(-0.1, 0.4), (1.1, 0.4), (float("nan"), 0.4), (0.5, 0), (0.5, 1)])
def test_no_prior_from_what_is_no_probability(score, share):
    with pytest.raises(ValueError, match="score"):
        scored_prior(score, PRIOR, trained_share=share)


def test_a_good_score_saves_votes_and_keeps_the_trails():
    """A model whose scores have AUC 0.96 on the crowd of above: fewer votes, no more trails lost early."""
    rng = np.random.default_rng(8)
    truth = rng.choice(3, size=6000, p=PRIOR)
    # Scores as of two normal distributions 2.5 apart, calibrated where two tiles in five have a trail.
    latent = rng.normal(np.where(truth == 1, 2.5, 0.0), 1.0)
    score = 1 / (1 + np.exp(-(2.5 * latent - 3.125 + np.log(0.4 / 0.6))))
    eager = RetirementRule(min_votes=2, max_votes=15, no_below=1e-3, yes_above=1.0, unsure_above=0.98)
    spent, lost = np.zeros(2), np.zeros(2)
    for kind, s in zip(truth, score, strict=True):
        answers = rng.choice(3, size=15, p=aggregation.CROWD[kind])
        plain = first_retirement(vote_evidence(answers), PRIOR, RULE)
        scored = first_retirement(vote_evidence(answers), scored_prior(s, PRIOR, trained_share=0.4), eager)
        for way, (index, reason) in enumerate((plain, scored)):
            spent[way] += index + 1
            lost[way] += kind == 1 and reason == "no"
    assert spent[1] / len(truth) < 0.8 * spent[0] / len(truth)
    assert lost[1] <= lost[0]
