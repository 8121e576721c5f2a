"""The classifications in Zooniverse's columns: every field of every row is parsed back."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Volunteer
from catalogue.exports_classifications import classifications_csv
from classify.models import Classification, Consensus, Subject, Workflow
from tests import factories

HEADER = (
    "classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,created_at,"
    "gold_standard,expert,metadata,annotations,subject_data,subject_ids"
)


def exported(**options: int) -> list[dict[str, str]]:
    text = b"".join(classifications_csv(**options)).decode()
    assert text.split("\n", 1)[0] == HEADER
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def workflow(db: None) -> Workflow:
    return factories.workflow(version_major=16, version_minor=10)


@pytest.fixture
def subject(workflow: Workflow) -> Subject:
    return factories.subjects(1, workflow)[0]


def test_a_row_has_what_zooniverse_writes(workflow: Workflow, subject: Subject) -> None:
    ann = Volunteer.objects.create(user=factories.user(username="ann"))
    made = factories.vote(subject, "yes", workflow, by=ann, metadata={"session": "s1", "user_language": "de"})
    at = datetime(2024, 2, 23, 16, 17, 42, 999000, tzinfo=UTC)
    Classification.objects.update(created_at=at, started_at=at, finished_at=at)
    (row,) = exported()
    assert row["classification_id"] == str(made.pk)
    assert (row["user_name"], row["user_id"]) == ("ann", str(ann.user_id))
    assert re.fullmatch(r"[0-9a-f]{20}", row["user_ip"])
    assert (row["workflow_id"], row["workflow_name"]) == (str(workflow.pk), workflow.name)
    assert row["workflow_version"] == "16.10"
    assert row["created_at"] == "2024-02-23 16:17:42 UTC"
    assert (row["gold_standard"], row["expert"]) == ("", "")
    assert json.loads(row["annotations"]) == [{"task": "T0", "task_label": workflow.question, "value": "Yes"}]
    metadata = json.loads(row["metadata"])
    assert metadata["started_at"] == metadata["finished_at"] == "2024-02-23T16:17:42.999Z"
    assert (metadata["session"], metadata["user_language"]) == ("s1", "de")
    assert {"user_agent", "utc_offset", "workflow_version"} <= metadata.keys() and "seen_before" not in metadata
    assert json.loads(row["subject_data"]) == {str(subject.pk): subject.metadata | {"retired": None}}
    assert row["subject_ids"] == str(subject.pk)


def test_a_retired_subject_says_how_and_when(workflow: Workflow, subject: Subject) -> None:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    Consensus.objects.update(state="retired", retired_at=at, retirement_reason="unusable", votes_yes=3, votes_no=1)
    factories.vote(subject, "no", workflow)
    (row,) = exported()
    retired = json.loads(row["subject_data"])[str(subject.pk)]["retired"]
    assert set(retired) == {
        "id", "workflow_id", "classifications_count", "created_at", "updated_at", "retired_at", "subject_id",
        "retirement_reason",
    }  # fmt: skip
    assert (retired["classifications_count"], retired["subject_id"]) == (4, subject.pk)
    assert (retired["retired_at"], retired["retirement_reason"]) == ("2024-03-01T00:00:00.000Z", "other")


def test_nobody_without_an_account_can_be_followed_from_one_export_to_the_next(
    workflow: Workflow, subject: Subject
) -> None:
    someone = factories.volunteer()
    factories.vote(subject, "yes", workflow, by=someone)
    factories.vote(subject, "no", workflow, by=someone, counted=False, set_aside="repeat")
    factories.vote(subject, "no", workflow)
    first, second = exported(), exported()
    assert re.fullmatch(r"not-logged-in-[0-9a-f]{20}", first[0]["user_name"]) and first[0]["user_id"] == ""
    assert first[0]["user_name"] == first[1]["user_name"] != first[2]["user_name"]
    assert first[0]["user_ip"] == first[1]["user_ip"] != first[2]["user_ip"]
    assert not {row["user_ip"] for row in first} & {row["user_ip"] for row in second}
    assert json.loads(first[1]["metadata"])["seen_before"] is True


def test_gold_and_odd_names_and_skipped_answers(workflow: Workflow, subject: Subject) -> None:
    Workflow.objects.update(name='=HYPERLINK("x")\nsecond, line')
    person = Volunteer.objects.create(user=factories.user(username="@ann"))
    annotations = [{"task": "T0", "task_label": 'ö, "q"\n?', "value": None}]
    factories.vote(subject, "yes", workflow, by=person, gold_standard=True, annotations=annotations)
    (row,) = exported()
    assert row["gold_standard"] == "true"
    assert row["workflow_name"] == '\'=HYPERLINK("x") second, line'
    assert row["user_name"] == "'@ann"
    assert json.loads(row["annotations"]) == annotations
    raw = b"".join(classifications_csv()).decode()
    assert len(raw.splitlines()) == 2  # a line a row, whatever people write


def test_it_is_written_in_pieces_of_bounded_size(
    workflow: Workflow, subject: Subject, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    other = Workflow.objects.create(project=workflow.project, slug="other", name="o", question="?", answers=[])
    for number in range(7):
        factories.vote(subject, "yes", other if number == 3 else workflow)
    with django_assert_max_num_queries(1 + 2 * 3):
        pieces = list(classifications_csv(page=3))
    assert [piece.count(b"\n") for piece in pieces] == [1, 3, 3, 1]
    assert len(exported(workflow_id=workflow.pk, page=2)) == 6


def test_the_command(workflow: Workflow, subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    factories.vote(subject, "yes", workflow)
    out = tmp_path / "c.csv"
    out.write_text("what was there before")
    call_command("export_classifications", "--out", str(out), "--workflow", workflow.slug)
    assert capsys.readouterr().out == f"1 classifications written to {out}.\n"
    assert out.read_text().startswith(HEADER + "\n")
    with pytest.raises(CommandError, match="no workflow 'x'. Known: asteroid-trails. Nothing was written."):
        call_command("export_classifications", "--out", str(out), "--workflow", "x")
