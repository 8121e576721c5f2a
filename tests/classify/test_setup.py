"""The set-up pages: projects, workflows, versions, images, rule, tutorial, field guide, finds; scientists only."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Role
from catalogue.findings import findings_by_consensus, pass_over
from classify.consensus import classifications_aggregate
from classify.models import Consensus, KnownAnswer, Project, SubjectSet, TutorialStep, Workflow
from classify.setup import services
from classify.setup.selectors import workflow_history
from jobs.models import Job
from jobs.services import job_run
from tests import factories

LENSES = {
    "frames": "none",
    "name": "Lenses", "purpose": "other", "question": "Do you see a gravitational lens?", "label_yes": "A lens",
    "label_no": "No lens", "label_impossible-to-tell": "Cannot say", "offer_unsure": "on",
    "help_text": "Look for **arcs**.", "marking_question": "", "training_first": "0", "training_later": "0",
}  # fmt: skip


@pytest.fixture
def workflow(db):
    return factories.workflow()


@pytest.fixture
def by(db):
    return factories.user(Role.SCIENTIST)


@pytest.fixture
def scientist(client, by):
    client.force_login(by)
    return client


@pytest.fixture
def lenses(by, db):
    project = services.project_create(name="Arcs & lenses", description="", live=True)
    answers = [{"value": "yes", "label": "A lens"}, {"value": "no", "label": "No lens"}]
    values = {"name": "Lenses", "question": "A lens?", "answers": answers, "purpose": "other"}
    return services.workflow_create(project=project, values=values, by=by)


def posted(client, workflow: Workflow, **changes: str):
    """Send the question's form back as a browser would, with some fields changed."""
    form = client.get(f"/setup/workflows/{workflow.slug}/question/").context["form"]
    values = {field.html_name: field.value() for field in form}
    data = {name: value for name, value in values.items() if value not in (None, False)} | changes
    return client.post(f"/setup/workflows/{workflow.slug}/question/", data)


def run_jobs() -> None:
    for job in Job.objects.filter(state="queued"):
        job_run(job.pk)


def test_a_project_gets_an_address_of_its_name_and_a_second_one_of_the_same_name_another(scientist):
    for slug in ("lensed-galaxies", "lensed-galaxies-2"):
        answer = scientist.post("/setup/projects/new/", {"name": "Lensed galaxies!", "live": "on"})
        assert answer["Location"] == f"/setup/projects/{slug}/"
    assert Project.objects.get(slug="lensed-galaxies").live


def test_names_without_latin_letters_or_of_pages_get_addresses_too(by, db):
    assert services.project_create(name="銀河", description="", live=True).slug == "project"
    assert services.project_create(name="New", description="", live=True).slug == "new-2"


def test_a_workflow_is_made_at_rest_with_its_answers(scientist, db):
    services.project_create(name="Arcs", description="", live=True)
    answer = scientist.post("/setup/projects/arcs/workflows/new/", LENSES)
    assert answer.status_code == 302, answer.context["form"].errors
    made = Workflow.objects.get(slug="lenses")
    assert (made.active, made.version, made.purpose, made.marking) == (False, "1.1", "other", False)
    assert made.answers == [
        {"value": "yes", "label": "A lens"},
        {"value": "no", "label": "No lens"},
        {"value": "impossible-to-tell", "label": "Cannot say"},
    ]
    assert scientist.get("/classify/lenses/").status_code == 404


def test_a_new_question_is_a_new_version_and_texts_a_small_step(scientist, workflow):
    assert posted(scientist, workflow, help_text="Look closely.").status_code == 302
    workflow.refresh_from_db()
    assert workflow.version == "1.2"
    assert posted(scientist, workflow, **{"question": "Is there a trail?", "why": "shorter"}).status_code == 302
    workflow.refresh_from_db()
    assert workflow.version == "2.1"
    page = scientist.get(f"/setup/workflows/{workflow.slug}/").content.decode()
    assert "shorter" in page and "Is there an asteroid trail visible?" in page


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({"marking": False}, "2.1"),
        ({"answers": [{"value": "yes", "label": "Y"}, {"value": "no", "label": "N"}]}, "2.1"),
        ({"translations": {"es": {"question": "¿?"}}}, "1.2"),
        ({"max_votes": 20}, "1.1"),
        ({"help_text": None}, "1.1"),
    ],
)
def test_the_version_grows_with_what_people_are_asked(workflow, by, changes, version):
    changes = {name: workflow.help_text if value is None else value for name, value in changes.items()}
    assert services.workflow_change(workflow=workflow, changes=changes, by=by).version == version


def test_the_third_answer_can_be_left_out_and_comes_back(scientist, workflow):
    posted(scientist, workflow, offer_unsure="")
    workflow.refresh_from_db()
    assert [answer["value"] for answer in workflow.answers] == ["yes", "no"]
    posted(scientist, workflow, offer_unsure="on")
    workflow.refresh_from_db()
    assert [answer["value"] for answer in workflow.answers] == ["yes", "no", "impossible-to-tell"]


def test_an_empty_label_is_refused_and_nothing_is_saved(scientist, workflow):
    page = posted(scientist, workflow, label_yes=" ", question="Something else?")
    assert page.status_code == 422
    assert "label_yes" in page.context["form"].errors
    workflow.refresh_from_db()
    assert workflow.version == "1.1"


def test_a_form_opened_before_somebody_elses_change_is_not_saved_over_it(scientist, workflow, by):
    old = workflow.version
    services.workflow_change(workflow=workflow, changes={"help_text": "Theirs."}, by=by)
    page = posted(scientist, workflow, help_text="Mine.", seen_version=old)
    assert page.status_code == 422
    assert "Mine." in page.content.decode()
    workflow.refresh_from_db()
    assert workflow.help_text == "Theirs."
    assert posted(scientist, workflow, help_text="Mine.", seen_version=workflow.version).status_code == 302


def test_each_language_of_the_site_has_its_fields(scientist, workflow, settings):
    settings.LANGUAGES = [("en", "English"), ("fr", "Français")]
    workflow.translations = {"de": {"question": "Siehst du eine Spur?"}}
    workflow.save()
    changes = {"question_fr": "Voyez-vous une trace ?", "label_yes_fr": "Oui", "help_text_fr": ""}
    assert posted(scientist, workflow, **changes).status_code == 302
    workflow.refresh_from_db()
    assert workflow.translations["fr"] == {"question": "Voyez-vous une trace ?", "answers": {"yes": "Oui"}}
    assert "de" in workflow.translations  # of a language that the site does not speak now


def test_what_it_is_for_is_settled_by_the_first_answer(workflow, by):
    (subject,) = factories.subjects(1, workflow)
    services.workflow_change(workflow=workflow, changes={"purpose": "other"}, by=by)
    services.workflow_change(workflow=workflow, changes={"purpose": "asteroids"}, by=by)
    factories.vote(subject, "yes", workflow)
    with pytest.raises(ValidationError):
        services.workflow_change(workflow=workflow, changes={"purpose": "other"}, by=by)


def test_the_history_says_who_and_why_and_leaves_the_counting_out(workflow, by):
    factories.subjects(2, workflow)
    services.workflow_change(workflow=workflow, changes={"min_votes": 5}, by=by, why="too hasty")
    factories.subjects(2, workflow)
    newest, *_, made = workflow_history(workflow)
    assert (newest.who, newest.why, newest.version) == (by.username, "too hasty", "1.1")
    assert [(one.name, one.before, one.after) for one in newest.changes] == [("min votes", "3", "5")]
    assert made.who == ""


def test_a_set_of_another_project_is_shown_with_votes_of_its_own(scientist, workflow, lenses):
    subjects = factories.subjects(3, workflow)
    shown = SubjectSet.objects.get(workflows=workflow)
    scientist.post(f"/setup/workflows/{lenses.slug}/images/set/", {"set": shown.pk})
    run_jobs()
    lenses.refresh_from_db()
    assert lenses.subjects_count == 3
    assert {row.subject_id for row in Consensus.objects.filter(workflow=lenses)} == {one.pk for one in subjects}
    factories.subjects(2, workflow)
    scientist.post(f"/setup/workflows/{lenses.slug}/images/set/", {"set": shown.pk})  # what is new since
    run_jobs()
    lenses.refresh_from_db()
    assert lenses.subjects_count == Consensus.objects.filter(workflow=lenses).count() == 5
    assert Consensus.objects.filter(workflow=workflow).count() == 5


def test_images_are_chosen_by_instrument_and_filter(scientist, workflow, lenses):
    factories.subjects(2, workflow)
    blue = factories.exposure(filter_name="F435W")
    cutouts = [factories.cutout(of=blue, x0=x0) for x0 in (0, 448)]
    factories.cutout(of=factories.exposure(filter_name="F435W", cut_recipe=""))  # not fully cut
    chosen = {"instrument": "ACS/WFC", "filter_name": "F435W", "target": "", "first": "2024-03-01", "last": ""}
    page = scientist.get(f"/setup/workflows/{lenses.slug}/images/", chosen)
    assert page.context["count"] == 2
    scientist.post(f"/setup/workflows/{lenses.slug}/images/chosen/", chosen | {"name": "Blue"})
    run_jobs()
    rows = Consensus.objects.filter(workflow=lenses)
    assert {row.subject.cutout_id for row in rows} == {cutout.pk for cutout in cutouts}
    assert SubjectSet.objects.get(name="Blue").project == lenses.project
    assert (
        scientist.get(f"/setup/workflows/{lenses.slug}/images/", chosen | {"first": "2024-03-02"}).context["count"] == 0
    )


def test_training_images_stay_out(scientist, workflow, lenses):
    known, _ = factories.subjects(2, workflow)
    KnownAnswer.objects.create(workflow=workflow, subject=known, answer="yes")
    shown = SubjectSet.objects.get(workflows=workflow)
    scientist.post(f"/setup/workflows/{lenses.slug}/images/set/", {"set": shown.pk})
    run_jobs()
    assert Consensus.objects.filter(workflow=lenses).count() == 1


def test_it_is_switched_on_only_with_images(scientist, workflow, lenses):
    on = f"/setup/workflows/{lenses.slug}/active/"
    page = scientist.post(on, {"active": "on"}, follow=True)
    assert "no image in this workflow" in page.content.decode()
    lenses.refresh_from_db()
    assert not lenses.active
    Workflow.objects.filter(pk=lenses.pk).update(subjects_count=1)
    scientist.post(on, {"active": "on"})
    lenses.refresh_from_db()
    assert lenses.active
    scientist.post(on, {})
    lenses.refresh_from_db()
    assert not lenses.active


def test_people_choose_where_several_workflows_are_open(client, workflow, lenses):
    assert client.get("/classify/")["Location"] == f"/classify/{workflow.slug}/"
    Workflow.objects.filter(pk=lenses.pk).update(active=True)
    page = client.get("/classify/").content.decode()
    assert "A lens?" in page and workflow.question in page
    home = client.get("/").content.decode()
    assert f'href="/classify/{workflow.slug}/"' in home and "1 other search" in home
    Project.objects.filter(pk=lenses.project_id).update(live=False)
    assert client.get("/classify/").status_code == 302


def rule(workflow: Workflow, **changes: object) -> dict[str, object]:
    names = [
        "min_votes", "max_votes", "retire_no_below", "retire_yes_above", "retire_unsure_above", "yes_threshold",
        "prevalence_yes", "prevalence_unsure", "min_votes_scored", "low_score_share", "retire_score_below",
    ]  # fmt: skip
    return {name: getattr(workflow, name) for name in names} | {"score_as_prior": "on"} | changes


def test_a_rule_is_tried_by_looking_and_saved_by_posting(scientist, workflow):
    url = f"/setup/workflows/{workflow.slug}/rule/"
    page = scientist.get(url, rule(workflow, min_votes=5))
    assert page.context["preview"].subjects == 0
    workflow.refresh_from_db()
    assert workflow.min_votes == 3
    assert scientist.post(url, rule(workflow, min_votes=5, why="surer")).status_code == 302
    workflow.refresh_from_db()
    assert (workflow.min_votes, workflow.version) == (5, "1.1")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"min_votes": 9, "max_votes": 4}, "greatest number of votes is smaller"),
        ({"min_votes": 0}, "At least 1"),
        ({"retire_no_below": 0.5, "retire_yes_above": 0.4}, "threshold must lie under"),
        ({"prevalence_yes": 0}, "More than 0"),
        ({"prevalence_yes": 0.7, "prevalence_unsure": 0.4}, "together must stay under 1"),
        ({"yes_threshold": 3}, "less than or equal to 1"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(scientist, workflow, changes, said):
    page = scientist.post(f"/setup/workflows/{workflow.slug}/rule/", rule(workflow, **changes))
    assert page.status_code == 422
    assert said in page.content.decode()


def test_a_preview_shows_what_is_being_written_and_saves_nothing(scientist, workflow):
    factories.subjects(1, workflow)
    form = scientist.get(f"/setup/workflows/{workflow.slug}/question/").context["form"]
    values = {field.html_name: field.value() for field in form}
    data = {name: value for name, value in values.items() if value not in (None, False)}
    page = scientist.post(f"/setup/workflows/{workflow.slug}/preview/", data | {"question": "Draft question?"})
    assert page.status_code == 200
    assert "Draft question?" in page.content.decode()
    assert "api/classifications" not in page.content.decode()
    workflow.refresh_from_db()
    assert workflow.version == "1.1"


def test_markdown_is_shown_without_anything_that_could_run(scientist):
    text = "**bold** <script>alert(1)</script> [x](javascript:alert(1))"
    page = scientist.post("/setup/markdown/", {"help_text": text}, headers={"HX-Trigger-Name": "help_text"})
    html = page.content.decode()
    assert "<strong>bold</strong>" in html
    assert "<script" not in html and 'href="javascript' not in html


def retired(workflow: Workflow, p_yes: float) -> Consensus:
    (subject,) = factories.subjects(1, workflow)
    for answer in ["yes" if p_yes > 0.5 else "no"] * workflow.max_votes:
        factories.vote(subject, answer, workflow)
    classifications_aggregate()
    return Consensus.objects.get(workflow=workflow, subject=subject)


def test_finds_of_another_kind_are_listed_with_the_workflow_and_are_no_candidates(scientist, workflow, by):
    services.workflow_change(workflow=workflow, changes={"purpose": "other", "max_votes": 4}, by=by)
    workflow.refresh_from_db()
    find, nothing = retired(workflow, 0.9), retired(workflow, 0.1)
    assert findings_by_consensus(10) == []
    pass_over()
    find.refresh_from_db()
    assert find.candidates_checked_at is not None
    page = scientist.get(f"/setup/workflows/{workflow.slug}/finds/").content.decode()
    assert f"S{find.subject_id} " in page and f"S{nothing.subject_id} " not in page
    table = b"".join(scientist.get(f"/setup/workflows/{workflow.slug}/finds.csv")).decode()
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["subject"], row["votes_yes"], row["filter"]) == (str(find.subject_id), "4", "F814W")


def test_pages_cost_the_same_whatever_they_show(scientist, workflow, django_assert_max_num_queries):
    for number in range(4):
        made = services.project_create(name=f"P{number}", description="", live=True)
        Workflow.objects.create(project=made, slug=f"w{number}", name="W", question="?", answers=workflow.answers)
        TutorialStep.objects.create(workflow=workflow, position=number + 1, title="T", text="x")
        retired(workflow, 0.9)
    for url, limit in {"/setup/": 6, f"/setup/workflows/{workflow.slug}/": 14}.items():
        with django_assert_max_num_queries(limit):
            scientist.get(url)
    for part, limit in {"tutorial/": 6, "finds/": 6, "images/": 12}.items():
        with django_assert_max_num_queries(limit):
            scientist.get(f"/setup/workflows/{workflow.slug}/{part}")
