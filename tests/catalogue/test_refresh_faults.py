"""One bad finding, one busy worker, one decision in between: the others' candidates come all the same."""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from archive.locks import one_at_a_time
from archive.models import Exposure
from catalogue import refresh, tasks
from catalogue.findings import TRIED_AGAIN_AFTER
from catalogue.locating import place_of_ends
from catalogue.models import Candidate, CandidateSubject, FindingTry
from catalogue.services import candidate_validate, candidates_look_again, candidates_refresh
from classify.models import Consensus
from ml.models import Model, Score
from sky.trail import Trail
from tests import factories
from tests.catalogue.conftest import Field
from tests.catalogue.rows import candidate


def damage(how: str, wcs: bytes) -> bytes:
    if how == "bytes":
        return wcs[:40]
    with fits.open(io.BytesIO(zlib.decompress(wcs)), memmap=False) as hdus:
        for name in ("PC1_1", "PC1_2", "PC2_1", "PC2_2"):
            hdus[0].header[name] = 0.0
        content = io.BytesIO()
        hdus.writeto(content)
    return zlib.compress(content.getvalue())


def unfit(field: Field) -> Consensus:
    """A finding of which no candidate can be made: the place of its cutout is no number."""
    field.exposure.source_file.stored.delete()
    cutout = field.subjects[0].cutout
    assert cutout is not None
    cutout.dec_deg = float("nan")
    cutout.save()
    return field.says_yes(field.subjects[0])


def come_again() -> None:
    """Time passes."""
    FindingTry.objects.exclude(again_at=None).update(again_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("how", ["bytes", "numbers"])
def test_with_a_damaged_wcs_the_place_is_the_cutouts(field: Field, how: str) -> None:
    Exposure.objects.update(wcs=damage(how, bytes(field.exposure.wcs)))
    field.says_yes(field.subjects[0])
    model = Model.objects.create(name="m", version="1", sha256="0" * 64, active=True, threshold=0.5)
    ends = {"end1_x": 100.0, "end1_y": 100.0, "end2_x": 140.0, "end2_y": 130.0}
    values = {"p_asteroid": 0.9, "p_satellite": 0.01, "p_nothing": 0.09}
    Score.objects.create(model=model, cutout=field.subjects[1].cutout, **values, **ends)
    assert candidates_refresh() == 2
    assert candidates_refresh() == 0
    found = {(one.position_from, one.ra_deg, one.dec_deg) for one in Candidate.objects.all()}
    cutouts = [subject.cutout for subject in field.subjects]
    assert found == {("cutout", cutout.ra_deg, cutout.dec_deg) for cutout in cutouts if cutout}
    assert not FindingTry.objects.exists()


def test_a_finding_that_fails_keeps_no_other_waiting(field: Field) -> None:
    bad = unfit(field)
    field.says_yes(field.subjects[1])  # later: the bad one stands at the head of the queue
    assert candidates_refresh(limit=1) == 1
    failed = FindingTry.objects.get()
    assert failed.consensus_id == bad.pk and "IntegrityError" in failed.error and Candidate.objects.count() == 0
    assert candidates_refresh(limit=1) == 1
    assert CandidateSubject.objects.get().subject == field.subjects[1]
    assert candidates_refresh(limit=1) == 0


def test_a_finding_that_keeps_failing_is_given_up_and_said(field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    bad = unfit(field)
    tries = 0
    while candidates_refresh():
        come_again()
        tries += 1
    assert tries == FindingTry.objects.get().attempts == len(TRIED_AGAIN_AFTER) + 1
    assert FindingTry.objects.get().again_at is None
    call_command("find_candidates")
    said = capsys.readouterr()
    assert said.out == "0 tiles looked at, 0 new candidates.\n" and said.err.startswith("1 tiles could not be looked")
    admin = Client()
    admin.force_login(factories.user(Role.ADMIN))
    assert "IntegrityError" in admin.get("/admin/catalogue/findingtry/").content.decode()
    cutout = field.subjects[0].cutout
    assert cutout is not None
    cutout.dec_deg = 2.0
    cutout.save()
    candidates_look_again()
    assert candidates_refresh() == 1
    assert Candidate.objects.count() == 1 and not FindingTry.objects.exists()
    assert Consensus.objects.get(pk=bad.pk).candidates_checked_at is not None


def test_a_finding_that_ends_its_worker_is_put_off(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*args: object) -> None:
        raise KeyboardInterrupt

    field.says_yes(field.subjects[0])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(refresh, "trails_in", end)
        candidates_refresh()
    assert candidates_refresh() == 0
    come_again()
    assert candidates_refresh() == 1
    assert Candidate.objects.count() == 1 and not FindingTry.objects.exists()


def test_a_score_that_fails_is_put_off_too(field: Field) -> None:
    unfit(field)
    Consensus.objects.update(state="active", retired_at=None, candidates_checked_at=None)
    model = Model.objects.create(name="m", version="1", sha256="0" * 64, active=True, threshold=0.5)
    cutout = field.subjects[0].cutout
    score = Score.objects.create(model=model, cutout=cutout, p_asteroid=0.9, p_satellite=0.01, p_nothing=0.09)
    assert candidates_refresh() == 1
    assert FindingTry.objects.get().score_id == score.pk
    assert candidates_refresh() == 0


def test_a_run_ends_in_time_and_the_next_goes_on(field: Field) -> None:
    for subject in field.subjects:
        field.says_yes(subject)
    assert [candidates_refresh(within_s=0) for _ in range(3)] == [1, 1, 0]
    assert CandidateSubject.objects.count() == 2


@pytest.fixture
def another_process() -> Iterator[threading.Event]:
    """The lock is held over another connection, until the event is set."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with one_at_a_time(refresh.LOCK):
                held.set()
                let_go.wait(60)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    yield let_go
    let_go.set()
    holder.join()


def test_the_workers_task_gives_way_and_the_command_waits(
    field: Field, another_process: threading.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    field.exposure.source_file.stored.delete()
    field.says_yes(field.subjects[0])
    tasks.candidates_refresh()
    assert Candidate.objects.count() == 0
    threading.Timer(0.5, another_process.set).start()
    call_command("find_candidates")
    assert capsys.readouterr().out == "1 tiles looked at, 1 new candidates.\n"


def test_a_decision_made_while_the_trail_is_measured_stands(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    scientist = factories.user(role=Role.SCIENTIST)
    x0, y0 = field.subjects[0].cutout.x0, field.subjects[0].cutout.y0  # type: ignore[union-attr]
    # Of this very tile, made when its pixels could not be read: a measured place would replace its place.
    found = candidate(
        of=field.exposure, position_from="cutout", curve=[], mid_x=x0 + 255.5, mid_y=y0 + 255.5, source="model"
    )
    measure = refresh.trails_in

    def decided_meanwhile(*args: object) -> list[Trail]:
        trails = measure(*args)  # type: ignore[arg-type]
        candidate_validate(candidate=found, by=scientist, verdict="accept", trail_class="asteroid")
        return trails

    monkeypatch.setattr(refresh, "trails_in", decided_meanwhile)
    field.says_yes(field.subjects[0])
    assert candidates_refresh() == 1
    now = Candidate.objects.get()
    assert (now.state, now.position_from, now.mid_x, now.source) == ("accepted", "cutout", found.mid_x, "model")
    assert now.links.get().subject == field.subjects[0]


def test_right_ascension_stays_below_360() -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crpix, wcs.wcs.cdelt = ["RA---TAN", "DEC--TAN"], [1, 1], [-1e-5, 1e-5]
    wcs.wcs.crval = [-1e-14, 0.0]
    assert float(wcs.all_pix2world(0, 0, 0)[0]) % 360 == 360  # that close to 360 no smaller number is left
    place = place_of_ends(((0.0, -20.0), (0.0, 20.0)), wcs)
    assert (place.ra_deg, place.end1_ra_deg, place.end2_ra_deg) == (0.0, 0.0, 0.0)
