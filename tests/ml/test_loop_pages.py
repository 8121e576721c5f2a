"""The loop's pages: disagreements, advice, comparing, activating and rolling back, training, and who may."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from jobs.models import Job, JobState
from jobs.services import job_run
from ml import learning
from ml.feedback import FALSE, MISSED, disagreement_page
from ml.models import Activation, Model, Score
from ml.runtime import ModelRefused
from ml.services import model_activate, model_register, model_roll_back
from tests import factories
from tests.ml.loop_rows import decide, model, scored
from tests.ml.onnx_making import card_for, model_bytes

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(factories.user(role))
    return client


def page_of(name: str, role: Role = Role.SCIENTIST, *, args: list[Any] | None = None, query: str = "") -> str:
    answer = signed_in(role).get(reverse(name, args=args or []) + query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def real(tmp_path: Path) -> list[Model]:
    """Two registered models whose files load; the first is active."""
    made = []
    for version in ("1", "2"):
        path = tmp_path / f"{version}.onnx"
        path.write_bytes(model_bytes(mark=int(version)))
        made.append(model_register(path=path, card=card_for(path.read_bytes(), version=version)))
    return [model_activate(model=made[0]), made[1]]


# --- Where people and the model disagree ---------------------------------------------------------------------------


def test_disagreements_come_most_surprising_first_page_by_page() -> None:
    ours, other = model(threshold=0.6), model("2")
    exposure = factories.exposure()
    missed = [scored(ours, p, of=exposure, x0=i) for i, p in enumerate((0.3, 0.1, 0.59, 0.1, 0.2))]
    for cutout in missed:
        decide(cutout, "asteroid")
        scored(other, 0.99, cutout=cutout)
    false = [scored(ours, p, of=exposure, y0=i + 1) for i, p in enumerate((0.7, 0.95, 0.6))]
    for cutout, label in zip(false, ("nothing", "satellite", "arc"), strict=True):
        decide(cutout, label)
    decide(scored(ours, 0.9, of=exposure, x0=90), "asteroid")  # they agree
    decide(scored(ours, 0.1, of=exposure, x0=91), "nothing")
    scored(ours, 0.99, of=exposure, x0=92)  # nobody decided

    first = disagreement_page(ours, MISSED, size=2)
    assert [row.cutout_id for row in first.rows] == [missed[1].pk, missed[3].pk]
    second = disagreement_page(ours, MISSED, first.older, size=2)
    third = disagreement_page(ours, MISSED, second.older, size=2)
    assert [row.cutout_id for row in second.rows + third.rows] == [missed[4].pk, missed[0].pk, missed[2].pk]
    assert (first.newer, third.older) == ("", "")
    assert disagreement_page(ours, MISSED, third.newer, size=2).rows == second.rows
    assert disagreement_page(ours, MISSED, second.newer, size=2).rows == first.rows
    said = [(row.cutout_id, row.decided.label) for row in disagreement_page(ours, FALSE).rows]  # type: ignore[attr-defined]
    assert said == [(false[1].pk, "satellite"), (false[0].pk, "nothing"), (false[2].pk, "arc")]
    assert disagreement_page(other, MISSED).rows == []


def test_the_team_has_the_last_word_on_a_disagreement() -> None:
    ours = model()
    settled, real = scored(ours, 0.1), scored(ours, 0.9)
    decide(settled, "asteroid")
    decide(settled, "nothing", "validation")
    decide(real, "nothing")
    decide(real, "asteroid", "validation")
    assert disagreement_page(ours, MISSED).rows == disagreement_page(ours, FALSE).rows == []


def test_the_page_shows_them_to_scientists_with_image_words_and_links() -> None:
    ours = model(active=True)
    (subject,) = factories.subjects(1, factories.workflow())
    decide(scored(ours, 0.123, cutout=subject.cutout), "asteroid", weight=0.97)
    for name in ("ml:detail", "ml:disagreements"):
        page = page_of(name, args=[ours.pk])
        assert reverse("archive:image", args=[subject.cutout.public_id]) in page
        assert reverse("talk:cutout", args=[subject.cutout.public_id]) in page
        assert "0.123" in page and "(0.97)" in page and "Consensus of volunteers" in page
        assert signed_in(Role.MODERATOR).get(reverse(name, args=[ours.pk])).status_code == 404
    way = Client().get(reverse("talk:cutout", args=[subject.cutout.public_id]))
    assert way.headers["Location"] == reverse("talk:subject", args=[subject.pk])
    assert Client().get(reverse("talk:cutout", args=[factories.cutout().public_id])).status_code == 404


def test_the_cost_of_the_page_does_not_grow_with_what_it_shows(django_assert_max_num_queries: Any) -> None:
    ours, exposure = model(active=True), factories.exposure()
    for i in range(30):
        decide(scored(ours, 0.01 * i, of=exposure, x0=i), "asteroid")
    client = signed_in(Role.SCIENTIST)
    for name, limit in (("ml:detail", 20), ("ml:disagreements", 7)):
        where = reverse(name, args=[ours.pk])
        client.get(where)
        with django_assert_max_num_queries(limit):
            client.get(where)


# --- Advice ------------------------------------------------------------------------------------------------------


def test_the_page_advises_to_retrain_and_says_why() -> None:
    ours, exposure = model(active=True), factories.exposure()
    for i in range(8):
        decide(scored(ours, 0.2, of=exposure, x0=i), "asteroid" if i < 4 else "nothing", drawn=i >= 4)
    page = page_of("ml:detail", args=[ours.pk])
    assert "Retraining is advisable" in page
    assert "8 new decisions of people since this model was made, 4 asteroids among them" in page
    assert "disagree on 4 of the 8 cutouts" in page and "50.0% [21.5%, 78.5%]" in page


def test_misses_are_measured_on_the_low_scores_that_were_drawn() -> None:
    ours, exposure = model(active=True), factories.exposure()
    cases = [(0.05, "asteroid", True), (0.05, "nothing", True), (0.05, "asteroid", False), (0.3, "asteroid", True)]
    for i, (p, label, drawn) in enumerate(cases):
        decide(scored(ours, p, of=exposure, x0=i), label, drawn=drawn)
    wrong = scored(ours, 0.05, of=exposure, x0=50)
    decide(wrong, "asteroid", drawn=True)
    decide(wrong, "nothing", "validation")  # volunteers erred: no miss of the model
    assert "Of 3 low scores that people saw at random, 1 are asteroids" in page_of("ml:detail", args=[ours.pk])


def test_what_came_after_a_model_settled_in_is_held_against_what_came_before() -> None:
    ours, exposure = model(), factories.exposure()
    Activation.objects.create(model=ours)
    cutouts = [factories.cutout(of=exposure, x0=i) for i in range(500)]
    rows = [Score(cutout=cutout, model=ours, p_asteroid=0.001, p_satellite=0, p_nothing=1) for cutout in cutouts]
    Score.objects.bulk_create(rows[:250])
    job = Job.objects.create(kind="prescreen", arguments={"model": ours.pk}, state=JobState.DONE)
    with connection.cursor() as cursor:  # a transaction's clock stands still
        cursor.execute("UPDATE jobs_job SET finished_at = created_at")
        cursor.execute("UPDATE ml_activation SET created_at = created_at - interval '2 hours'")
        cursor.execute("UPDATE ml_score SET created_at = created_at - interval '1 hour'")
    for row in rows[250:]:
        row.p_asteroid = 0.3
    Score.objects.bulk_create(rows[250:])
    Score.objects.filter(p_asteroid=0.3).update(created_at=job.created_at.replace(year=job.created_at.year + 1))
    page = page_of("ml:detail", args=[ours.pk])
    assert "those of the 250 cutouts that came since" in page and "Retraining is advisable" in page
    cache.clear()
    Score.objects.filter(p_asteroid=0.3).update(p_asteroid=0.001)
    assert "No need to retrain yet" in page_of("ml:detail", args=[ours.pk])


# --- Two models ----------------------------------------------------------------------------------------------------


def test_two_models_on_the_same_cutouts() -> None:
    one, two, exposure = model("1", threshold=0.5), model("2", threshold=0.7), factories.exposure()
    pairs = [(0.9, 0.9), (0.9, 0.2), (0.1, 0.8), (0.1, 0.1), (0.2, 0.6)]
    labels = ["asteroid", "nothing", "asteroid", "nothing", "nothing"]
    for i, ((a, b), label) in enumerate(zip(pairs, labels, strict=True)):
        cutout = scored(one, a, of=exposure, x0=i)
        decide(scored(two, b, cutout=cutout), label)
    scored(one, 0.9, of=exposure, x0=50), scored(two, 0.9, of=exposure, x0=51)  # one of them has not seen it
    answer = signed_in(Role.SCIENTIST).get(reverse("ml:compare"), {"first": one.pk, "second": two.pk})
    found = answer.context["found"]
    agreed = found.agreement
    assert (agreed.both, agreed.only_first, agreed.only_second, agreed.neither) == (1, 1, 1, 2)
    assert (found.labels, found.asteroids) == (5, 2)
    assert (found.first.precision.hits, found.first.precision.of, found.first.recall.hits) == (1, 2, 1)
    assert (found.second.precision.hits, found.second.precision.of, found.second.recall.hits) == (2, 2, 2)
    assert found.second.ap[0] == 1.0 and found.first.ap[0] < 1.0
    assert found.ap_difference[0] == pytest.approx(found.second.ap[0] - found.first.ap[0])
    gaps = [round(abs(difference.score.p_asteroid - difference.other), 3) for difference in found.differences]
    assert gaps == [0.7, 0.7, 0.4]
    assert "60.0% [23.1%, 88.2%]" in answer.content.decode()


def test_a_comparison_says_what_it_cannot_say() -> None:
    one, two = model("1"), model("2")
    scored(one, 0.9)
    page = page_of("ml:compare", query=f"?first={one.pk}&second={two.pk}")
    assert "There is no cutout that both have scored yet" in page
    assert "Choose two different models" in signed_in(Role.SCIENTIST).get(
        reverse("ml:compare"), {"first": one.pk, "second": one.pk}
    ).content.decode()  # fmt: skip
    assert signed_in(Role.SCIENTIST).get(reverse("ml:compare"), {"first": "x", "second": "0"}).status_code == 422


# --- Activate and roll back ----------------------------------------------------------------------------------------


def test_activating_is_kept_with_who_and_why_and_scores_are_asked_for(real: list[Model]) -> None:
    client = signed_in(Role.ADMIN)
    client.post(reverse("ml:activate", args=[real[1].pk]), {"why": "better on faint trails"})
    done = Activation.objects.latest("pk")
    assert (done.model, done.replaced, done.why, done.rolled_back) == (
        real[1],
        real[0],
        "better on faint trails",
        False,
    )
    assert done.by is not None and done.by.role == Role.ADMIN
    assert done.job is not None and done.job.arguments == {"model": real[1].pk}
    page = client.get(reverse("ml:index")).content.decode()
    assert "better on faint trails" in page and done.by.username in page
    client.post(reverse("ml:activate", args=[real[1].pk]))
    assert Activation.objects.count() == 2  # twice is once


def test_a_roll_back_brings_the_replaced_model_with_its_scores(real: list[Model]) -> None:
    cutout = scored(real[0], 0.9)
    client = signed_in(Role.ADMIN)
    assert "Roll back to" not in client.get(reverse("ml:index")).content.decode()
    model_activate(model=real[1])
    assert "Roll back to small 1" in client.get(reverse("ml:detail", args=[real[1].pk])).content.decode()
    assert not Score.objects.filter(model__active=True).exists()
    client.post(reverse("ml:roll_back"), {"why": "too many false ones"})
    assert Score.objects.get(model__active=True).cutout == cutout
    last = Activation.objects.latest("pk")
    assert (last.model, last.rolled_back, last.why) == (real[0], True, "too many false ones")


def test_there_may_be_nothing_to_roll_back_to_or_it_may_be_broken(real: list[Model]) -> None:
    page = signed_in(Role.ADMIN).post(reverse("ml:roll_back"), follow=True).content.decode()
    assert "no earlier model to go back to" in page
    model_activate(model=real[1])
    Path(real[0].file.path).unlink()
    with pytest.raises(ModelRefused, match="cannot be read"):
        model_roll_back()
    assert Model.objects.get(active=True) == real[1]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_activate_at_once_leave_one_model_active_and_a_true_history(real: list[Model]) -> None:
    start, errors = threading.Barrier(2), []

    def work() -> None:
        try:
            start.wait()
            model_activate(model=real[1])
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Model.objects.filter(active=True).count() == 1
    chain = list(Activation.objects.order_by("pk").values_list("replaced", "model"))
    assert chain == [(None, real[0].pk), (real[0].pk, real[1].pk)]
    assert Job.objects.filter(kind="prescreen", arguments={"model": real[1].pk}).count() == 1


def test_a_resting_model_scores_on_request_and_its_scores_do_not_count(real: list[Model]) -> None:
    answer = signed_in(Role.SCIENTIST).post(reverse("ml:score", args=[real[1].pk]), follow=True)
    assert "small 2 scores in the background; its scores do not count yet" in answer.content.decode()
    assert Job.objects.filter(kind="prescreen", arguments={"model": real[1].pk}).count() == 1
    assert Model.objects.get(active=True) == real[0]


def test_the_work_under_way_is_shown_and_its_end_refreshes_the_page(real: list[Model]) -> None:
    client = signed_in(Role.SCIENTIST)
    job = Job.objects.get(kind="prescreen")
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, done=30, total=120, message="small 1")
    polled = client.get(reverse("ml:work"), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in polled.content.decode() and "30 of 120 cutouts" in polled.content.decode()
    assert "HX-Refresh" not in polled.headers
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    ended = client.get(reverse("ml:work"), headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true" and "hx-trigger" not in ended.content.decode()


# --- Train -----------------------------------------------------------------------------------------------------------


def test_without_the_training_extra_the_page_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "NEEDED", ("json", "no_such_package"))
    page = page_of("ml:index")
    assert "Training needs no_such_package" in page and learning.HOW_TO_INSTALL in page
    assert "Start training" not in page
    answer = signed_in(Role.SCIENTIST).post(reverse("ml:train"), {"minutes": "15", "seed": "1"}, follow=True)
    assert "Nothing was started" in answer.content.decode()
    assert not Job.objects.exists()
    job = learning.train_start()
    done = job_run(job.pk)
    assert done is not None and done.state == JobState.FAILED and "no_such_package" in done.last_error


def test_a_scientist_starts_one_training_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "NEEDED", ())
    client = signed_in(Role.SCIENTIST)
    assert "Start training" in client.get(reverse("ml:index")).content.decode()
    for minutes in ("7.5", "30"):
        client.post(reverse("ml:train"), {"minutes": minutes, "seed": "3", "use_labels": "on"})
    job = Job.objects.get(kind="train")
    assert job.arguments == {"minutes": 7.5, "seed": 3, "use_labels": True}
    assert job.requested_by is not None
    assert "Training a model" in client.get(reverse("ml:index")).content.decode()
    assert signed_in(Role.MODERATOR).post(reverse("ml:train"), {"minutes": "1", "seed": "1"}).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"minutes": "0"}, {"minutes": "x"}, {"minutes": "nan"}, {"seed": "-1"}, {"seed": ""}]
)
def test_nonsense_starts_no_training(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]) -> None:
    monkeypatch.setattr(learning, "NEEDED", ())
    answer = signed_in(Role.SCIENTIST).post(reverse("ml:train"), {"minutes": "5", "seed": "1"} | wrong, follow=True)
    assert "Nothing was started" in answer.content.decode()
    assert not Job.objects.exists()
