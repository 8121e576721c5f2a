"""`manage.py aggregate_csv`: from a file of votes to labels with their probabilities. No database, no server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from numpy.typing import NDArray

from classify.aggregate_batch import Result, batch, majority
from classify.aggregate_files import FileFault, VoteTable, read_votes, write_result
from classify.aggregate_online import online

METHODS = ("batch", "online", "majority")


class Command(BaseCommand):
    help = (
        "Say what a file of votes (task,worker,label[,created_at], or a Zooniverse classification export) tells of "
        "each task. Example: manage.py aggregate_csv votes.csv out.csv --prior yes=0.015 --workers workers.csv"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("votes", type=Path, help="the file of votes")
        parser.add_argument("out", type=Path, help="where to write task,label,votes,p_<label>")
        parser.add_argument("--truth", type=Path, metavar="CSV", help="known answers: task,label")
        parser.add_argument("--prior", metavar="LABEL=SHARE,…", help="shares of labels among all tasks; others follow")
        parser.add_argument("--method", choices=METHODS, default="batch", help="batch unless told")
        parser.add_argument("--workers", type=Path, metavar="CSV", help="where to write each person's rows")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            given = shares_of(options["prior"])
            _different(options)
            table = read_votes(options["votes"], truth=options["truth"], more_labels=tuple(given))
            result = estimate(table, options["method"], full_prior(given, table))
            write_result(table, result, options["out"], options["workers"])
        except FileFault as fault:
            raise CommandError(str(fault)) from fault
        for note in table.notes:
            self.stdout.write(note)
        sizes = (len(table.tasks), len(table.workers), len(table.labels), len(table.votes))
        self.stdout.write("{} tasks, {} people, {} labels, {} votes.".format(*sizes))
        if table.repeats:
            self.stdout.write(f"{table.repeats} votes were left out: a person counts once per task, by the first vote.")
        self.stdout.write(f"Model: {result.model}. Written: {options['out']}")


def estimate(table: VoteTable, method: str, prior: NDArray[np.float64] | None) -> Result:
    """What the votes say; tasks with a known answer keep it."""
    label = {name: index for index, name in enumerate(table.labels)}
    known = np.array([label[table.known[task]] if task in table.known else -1 for task in table.tasks])
    if method == "majority":
        result = majority(table.votes)
    elif method == "online":
        result = online(table.votes, known=known, prior=prior).result
    else:
        result = batch(table.votes, known=known, prior=prior)
    sure = known >= 0
    result.probabilities[sure] = np.eye(len(table.labels))[known[sure]]
    return result


def shares_of(text: str | None) -> dict[str, float]:
    """The shares that were given: "yes=0.015,no=0.9" as a mapping.

    Raises
    ------
    FileFault
        A part is no LABEL=SHARE with a share between 0 and 1, or a label comes twice.
    """
    shares: dict[str, float] = {}
    for part in (text or "").split(",") if text else []:
        name, _, value = part.rpartition("=")
        try:
            share = float(value)
        except ValueError:
            share = -1.0
        if not name.strip() or not 0 < share < 1 or name.strip() in shares:
            raise FileFault(f"--prior: {part!r} is no LABEL=SHARE with a share between 0 and 1, each label once")
        shares[name.strip()] = share
    return shares


def full_prior(given: dict[str, float], table: VoteTable) -> NDArray[np.float64] | None:
    """A share for each label: labels that were not given divide the rest as the votes do; None when none was given.

    Raises
    ------
    FileFault
        The shares sum to more than 1, or to less and no label is left.
    """
    if not given:
        return None
    if unknown := [name for name in given if not np.any(table.votes.answer == table.labels.index(name))]:
        raise FileFault(f"--prior: nobody voted for {', '.join(unknown)}; the labels are {', '.join(table.labels)}")
    total = sum(given.values())
    free = [index for index, label in enumerate(table.labels) if label not in given]
    if (free and total >= 1) or (not free and abs(total - 1) > 1e-3):
        raise FileFault(
            f"--prior: the shares sum to {total:g}; {'less than 1 is needed' if free else 'they must be 1'}"
        )
    votes = table.votes.counts().sum(axis=0) + 0.5
    prior = np.array([given.get(label, 0.0) for label in table.labels])
    if free:
        prior[free] = (1 - total) * votes[free] / votes[free].sum()
    return np.asarray(prior / prior.sum())


def _different(options: dict[str, Any]) -> None:
    """No file is written over another that is read or written."""
    paths = [options[name].resolve() for name in ("votes", "truth", "out", "workers") if options[name]]
    if len(set(paths)) < len(paths):
        raise FileFault("each file needs a path of its own: one of them was given twice")
