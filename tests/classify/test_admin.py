"""Django admin of the task: what the team may change, and that living counters survive it."""

from __future__ import annotations

import json

import pytest

from accounts.models import Role
from classify.models import Consensus, SubjectSet, Workflow
from tests import factories

CONSENSUS = "/admin/classify/consensus/"


@pytest.fixture
def workflow(db):
    return factories.workflow()


@pytest.fixture
def admin(client, db):
    client.force_login(factories.user(Role.ADMIN))
    return client


def form(client, workflow: Workflow) -> dict[str, str]:
    """What a browser would send back of the workflow's page, unchanged."""
    page = client.get(f"/admin/classify/workflow/{workflow.pk}/change/")
    values = {field.html_name: field.value() for field in page.context["adminform"].form}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def save(client, workflow: Workflow, **changes: str):
    data = form(client, workflow) | changes
    return client.post(f"/admin/classify/workflow/{workflow.pk}/change/", data)


def test_counters_that_grew_while_the_form_was_open_survive(admin, workflow, monkeypatch):
    from classify.admin import WorkflowAdmin

    real = WorkflowAdmin.save_model

    def meanwhile(self, request, obj, form, change):  # votes are counted after the form read its row
        Workflow.objects.filter(pk=obj.pk).update(classifications_count=70, retired_count=5, min_votes=4)
        real(self, request, obj, form, change)

    monkeypatch.setattr(WorkflowAdmin, "save_model", meanwhile)
    assert save(admin, workflow, name="Trails").status_code == 302
    workflow.refresh_from_db()
    assert (workflow.name, workflow.classifications_count, workflow.retired_count) == ("Trails", 70, 5)
    assert workflow.min_votes == 4  # another admin's change of another field, too


def test_a_new_question_is_a_new_version_and_new_help_a_smaller_one(admin, workflow):
    assert save(admin, workflow, help_text="Look closely.").status_code == 302
    workflow.refresh_from_db()
    assert workflow.version == "1.2"
    assert save(admin, workflow, question="Do you see a trail?").status_code == 302
    workflow.refresh_from_db()
    assert (workflow.version, workflow.question) == ("2.1", "Do you see a trail?")


def test_a_workflow_can_still_be_made(admin, workflow):
    data = form(admin, workflow) | {"slug": "second", "name": "Second"}
    assert admin.post("/admin/classify/workflow/add/", data).status_code == 302
    assert Workflow.objects.get(slug="second").version == "1.1"


def test_a_subject_set_is_not_hung_in_by_hand(admin, workflow):
    """Its subjects would not be shown: `manage.py publish` is what shows them."""
    other = SubjectSet.objects.create(project=workflow.project, name="Other")
    assert "subject_sets" not in form(admin, workflow)
    save(admin, workflow, subject_sets=str(other.pk))
    assert [row.name for row in workflow.subject_sets.all()] == ["All cutouts"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"yes": "Yes"}, "The answers are a list"),
        (["yes", "no"], "Answer 1 must have a"),
        ([{"value": "yes"}], "Answer 1 must have a"),
        ([{"value": "yes", "label": "Yes"}, {"value": "maybe", "label": "Perhaps"}], "Answer 2: the value “maybe”"),
        ([{"value": ["yes"], "label": "Yes"}], "is not one of: no, yes, impossible-to-tell"),
        ([{"value": "no", "label": " "}], "Answer 1: the label"),
        ([{"value": "no", "label": "No"}, {"value": "no", "label": "Nope"}], "Answer 2: the value “no” is there twice"),
    ],
)
def test_answers_that_could_not_be_counted_are_refused(admin, workflow, answers, said):
    page = save(admin, workflow, answers=json.dumps(answers))
    assert page.status_code == 200
    assert said in page.context["adminform"].form.errors["answers"][0]
    before = workflow.answers
    workflow.refresh_from_db()
    assert workflow.answers == before


def test_fewer_answers_in_another_order_are_fine(admin, workflow):
    answers = [{"value": "no", "label": "Nothing"}, {"value": "yes", "label": "A trail"}]
    assert save(admin, workflow, answers=json.dumps(answers)).status_code == 302
    workflow.refresh_from_db()
    assert workflow.answers == answers


def retire(client, rows):
    data = {"action": "retire", "_selected_action": [row.pk for row in rows]}
    return client.post(CONSENSUS, data, follow=True)


def test_the_team_retires_subjects_once_and_is_told_how_many(admin, workflow):
    factories.subjects(3, workflow)
    rows = list(Consensus.objects.order_by("pk"))
    text = retire(admin, rows[:1]).content.decode()
    assert "1 subject was retired." in text
    text = retire(admin, rows).content.decode()
    assert "2 subjects were retired." in text and "1 subject was retired already." in text
    assert set(Consensus.objects.values_list("state", "retirement_reason")) == {("retired", "other")}
    workflow.refresh_from_db()
    assert workflow.retired_count == 3


@pytest.mark.parametrize("role", [None, Role.VOLUNTEER, Role.MODERATOR, Role.SCIENTIST])
def test_nobody_else_retires(client, workflow, role):
    factories.subjects(1, workflow)
    if role is not None:
        client.force_login(factories.user(role))
    retire(client, Consensus.objects.all())
    assert Consensus.objects.get().state == "active"


def test_looking_at_an_address_retires_nothing(admin, workflow):
    factories.subjects(1, workflow)
    row = Consensus.objects.get()
    admin.get(CONSENSUS, {"action": "retire", "_selected_action": row.pk})
    assert Consensus.objects.get().state == "active"


def test_a_subject_is_found_by_its_number(admin, workflow):
    _, subject, _ = factories.subjects(3, workflow)
    page = admin.get(CONSENSUS, {"q": str(subject.pk)})
    assert [row.subject_id for row in page.context["cl"].result_list] == [subject.pk]
    assert admin.get(CONSENSUS, {"q": "not a number"}).status_code == 200
