"""The files of votes: ``task,worker,label[,created_at]``, Zooniverse's classification exports, and known answers.

Standard library and numpy only. Every fault of a file ends in a `FileFault` with one line that says where and what.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.aggregate_batch import Result
from classify.aggregate_em import Votes, votes_once

PLAIN = ("task", "worker", "label")
ZOONIVERSE = ("user_name", "annotations", "subject_ids")
_Line = tuple[int, Mapping[str, str | None]]


class FileFault(ValueError):
    """A file cannot be used; the message says which, where and why."""


@dataclass(frozen=True)
class VoteTable:
    """Votes with their names. ``votes`` is in the order of time; names are in the order of the file, labels sorted."""

    votes: Votes
    tasks: list[str]
    workers: list[str]
    labels: list[str]
    known: dict[str, str]
    repeats: int
    notes: list[str] = field(default_factory=list)


@dataclass
class _Rows:
    """What is read of a file: one entry per vote, and the answers that experts gave."""

    task: list[str] = field(default_factory=list)
    worker: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_votes(path: Path, *, truth: Path | None = None, more_labels: Sequence[str] = ()) -> VoteTable:
    """All votes of a file, each person once per task (the first in time counts).

    Labels are those of the votes, of the known answers and ``more_labels``.

    Raises
    ------
    FileFault
        A file is missing, empty, no UTF-8 or CSV, lacks columns, or has a row that cannot be read.
    """
    rows = _read(path)
    if truth is not None:
        rows.known |= read_truth(truth)
    if not rows.task:
        raise FileFault(f"{path} holds no votes")
    tasks, workers = (list(dict.fromkeys(names)) for names in (rows.task, rows.worker))
    labels = sorted({*rows.label, *more_labels, *rows.known.values()})
    if rows.known and not rows.known.keys() & set(tasks):
        raise FileFault(f"none of the {len(rows.known)} tasks with a known answer is among the {len(tasks)} voted on")
    columns = [
        np.fromiter(map({name: index for index, name in enumerate(names)}.__getitem__, column), dtype=np.int64)
        for names, column in ((tasks, rows.task), (workers, rows.worker), (labels, rows.label))
    ]
    if rows.time:
        order = np.argsort(np.array(rows.time), kind="stable")
        columns = [column[order] for column in columns]
    votes, repeats = votes_once(*columns, tasks=len(tasks), workers=len(workers), labels=len(labels))
    return VoteTable(votes, tasks, workers, labels, rows.known, repeats, rows.notes)


def read_truth(path: Path) -> dict[str, str]:
    """The known label of each task, from a file with the columns ``task`` and ``label``; faults as in `read_votes`."""
    known: dict[str, str] = {}
    for line, row in _lines(path, ("task", "label")):
        task, label = _cell(path, line, row, "task"), _cell(path, line, row, "label")
        if known.setdefault(task, label) != label:
            raise FileFault(f"{path}, line {line}: task {task} is both {known[task]} and {label}")
    if not known:
        raise FileFault(f"{path} holds no known answers")
    return known


# --- Reading -----------------------------------------------------------------------------------------------------
def _lines(path: Path, *layouts: Sequence[str]) -> Iterator[_Line]:
    """Rows with their line numbers; the header must have all columns of one layout."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # metadata of an export is longer than the csv module expects
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            if not any(set(layout) <= set(header) for layout in layouts):
                needed = " or ".join(",".join(layout) for layout in layouts)
                raise FileFault(f"{path} needs the columns {needed}; it has {','.join(header)[:200] or 'none'}")
            for row in reader:
                if None in row:
                    raise FileFault(f"{path}, line {reader.line_num}: more cells than columns")
                yield reader.line_num, row
    except OSError as fault:
        raise FileFault(f"{path} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise FileFault(f"{path} is no UTF-8 text; save it as CSV in UTF-8") from fault
    except csv.Error as fault:
        raise FileFault(f"{path}, line {reader.line_num}: no CSV ({fault})") from fault


def _cell(path: Path, line: int, row: Mapping[str, str | None], column: str) -> str:
    value = (row[column] or "").strip()
    if not value:
        raise FileFault(f"{path}, line {line}: {column} is empty")
    return value


def _read(path: Path) -> _Rows:
    lines = _lines(path, PLAIN, ZOONIVERSE)
    first = next(lines, None)
    if first is None:
        raise FileFault(f"{path} holds no votes")
    every = _chain(first, lines)
    return _plain(path, every) if set(PLAIN) <= first[1].keys() else _zooniverse(path, every)


def _chain(first: _Line, rest: Iterator[_Line]) -> Iterator[_Line]:
    yield first
    yield from rest


def _plain(path: Path, lines: Iterator[_Line]) -> _Rows:
    rows = _Rows()
    for line, row in lines:
        rows.task.append(_cell(path, line, row, "task"))
        rows.worker.append(_cell(path, line, row, "worker"))
        rows.label.append(_cell(path, line, row, "label"))
        if "created_at" in row:
            rows.time.append(_seconds(path, line, _cell(path, line, row, "created_at")))
    return rows


def _zooniverse(path: Path, lines: Iterator[_Line]) -> _Rows:
    """The first question of the workflow with the most classifications. Skipped questions are no votes, and what
    experts answered in gold-standard mode is known rather than voted."""
    workflows: dict[str, _Rows] = {}
    skipped: Counter[str] = Counter()
    for line, row in lines:
        workflow = (row.get("workflow_id") or "").strip()
        rows = workflows.setdefault(workflow, _Rows())
        answer = _first_answer(path, line, row["annotations"] or "")
        subject = _cell(path, line, row, "subject_ids")
        if answer is None:
            skipped[workflow] += 1
        elif (row.get("gold_standard") or "").strip().lower() == "true":
            rows.known[subject] = answer
        else:
            rows.task.append(subject)
            rows.worker.append(_cell(path, line, row, "user_name"))
            rows.label.append(answer)
            if "created_at" in row:
                rows.time.append(_seconds(path, line, _cell(path, line, row, "created_at")))
    name, rows = max(workflows.items(), key=lambda item: len(item[1].task))
    if len(workflows) > 1:
        others = ", ".join(sorted(other or "none" for other in workflows if other != name))
        rows.notes.append(f"Only workflow {name} was taken, which has the most votes; left out: {others}.")
    if skipped[name]:
        rows.notes.append(f"{skipped[name]} classifications without an answer were left out.")
    if rows.known:
        rows.notes.append(f"{len(rows.known)} subjects are known from gold-standard classifications.")
    return rows


def _first_answer(path: Path, line: int, annotations: str) -> str | None:
    """The first answer that is a text: marks and lists follow from it. None when the question was skipped."""
    try:
        entries = json.loads(annotations)
        while entries:
            value = entries.pop(0)["value"]
            if isinstance(value, str):
                return value.strip() or None
            if isinstance(value, int | float):
                return str(value)
            if isinstance(value, list) and value and isinstance(value[0], dict) and "task" in value[0]:
                entries = value + entries  # a combo task holds the annotations of its parts
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise FileFault(f"{path}, line {line}: annotations are not those of a Zooniverse export") from fault
    return None


def _seconds(path: Path, line: int, value: str) -> float:
    """A time as seconds: ISO 8601, Zooniverse's "2024-02-23 16:17:42 UTC", or a number."""
    try:
        moment = datetime.fromisoformat(value.removesuffix(" UTC"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        try:
            return float(value)
        except ValueError:
            raise FileFault(f"{path}, line {line}: created_at is no time: {value[:40]}") from None


# --- Writing -----------------------------------------------------------------------------------------------------
def write_result(table: VoteTable, result: Result, out: Path, workers: Path | None) -> None:
    """Write ``task,label,votes,p_<label>`` and, if wanted, ``worker,truth,votes,p_<label>``; all or nothing.

    Raises
    ------
    FileFault
        A file cannot be written.
    """
    targets = [out] if workers is None else [out, workers]
    parts = [path.with_name(path.name + ".part") for path in targets]
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(part.open("w", encoding="utf-8", newline="")) for part in parts]
            csv.writer(files[0]).writerows(_task_rows(table, result.probabilities))
            if workers is not None:
                csv.writer(files[1]).writerows(_worker_rows(table, result.rows))
        for part, target in zip(parts, targets, strict=True):
            os.replace(part, target)
    except OSError as fault:
        raise FileFault(f"{fault.filename or out} cannot be written: {fault.strerror}; nothing was kept") from fault
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _task_rows(table: VoteTable, probabilities: NDArray[np.float64]) -> Iterator[list[object]]:
    yield ["task", "label", "votes", *(f"p_{label}" for label in table.labels)]
    counts = np.bincount(table.votes.task, minlength=len(table.tasks))
    best = probabilities.argmax(axis=1)
    for task, label, votes, row in zip(table.tasks, best, counts, probabilities, strict=True):
        yield [task, table.labels[label], votes, *(f"{p:.6g}" for p in row)]


def _worker_rows(table: VoteTable, rows: NDArray[np.float64]) -> Iterator[list[object]]:
    yield ["worker", "truth", "votes", *(f"p_{label}" for label in table.labels)]
    counts = np.bincount(table.votes.worker, minlength=len(table.workers))
    for worker, votes, matrix in zip(table.workers, counts, rows, strict=True):
        for truth, row in zip(table.labels, matrix, strict=True):
            yield [worker, truth, votes, *(f"{p:.6g}" for p in row)]
