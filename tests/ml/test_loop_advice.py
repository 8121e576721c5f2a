"""Advice in numbers: when shares, labels and drifts speak for a new training, and when they say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from ml.advice import DRIFT, LEAST_SCORES, NEW_ASTEROIDS, NEW_LABELS, Share, advice
from ml.drift import chance_index, stability_index
from ml.feedback import Evidence
from ml.skyfields import sky_fields
from sky.naming import visit_of


def test_the_index_of_a_known_case() -> None:
    # By hand: (0.4 - 0.2) ln 2 + (0.6 - 0.8) ln 0.75 = 0.19617
    before, since = [200_000, 800_000], [400_000, 600_000]
    assert stability_index(before, since) == pytest.approx(0.19617, abs=1e-5)
    assert stability_index(before, before) == 0
    assert stability_index([100, 0], [0, 100]) > 2  # an empty bin is no infinity


@pytest.mark.parametrize(("before", "since"), [([1, 2], [1]), ([0, 0], [1, 2]), ([1, 2], [0, 0])])
def test_no_index_without_two_histograms(before: list[int], since: list[int]) -> None:
    with pytest.raises(ValueError, match="same bins"):
        stability_index(before, since)


def test_chance_exceeds_its_limit_in_one_case_of_twenty() -> None:
    rng = np.random.default_rng(3)
    shares = [0.3, 0.25, 0.2, 0.15, 0.1]
    drawn = [
        stability_index(rng.multinomial(2000, shares).tolist(), rng.multinomial(500, shares).tolist())
        for _ in range(2000)
    ]
    over = float(np.mean(np.array(drawn) > chance_index(2000, 500, 5)))
    assert 0.035 < over < 0.065


def test_a_share_has_its_interval() -> None:
    assert str(Share(2, 10)) == "20.0% [5.7%, 51.0%]"  # Wilson 1927
    assert str(Share(0, 0)) == "–"


STEADY, MOVED = [900, 60, 40], [600, 200, 200]
CASES = [
    (Evidence(), [], [], False),
    (Evidence(new_labels={"consensus": NEW_LABELS - 1}), [], [], False),
    (Evidence(new_labels={"consensus": NEW_LABELS - 30, "validation": 30}), [], [], True),
    (Evidence(new_labels={"consensus": NEW_ASTEROIDS}, new_asteroids=NEW_ASTEROIDS), [], [], True),
    (Evidence(judged=4, missed=4), [], [], False),  # too few to say anything
    (Evidence(judged=8, missed=3, false=1), [], [], True),
    (Evidence(judged=1000, missed=30, false=20), [], [], False),  # 5.0 %, the lower end is below
    (Evidence(judged=1000, missed=50, false=30), [], [], True),
    (Evidence(drawn_low=300, drawn_missed=3), [], [], False),
    (Evidence(drawn_low=300, drawn_missed=9), [], [], True),
    (Evidence(proposed=20, pure=12), [], [], False),
    (Evidence(proposed=20, pure=4), [], [], True),
    (Evidence(proposed=4, pure=0), [], [], False),
    (Evidence(), STEADY, STEADY, False),
    (Evidence(), STEADY, MOVED, True),
    (Evidence(), STEADY, [40, 30, 30], False),  # fewer than can say anything
]


@pytest.mark.parametrize(("found", "before", "since", "speaks"), CASES)
def test_what_speaks_for_a_training(found: Evidence, before: list[int], since: list[int], speaks: bool) -> None:
    said = advice(found, before, since)
    assert said.retrain is speaks
    assert len([reason for reason in said.reasons if reason.speaks]) == int(speaks)


def test_the_reasons_are_in_words() -> None:
    found = Evidence(
        new_labels={"validation": 2, "consensus": 300}, new_asteroids=7, judged=100, missed=10, false=5,
        drawn_low=50, drawn_missed=1, proposed=10, pure=9,
    )  # fmt: skip
    words = [reason.text for reason in advice(found, STEADY, MOVED).reasons]
    assert words[0].startswith("302 new decisions of people since this model was made, 7 asteroids among them")
    assert "consensus of volunteers: 300" in words[0] and "validation by the team: 2" in words[0]
    assert "disagree on 15 of the 100" in words[1] and "15.0% [9.3%, 23.3%]" in words[1]
    assert "Of 50 low scores that people saw at random, 1 are asteroids" in words[2]
    assert "Of 10 cutouts that it proposed and the team validated, 9" in words[3]
    assert f"{DRIFT:.2f} is much" in words[4] and sum(MOVED) >= LEAST_SCORES


def test_fields_join_what_overlaps_or_is_of_one_visit_also_by_others() -> None:
    # 0 and 1 overlap; 2 is of 1's visit, elsewhere; 3 lies alone; 4 and 5 meet across RA 0; 6 overlaps 5 only
    ra = [10.0, 10.05, 200.0, 90.0, 359.99, 0.02, 0.08]
    dec = [0.0, 0.0, -30.0, 60.0, 5.0, 5.0, 5.0]
    visits = ["a", "b", "b", "c", "d", "e", "f"]
    found = sky_fields([7, 3, 9, 4, 20, 21, 22], ra, dec, [0.03] * 7, visits)
    assert found.tolist() == [3, 3, 3, 4, 20, 20, 20]
    assert sky_fields([], [], [], [], []).size == 0


def test_fields_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(1)
    ids, ra, dec = np.arange(1, 200), rng.uniform(0, 20, 199), rng.uniform(-5, 5, 199)
    visits = [str(i // 3) for i in range(199)]
    found = sky_fields(ids.tolist(), ra, dec, [0.2] * 199, visits)
    order = rng.permutation(199)
    again = sky_fields(ids[order].tolist(), ra[order], dec[order], [0.2] * 199, [visits[i] for i in order])
    assert again.tolist() == found[order].tolist()
    assert 1 < len(set(found.tolist())) < 199


@pytest.mark.parametrize(
    ("name", "visit"),
    [("jbt701a1q", "jbt701"), ("ICA201XYQ", "ica201"), ("u59n0201r", "u59n02"), ("my-field", "my-field"), ("j1", "j1")],
)
def test_the_visit_is_in_hsts_names(name: str, visit: str) -> None:
    assert visit_of(name) == visit
