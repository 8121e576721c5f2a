"""The page of satellites: which exposures count, which are crossed; the published figures; the model by its address."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from archive.models import Exposure, Observation
from catalogue.satellites import published
from catalogue.satellites.counting import satellites_counted
from catalogue.satellites.foretelling import foretold
from classify.models import Consensus, Subject, SubjectSet, Workflow
from classify.publish import cutouts_publish
from sky.satellites import Fraction, count_sigma, crossings
from tests import factories
from tests.catalogue.rows import candidate

OVER = {"state": "retired", "retirement_reason": "nothing_here"}


@pytest.fixture(autouse=True)
def _nothing_kept(db: None) -> None:
    cache.clear()


def exposure(*, tiles: int = 2, over: int | None = None, **fields: object) -> Exposure:
    """An exposure with so many tiles in the search, ``over`` of which are decided (all, if not said)."""
    made = factories.exposure(**fields)
    workflow = factories.workflow()
    cut = [factories.cutout(of=made, x0=448 * at) for at in range(tiles)]
    cutouts_publish(cut, workflow=workflow, subject_set=SubjectSet.objects.get(workflows=workflow))
    ended = cut if over is None else cut[:over]
    Consensus.objects.filter(subject__cutout__in=ended).update(retired_at=datetime.now(UTC), **OVER)
    return made


def satellite(of: Exposure, **fields: object) -> None:
    candidate(of=of, **{"state": "accepted", "trail_class": "satellite"} | fields)


def total() -> Fraction:
    return satellites_counted().table[0]


def real(**fields: object) -> Observation:
    return Observation.objects.create(
        **{"name": "jreal0001q", "instrument": "ACS", "detector": "WFC", "simulated": False} | fields
    )


def test_an_exposure_counts_when_it_was_wholly_looked_at() -> None:
    satellite(exposure())
    exposure()
    satellite(exposure(over=1))
    satellite(exposure(over=0))
    satellite(exposure(tiles=0))
    satellite(exposure(cut_recipe=""))
    waiting = exposure()
    satellite(waiting)
    candidate(of=waiting, state="pending")
    rejected = exposure()
    candidate(of=rejected, state="rejected", trail_class="satellite")
    candidate(of=rejected, state="accepted", trail_class="asteroid")
    unpublished = exposure()
    factories.cutout(of=unpublished, x0=900)
    found = satellites_counted()
    assert (found.table[0].exposures, found.table[0].crossed, found.unfinished) == (3, 1, 6)
    assert found.simulated


def test_a_search_for_something_else_says_nothing_of_an_exposure() -> None:
    made = exposure()
    other = Workflow.objects.create(
        project=factories.workflow().project, slug="rings", name="Rings", question="A ring?",
        answers=factories.workflow().answers, purpose="other",
    )  # fmt: skip
    for subject in Subject.objects.filter(cutout__exposure=made):
        Consensus.objects.create(workflow=other, subject=subject)
    only = factories.exposure()
    tile = factories.cutout(of=only)
    subject = Subject.objects.create(project=other.project, cutout=tile)
    Consensus.objects.create(workflow=other, subject=subject, retired_at=datetime.now(UTC), **OVER)
    assert total().exposures == 1 and satellites_counted().unfinished == 1


def test_two_chips_of_a_file_are_one_exposure_and_a_satellite_over_both_is_one() -> None:
    first = exposure()
    second = exposure(observation=first.observation, source_file=first.source_file, extension=4)
    for chip in (first, second, second):
        satellite(chip)
    assert (total().exposures, total().crossed, total().trails) == (1, 1, 2)
    candidate(of=second, state="pending")
    cache.clear()
    assert satellites_counted().table == []


def test_groups_errors_and_published_shares_stand_side_by_side() -> None:
    long_ago = datetime(2016, 3, 1, tzinfo=UTC)
    for at in range(4):
        made = exposure(
            observation=real(name=f"real{at}"), filter_name="F606W" if at else "F814W",
            exposure_s=400.0 + 200 * (at % 2), start=long_ago, end=long_ago.replace(hour=1), ra_deg=10.0 + at,
        )  # fmt: skip
        if at < 2:
            satellite(made)
    satellite(exposure())  # simulated: not counted, as there are real ones
    found = satellites_counted()
    groups = {(row.instrument, row.filter, row.year): row for row in found.table}
    assert set(groups) == {
        ("all", "all", "all"), ("ACS/WFC", "all", "all"), ("ACS/WFC", "F606W", "all"), ("ACS/WFC", "F814W", "all"),
        ("ACS/WFC", "all", "2016"),
    }  # fmt: skip
    everything = groups["all", "all", "all"]
    assert (everything.exposures, everything.crossed, everything.mean_exposure_s) == (4, 2, 500.0)
    assert everything.crossed_sigma == count_sigma(2)
    assert not found.simulated and [place.name for place in found.crossed] == ["real0", "real1"]
    page = Client().get("/satellites/").content.decode()
    assert "50.00 ± 35.53 %" in page and "3.39 %" in page and "3.46 %" in page  # of 2016, of F606W
    assert page.count('<circle class="group crossed"') == 2 and "real1" in page
    assert page.count('class="group error"') == 3  # 2016, and both filters
    rows = list(csv.DictReader(io.StringIO(Client().get("/satellites/csv").content.decode())))
    assert (rows[0]["exposures"], rows[0]["fraction"]) == ("4", "0.5") and len(rows) == 5


def test_the_page_asks_the_database_a_handful_of_times_then_not_at_all() -> None:
    for _ in range(6):
        satellite(exposure())
    with CaptureQueriesContext(
        connection,
    ) as first:
        Client().get("/satellites/")
    with CaptureQueriesContext(connection) as again:
        Client().get("/satellites/?number=60000")
    assert (len(first), len(again)) == (4, 0)


def test_an_empty_site_says_what_is_missing_and_still_foretells() -> None:
    page = Client().get("/satellites/").content.decode()
    assert "No exposure has been wholly looked at yet" in page and "Simulated" not in page
    assert "28.6 %" in page  # 100,000 at 550 km on 200 arcsec, the start
    assert "114,607" in page and "44.5" in page


def test_the_answers_are_the_models_and_stand_in_the_address() -> None:
    page = Client().get("/satellites/?number=8500&altitude=1500&exposure=660&field=100").content.decode()
    answers = re.findall(
        r'<th scope="row">(\S+).*?<td class="numeric">([\d.]+)</td>', page[page.index("Trails per 100") :]
    )
    assert ("ACS/WFC", "4.41") in answers and ("WFC3/UVIS", "3.49") in answers
    assert re.search(r'id="model-number" name="number" min="0" max="100000" step="500" value="8500"', page)
    chosen = Client().get("/satellites/?number=60000&altitude=1000").content.decode()
    assert (
        'href="?number=60000&amp;altitude=1000&amp;exposure=660&amp;field=200#foretold" aria-current="true"' in chosen
    )


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, (100_000, 550, 660, 200)),
        ({"number": "x", "altitude": "nan", "exposure": "inf", "field": ""}, (100_000, 550, 660, 200)),
        ({"number": "-5", "altitude": "1", "exposure": "0", "field": "1e9"}, (0, 550, 10, 600)),
    ],
)
def test_nonsense_in_the_address_is_the_start_or_the_nearest(query: dict[str, str], asked: tuple[int, ...]) -> None:
    assert tuple(slider.value for slider in foretold(query).sliders) == asked


def test_the_published_figures_are_what_the_error_model_and_the_code_give() -> None:
    for row in published.SAMPLES:
        shares = (100 * row.crossed / row.exposures, 100 * count_sigma(row.crossed) / row.exposures)
        assert shares == pytest.approx((row.percent, row.sigma), abs=0.0051)
    for number, altitude, acs, uvis in published.MODEL_TRAILS_PERCENT:
        trails = [100 * crossings(number=number, altitude_km=altitude, field_arcsec=side).trails for side in (200, 160)]
        assert [f"{one:.1f}" for one in trails] == [f"{acs:.1f}", f"{uvis:.1f}"]
