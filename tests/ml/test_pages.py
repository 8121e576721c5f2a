"""The pages of models: what a scientist reads, what an admin may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from jobs.models import Job
from ml.models import Model, Score
from ml.services import model_activate, model_register, shipped_model_ensure
from tests import factories
from tests.ml.onnx_making import card_for, model_bytes

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(factories.user(role))
    return client


@pytest.fixture
def resting(tmp_path: Path) -> Model:
    """The shipped model is active; another one, with a strange card, rests."""
    shipped_model_ensure()
    path = tmp_path / "small.onnx"
    path.write_bytes(model_bytes())
    card = card_for(model_bytes(), figures={"auc": "high"}, limits="none", training=3, made_on="<script>")
    return model_register(path=path, card=card)


def test_a_scientist_sees_all_models_and_which_is_active(resting: Model) -> None:
    page = signed_in(Role.SCIENTIST).get(reverse("ml:index")).content.decode()
    assert page.index("trailnet 3") < page.index("small 1")
    assert page.count(">active<") == 1
    assert "Score what is unscored" not in page


def test_the_card_is_shown_with_figures_and_limits(resting: Model) -> None:
    shipped = shipped_model_ensure()
    page = signed_in(Role.SCIENTIST).get(reverse("ml:detail", args=[shipped.pk])).content.decode()
    clear = shipped.card["figures"]["auc"]["asteroid_clear"]
    assert f"{clear['value']:.3f} [{clear['low']:.3f}, {clear['high']:.3f}]" in page
    assert shipped.sha256 in page
    assert "are often missed: see the tables" in page
    assert "It has scored nothing here yet" in page
    assert "Activate this model" not in page


def test_a_strange_card_is_shown_as_far_as_it_goes(resting: Model) -> None:
    response = signed_in(Role.ADMIN).get(reverse("ml:detail", args=[resting.pk]))
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().split("<main")[1]
    assert "&lt;script&gt;" in response.content.decode()


def test_the_histogram_counts_this_installations_scores(resting: Model) -> None:
    model = shipped_model_ensure()
    exposure = factories.exposure()
    for i, p in enumerate([0.0, 0.01, 0.02, 0.5, 1.0]):
        cutout = factories.cutout(of=exposure, x0=i)
        Score.objects.create(cutout=cutout, model=model, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
    Model.objects.filter(pk=model.pk).update(threshold=0.5)
    response = signed_in(Role.SCIENTIST).get(reverse("ml:detail", args=[model.pk]))
    chart = response.context["chart"]
    assert [column.bar.count for column in chart.columns if column.bar.count] == [3, 1, 1]
    assert (chart.total, chart.above) == (5, 2)
    page = response.content.decode()
    assert page.count("<rect") == 3 and "2 of 5 cutouts score 0.50 or more" in page
    assert 'style="' not in page


def test_an_admin_activates_a_model(resting: Model) -> None:
    response = signed_in(Role.ADMIN).post(reverse("ml:activate", args=[resting.pk]), follow=True)
    assert "small 1 is active" in response.content.decode()
    assert list(Model.objects.filter(active=True)) == [resting]


def test_a_scientist_may_not_activate(resting: Model) -> None:
    assert signed_in(Role.SCIENTIST).post(reverse("ml:activate", args=[resting.pk])).status_code == 404
    assert not Model.objects.get(pk=resting.pk).active
    assert signed_in(Role.ADMIN).get(reverse("ml:activate", args=[resting.pk])).status_code == 405


def test_a_changed_file_is_refused_with_the_reason(resting: Model) -> None:
    with resting.file.open("ab") as file:
        file.write(b"\0")
    page = signed_in(Role.ADMIN).post(reverse("ml:activate", args=[resting.pk]), follow=True).content.decode()
    assert "is not the one that was registered" in page
    assert Model.objects.get(active=True).name == "trailnet"


def test_an_admin_asks_for_pre_screening_and_is_led_to_the_job(resting: Model) -> None:
    client = signed_in(Role.ADMIN)
    response = client.post(reverse("ml:prescreen"))
    job = Job.objects.get(kind="prescreen")
    assert response.headers["Location"] == reverse("jobs:detail", args=[job.pk])
    assert job.requested_by is not None
    client.post(reverse("ml:prescreen"))
    assert Job.objects.count() == 1
    assert signed_in(Role.SCIENTIST).post(reverse("ml:prescreen")).status_code == 404


@pytest.mark.parametrize("name", ["ml:index", "ml:detail"])
def test_the_number_of_queries_does_not_grow(resting: Model, name: str, django_assert_max_num_queries: Any) -> None:
    client = signed_in(Role.SCIENTIST)
    model = model_activate(model=resting)
    where = reverse(name, args=[model.pk] if name == "ml:detail" else [])
    client.get(where)
    with django_assert_max_num_queries(12):
        client.get(where)
