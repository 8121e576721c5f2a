"""From votes and scores to candidates, on a simulated exposure that was taken in for real."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command
from django.db import connection

from catalogue.models import Candidate, CandidateSubject
from catalogue.selectors import candidates
from catalogue.services import candidate_validate, candidates_look_again, candidates_refresh
from classify.models import Consensus
from ml.models import Model, Score, TrainingLabel
from sky.wcs import separation_arcsec
from tests import factories
from tests.catalogue.conftest import Field, Simulated, field_of


def score(field: Field, number: int, p_asteroid: float = 0.9, **ends: float) -> Score:
    model, _ = Model.objects.get_or_create(name="m", version="1", sha256="0" * 64, active=True, threshold=0.5)
    cutout = field.subjects[number].cutout
    return Score.objects.create(
        model=model, cutout=cutout, p_asteroid=p_asteroid, p_satellite=0.01, p_nothing=0.09, **ends
    )


def off_by_arcsec(candidate: Candidate, field: Field) -> float:
    truth = field.truth
    return separation_arcsec(candidate.ra_deg, candidate.dec_deg, truth.middle_ra_deg, truth.middle_dec_deg)


def test_a_trail_seen_in_two_tiles_is_one_candidate_at_its_true_place(field: Field) -> None:
    for subject in field.subjects:
        field.says_yes(subject, p_yes=0.9 if subject is field.subjects[0] else 0.99)
    assert candidates_refresh() == 2
    found = candidates().get()
    assert off_by_arcsec(found, field) < 0.1
    assert found.position_from == "fit" and found.source == "consensus" and found.p_yes == 0.99
    assert {link.subject for link in found.links.all()} == set(field.subjects)
    # Neither tile holds it whole; the candidate does.
    assert found.length_arcsec == pytest.approx(field.truth.length_arcsec, rel=0.03)
    ends = {(field.truth.x1, field.truth.y1), (field.truth.x2, field.truth.y2)}
    for x, y in ((found.end1_x, found.end1_y), (found.end2_x, found.end2_y)):
        assert min(abs(x - true_x) + abs(y - true_y) for true_x, true_y in ends) < 4
    assert off_by_arcsec(found, field) < 5 * found.position_sigma_arcsec


def test_a_refresh_again_adds_nothing(field: Field) -> None:
    field.says_yes(field.subjects[0])
    assert candidates_refresh() == 1
    before = list(Candidate.objects.values())
    assert candidates_refresh() == 0
    candidates_look_again()
    assert candidates_refresh() == 1
    after = list(Candidate.objects.values())
    for rows in (before, after):
        rows[0].pop("updated_at")
    assert after == before and CandidateSubject.objects.count() == 1


def test_what_ended_below_the_threshold_is_passed_over(field: Field) -> None:
    low = field.says_yes(field.subjects[0], p_yes=0.2)
    assert candidates_refresh() == 0
    assert Candidate.objects.count() == 0
    assert Consensus.objects.get(pk=low.pk).candidates_checked_at is not None
    assert factories.consensus(field.subjects[1]).candidates_checked_at is None  # the voting on it goes on


def test_a_decision_stands_when_another_tile_comes_late(field: Field) -> None:
    scientist = factories.user(role=factories.Role.SCIENTIST)
    field.says_yes(field.subjects[0])
    candidates_refresh()
    found = Candidate.objects.get()
    candidate_validate(candidate=found, by=scientist, verdict="reject", trail_class="satellite", note="")
    decided = Candidate.objects.values().get()
    field.exposure.source_file.stored.delete()  # not even measured again: the known trail runs through this tile
    field.says_yes(field.subjects[1])
    candidates_refresh()
    assert Candidate.objects.values().get() == decided
    assert found.links.count() == 2
    labels = TrainingLabel.objects.filter(source="validation").values_list("cutout", "label")
    assert set(labels) == {(subject.cutout_id, "satellite") for subject in field.subjects}


def test_the_model_alone_makes_a_candidate_and_volunteers_make_it_theirs(field: Field) -> None:
    truth = field.truth
    x0 = field.subjects[0].cutout.x0
    score(field, 0, end1_x=truth.x1 - x0 + 3, end1_y=truth.y1 - 3, end2_x=truth.x2 - x0 - 3, end2_y=truth.y2 + 2)
    score(field, 1, p_asteroid=0.1)
    candidates_refresh()
    found = candidates().get()
    assert (found.source, found.p_model, found.p_yes) == ("model", 0.9, None)
    assert off_by_arcsec(found, field) < 0.1
    field.exposure.source_file.stored.delete()
    field.says_yes(field.subjects[1])
    candidates_refresh()
    found = candidates().get()
    assert (found.source, found.p_model, found.p_yes) == ("consensus", 0.9, 0.98)
    assert found.links.count() == 2


def test_without_a_measurable_trail_the_place_is_the_models_or_the_cutouts_and_says_so(field: Field) -> None:
    field.exposure.source_file.stored.delete()  # the pixels are gone
    field.says_yes(field.subjects[0])
    score(field, 1, end1_x=100.0, end1_y=100.0, end2_x=140.0, end2_y=130.0)
    candidates_refresh()
    by_cutout = Candidate.objects.get(position_from="cutout")
    by_model = Candidate.objects.get(position_from="model")
    assert by_cutout.position_sigma_arcsec == pytest.approx(512 / 12**0.5 * 0.05, rel=0.02)
    assert 0.4 < by_model.position_sigma_arcsec < by_cutout.position_sigma_arcsec
    assert by_model.mid_x == 120.0 + field.subjects[1].cutout.x0 and by_model.mid_y == 115.0
    # The other subject's voting ends, too: the same tile stays one candidate.
    field.says_yes(field.subjects[1])
    candidates_refresh()
    assert Candidate.objects.count() == 2


def test_the_command_says_what_it_did(field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    field.exposure.source_file.stored.delete()
    field.says_yes(field.subjects[0])
    call_command("find_candidates")
    assert capsys.readouterr().out == "1 tiles looked at, 1 new candidates.\n"
    call_command("find_candidates", "--again")
    assert capsys.readouterr().out == "1 tiles looked at, 0 new candidates.\n"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_candidate(simulated: Simulated) -> None:
    field = field_of(simulated)
    for subject in field.subjects:
        field.says_yes(subject)
    start = threading.Barrier(2)
    done: list[int] = []

    def work() -> None:
        start.wait()
        try:
            done.append(candidates_refresh())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    candidates_refresh()  # what one left to the other is done by the next
    assert Candidate.objects.count() == 1
    assert CandidateSubject.objects.count() == 2
    assert len(done) == 2 and sum(done) >= 1
    assert not Consensus.objects.filter(state="retired", candidates_checked_at=None).exists()
