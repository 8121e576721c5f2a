"""`manage.py aggregate_csv`: files in, files out, and one clear line when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

VOTES = "task,worker,label\n" + "".join(
    f"t{task},w{worker},{'yes' if (task % 4 == 0) != (worker == 5 and task % 2 == 0) else 'no'}\n"
    for task in range(40)
    for worker in range(6)
)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command on this text; its rows and what it said."""

    def go(text, *args, encoding="utf-8"):
        (tmp_path / "votes.csv").write_text(text, encoding=encoding)
        call_command("aggregate_csv", str(tmp_path / "votes.csv"), str(tmp_path / "out.csv"), *map(str, args))
        return rows(tmp_path / "out.csv"), capsys.readouterr().out

    return go


@pytest.mark.parametrize("method", ["batch", "online", "majority"])
def test_it_writes_labels_votes_and_probabilities(run, method):
    out, said = run(VOTES, "--method", method)
    assert list(out[0]) == ["task", "label", "votes", "p_no", "p_yes"]
    assert [row["task"] for row in out] == [f"t{task}" for task in range(40)]
    assert all(row["label"] == ("yes" if index % 4 == 0 else "no") for index, row in enumerate(out))
    assert all(float(row["p_no"]) + float(row["p_yes"]) == pytest.approx(1, abs=1e-4) for row in out)
    assert {row["votes"] for row in out} == {"6"}
    assert "40 tasks, 6 people, 2 labels, 240 votes." in said


def test_it_writes_what_each_person_answers(run, tmp_path):
    run(VOTES, "--workers", tmp_path / "workers.csv")
    people = rows(tmp_path / "workers.csv")
    assert list(people[0]) == ["worker", "truth", "votes", "p_no", "p_yes"]
    assert [(row["worker"], row["truth"]) for row in people[:3]] == [("w0", "no"), ("w0", "yes"), ("w1", "no")]
    careful, careless = (
        next(float(row["p_yes"]) for row in people if (row["worker"], row["truth"]) == (name, "yes"))
        for name in ("w0", "w5")
    )
    assert careful > 0.9 > 0.4 > careless


def test_repeats_count_once_and_the_first_in_time_counts(run):
    out, said = run(
        "task,worker,label,created_at\nt,a,no,2024-02-23 16:17:43 UTC\nt,a,yes,2024-02-23 16:17:42 UTC\n"
        "t,b,yes,2024-02-23T16:17:44+00:00\n"
    )
    assert (out[0]["votes"], out[0]["label"]) == ("2", "yes")
    assert "1 votes were left out" in said


def test_known_answers_stay_and_a_prior_is_kept(run, tmp_path):
    (tmp_path / "gold.csv").write_text("task,label\nt0,no\nt1,no\nelsewhere,yes\n")
    out, _ = run(VOTES, "--truth", tmp_path / "gold.csv")
    assert float(out[0]["p_no"]) == 1
    one = "task,worker,label\n" + "".join(f"t{n},w{w},{'yes' if n < 20 else 'no'}\n" for n in range(40) for w in (1, 2))
    rare, _ = run(one, "--prior", "yes=0.01")
    even, _ = run(one, "--prior", "yes=0.5,no=0.5")
    assert sum(float(row["p_yes"]) for row in rare) < sum(float(row["p_yes"]) for row in even)


def test_labels_may_be_many_and_in_any_script(run):
    text = "task,worker,label\n" + "".join(
        f"t{n},w{w},{'αβγδ'[n % 4 if w else (n + 1) % 4]}\n" for n in range(40) for w in range(4)
    )
    out, _ = run(text, encoding="utf-8-sig")
    assert all(row["label"] == "αβγδ"[n % 4] for n, row in enumerate(out))
    assert list(out[0])[3:] == ["p_α", "p_β", "p_γ", "p_δ"]


# --- Zooniverse --------------------------------------------------------------------------------------------------
HEADER = [
    *("classification_id", "user_name", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version"),
    *("created_at", "gold_standard", "expert", "metadata", "annotations", "subject_data", "subject_ids"),
]


def export(*lines: tuple[str, str, object], workflow="7", gold=False) -> list[list[str]]:
    """Rows of an export: user, subject, value of T0."""
    made = []
    for number, (user, subject, value) in enumerate(lines):
        marks = [{"task": "T1", "task_label": "Mark it", "value": [{"x": 1.5, "y": 2, "tool": 0}]}]
        annotations = [
            {"task": "T0", "task_label": "Is there a trail?", "value": value},
            *(marks if value == "Yes" else []),
        ]
        data = {subject: {"retired": None, "Filename": "a,b.jpg"}}
        made.append([
            str(number), user, "", "0b5f", workflow, "Trails", "16.10", f"2024-02-23 16:17:{number:02} UTC",
            "true" if gold else "", "expert" if gold else "", json.dumps({"session": "x" * 200_000}),
            json.dumps(annotations), json.dumps(data), subject,
        ])  # fmt: skip
    return made


def as_csv(lines: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADER, *lines])
    return buffer.getvalue()


def test_a_zooniverse_export_is_read_as_it_comes(run):
    lines = export(
        ("ann", "101", "Yes"),
        ("bob", "101", "Yes"),
        ("not-logged-in-1f", "101", "No"),
        ("ann", "102", "No"),
        ("bob", "102", "Impossible to tell"),
        ("cem", "102", None),
        ("ann", "101", "No"),
    )
    out, said = run(as_csv(lines))
    assert [(row["task"], row["votes"]) for row in out] == [("101", "3"), ("102", "2")]
    assert list(out[0])[3:] == ["p_Impossible to tell", "p_No", "p_Yes"]
    assert out[0]["label"] == "Yes"
    assert "1 classifications without an answer" in said and "1 votes were left out" in said


def test_of_several_workflows_the_one_with_most_votes_counts(run):
    out, said = run(
        as_csv(export(("ann", "1", "Yes"), ("bob", "1", "Yes")) + export(("ann", "2", "Ring"), workflow="8"))
    )
    assert [row["task"] for row in out] == ["1"]
    assert "Only workflow 7" in said and "left out: 8" in said


def test_answers_in_gold_standard_mode_are_known_not_voted(run):
    lines = export(("ann", "1", "Yes"), ("bob", "1", "Yes"), ("ann", "2", "No")) + export(("exp", "1", "No"), gold=True)
    out, said = run(as_csv(lines))
    assert (out[0]["label"], out[0]["votes"]) == ("No", "2")
    assert "1 subjects are known" in said


def test_the_parts_of_a_combo_task_are_looked_into(run):
    nested = [{"task": "T3", "value": [{"x": 1}]}, {"task": "T4", "value": "Ring"}]
    out, _ = run(as_csv(export(("ann", "1", nested), ("bob", "1", nested))))
    assert out[0]["label"] == "Ring"


# --- What is wrong -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs the columns task,worker,label or user_name"),
        ("task,person,label\na,b,c\n", "it has task,person,label"),
        ("task,worker,label\n", "holds no votes"),
        ("task,worker,label\na,,yes\n", "line 2: worker is empty"),
        ("task,worker,label\na,b\n", "line 2: label is empty"),
        ("task,worker,label\na,b,c,d\n", "line 2: more cells than columns"),
        ("task,worker,label,created_at\na,b,c,yesterday\n", "created_at is no time: yesterday"),
        ('task,worker,label\na,b,"c\n', "no CSV"),
        (as_csv([["1", "u", "", "", "7", "w", "1.1", "", "", "", "", "{oops", "", "5"]]), "line 2: annotations"),
    ],
)
def test_a_bad_file_is_one_clear_line_and_nothing_is_written(run, tmp_path, text, said):
    with pytest.raises(CommandError) as fault:
        run(text)
    assert said in str(fault.value) and "\n" not in str(fault.value).strip()
    assert {path.name for path in tmp_path.iterdir()} <= {"votes.csv", "media"}


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ("yes", "LABEL=SHARE"),
        ("yes=2", "between 0 and 1"),
        ("yes=0.1,yes=0.2", "once"),
        ("maybe=0.1", "nobody voted for maybe"),
        ("yes=0.6,no=0.6", "sum to 1.2"),
        ("yes=0.1,no=0.1", "sum to 0.2"),
    ],
)
def test_a_prior_that_is_none_is_refused(run, prior, said):
    with pytest.raises(CommandError, match=said):
        run(VOTES, "--prior", prior)


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ("task,label\nt0,yes\nt0,no\n", "both yes and no"),
        ("task,label\n", "no known answers"),
        ("task,label\nx,yes\n", "none of the 1 tasks"),
    ],
)
def test_known_answers_that_are_none_are_refused(run, tmp_path, gold, said):
    (tmp_path / "gold.csv").write_text(gold)
    with pytest.raises(CommandError, match=said):
        run(VOTES, "--truth", tmp_path / "gold.csv")


def test_files_that_cannot_be_read_or_written(run, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("aggregate_csv", str(tmp_path / "none.csv"), str(tmp_path / "out.csv"))
    with pytest.raises(CommandError, match="UTF-8"):
        run("task,worker,label\na,b,\xe9\n", encoding="latin-1")
    with pytest.raises(CommandError, match="given twice"):
        run(VOTES, "--workers", tmp_path / "out.csv")
    with pytest.raises(CommandError, match="cannot be written"):
        run(VOTES, "--workers", tmp_path / "no such folder" / "workers.csv")
    assert not (tmp_path / "out.csv").exists() and not list(tmp_path.glob("*.part"))


def test_it_needs_no_database_and_no_server(tmp_path):
    """In a process of its own that knows of no database."""
    (tmp_path / "votes.csv").write_text(VOTES)
    command = [sys.executable, "manage.py", "aggregate_csv", str(tmp_path / "votes.csv"), str(tmp_path / "out.csv")]
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), **nowhere}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "out.csv")) == 40
