"""The contact sheet of the archive scan: every cutout once, in each order, under each filter."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from archive.models import Cutout
from catalogue import scan_sheet
from catalogue.models import CandidateSubject
from catalogue.scan_sheet import ScanFilter, sheet_page
from ml.models import Model, Score
from tests import factories
from tests.catalogue.rows import candidate
from tests.catalogue.scan_rows import decided, registered, scored, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> Model:
    return registered(threshold=0.5)


@pytest.fixture
def scientist() -> Client:
    return signed_in()


def walk(model: Model, filters: ScanFilter, size: int = 4) -> list[float]:
    """The probabilities of all pages of a sheet, one after the other."""
    found, at = [], ""
    while True:
        page = sheet_page(model, filters, at, size=size)
        found += [tile.p for tile in page.tiles]
        if not page.older:
            return found
        at = page.older


def test_the_best_first_every_cutout_once_also_where_scores_are_equal(model: Model) -> None:
    values = [0.2, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.4, 0.1, 0.7]
    scored(model, *values)
    assert walk(model, ScanFilter()) == sorted(values, reverse=True)
    second = sheet_page(model, ScanFilter(), sheet_page(model, ScanFilter(), size=4).older, size=4)
    assert [tile.p for tile in second.tiles] == [0.9, 0.9, 0.7, 0.4]
    assert [tile.p for tile in sheet_page(model, ScanFilter(), second.newer, size=4).tiles] == [0.9] * 4


def test_the_nearest_to_the_threshold_from_both_sides(model: Model) -> None:
    values = [0.48, 0.53, 0.5, 0.1, 0.9, 0.48, 0.51, 0.51, 0.3, 0.505, 1.0, 0.0]
    scored(model, *values)
    near = ScanFilter(order="near")
    for size in (1, 3, 4, 50):
        found = walk(model, near, size)
        assert sorted(found) == sorted(values)
        distances = [abs(p - 0.5) for p in found]
        assert distances == sorted(distances)
    assert walk(model, ScanFilter(order="near", low=0.5)) == [0.5, 0.505, 0.51, 0.51, 0.53, 0.9, 1.0]
    assert walk(model, ScanFilter(order="near", high=0.2)) == [0.1, 0.0]


def test_random_low_scores_are_low_complete_and_the_same_for_everybody(model: Model) -> None:
    values = [i / 1000 for i in range(30)]
    scored(model, *values, 0.1, 0.5)
    low = ScanFilter(order="low")
    found = walk(model, low)
    assert sorted(found) == values and found != values
    assert walk(model, low, size=7) == found


def test_filters_in_the_address(scientist: Client, model: Model) -> None:
    one = factories.exposure(filter_name="F606W")
    one.observation.instrument = "WFC3"
    one.observation.save()
    scored(model, 0.11, of=one)
    scored(model, 0.22, 0.33)

    def shown(query: str) -> list[float]:
        return [tile.p for tile in scientist.get(f"/scan/?{query}").context["sheet"].tiles]

    assert shown("") == [0.33, 0.22, 0.11]
    assert shown("instrument=WFC3") == [0.11] and shown("filter=F814W") == [0.33, 0.22]
    assert shown("instrument=WFC3&filter=F814W") == [] and shown("min=0.22&max=0.33") == [0.22]
    assert shown("class=arc") == [] and shown("order=near") == [0.33, 0.22, 0.11]
    for odd in ("min=nan&max=inf", "min=x&max=-", "class=x&order=x", "at=older~x~y"):
        assert shown(odd) == [0.33, 0.22, 0.11], odd
    for odd in ("at=nan~1~nan~2", f"at=0.1~{'9' * 30}~0.1~1", "at=~~~", "at=1~x~2~y"):
        assert scientist.get(f"/scan/?order=near&{odd}").status_code == 200, odd
    assert scientist.get("/scan/?order=low&at=not-an-id").status_code == 200
    nul = dict.fromkeys(("class", "order", "instrument", "filter", "min", "max"), "\x00")
    assert ScanFilter.of(nul) == ScanFilter()
    filters = ScanFilter.of({"class": "arc", "order": "low", "instrument": "A&B", "min": "0.25", "max": "0.5"})
    text = scientist.get(f"/scan/?{filters.query()}").content.decode()
    assert "order=low&amp;instrument=A%26B&amp;min=0.25&amp;max=0.5" in text and 'value="0.25"' in text


def test_pages_of_the_sheet_keep_the_filters(scientist: Client, model: Model) -> None:
    scored(model, *[0.2 + i / 1000 for i in range(60)])
    text = scientist.get("/scan/?min=0.2&max=0.9").content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following is not None and "min=0.2&amp;max=0.9&amp;at=older" in following[1]
    second = scientist.get(following[1].replace("&amp;", "&"))
    assert [tile.p for tile in second.context["sheet"].tiles] == [0.2 + i / 1000 for i in range(11, -1, -1)]
    assert 'rel="prev"' in second.content.decode() and 'rel="next"' not in second.content.decode()


def test_each_cutout_leads_to_what_is_known_of_it(model: Model) -> None:
    workflow = factories.workflow()
    subject, linked = factories.subjects(2, workflow)
    inside, bare = scored(model, 0.4, 0.3)
    for p, one in ((0.8, linked), (0.7, subject)):
        Score.objects.create(cutout=one.cutout, model=model, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
    by_link = candidate(of=linked.cutout.exposure, mid_x=5000)
    CandidateSubject.objects.create(candidate=by_link, subject=linked)
    Cutout.objects.filter(pk=bare.cutout_id).update(x0=3000)
    by_place = candidate(of=inside.cutout.exposure)
    decided(inside, "satellite", source="validation")
    decided(inside, "asteroid", source="consensus")
    tiles = sheet_page(model, ScanFilter()).tiles
    assert [tile.url for tile in tiles] == [
        f"/validate/{by_link.pk}/",
        f"/talk/subjects/{subject.pk}/",
        f"/validate/{by_place.pk}/",
        f"/archive/observations/{bare.cutout.exposure.observation.name}/",
    ]
    assert [tile.decided for tile in tiles] == ["", "", "satellite", ""]


def test_a_page_of_the_sheet_asks_for_no_offset(model: Model) -> None:
    scored(model, *[i / 100 for i in range(60)])
    for order in scan_sheet.ORDERS:
        with CaptureQueriesContext(connection) as queries:
            sheet_page(model, ScanFilter(order=order), str(uuid.UUID(int=0)), size=4)
        assert len(queries) <= 8 and not any("OFFSET" in q["sql"] for q in queries)
