"""Score what is not scored yet. What is left follows from the rows, so a killed job goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.models import Cutout
from jobs.models import Job
from jobs.registry import JobRun
from ml.inference import BATCH, TileReader, batched, network_of, one_ahead
from ml.models import Model, Score
from ml.preprocess import NetworkInput
from ml.runtime import Network, Verdict
from ml.selectors import cutouts_unscored, unscored_chunks

FAILURES_NAMED = 50
Read = tuple[Cutout, NetworkInput | str]


def prescreen(run: JobRun) -> dict[str, Any]:
    """Score every cutout without a score of the job's model, in full batches, exposure by exposure.

    The model stays the one that was active when the job was asked for. An original that cannot be read is
    named in the result and its cutouts stay unscored; the rest goes on.
    """
    model = Model.objects.get(pk=run.arguments["model"])
    network = network_of(model)
    asked_at = Job.objects.values_list("created_at", flat=True).get(pk=run.job_id)
    done = Score.objects.filter(model=model, created_at__gte=asked_at).count()
    total = done + cutouts_unscored(model).count()
    run.progress(done=done, total=total, message=str(model))
    failed: dict[int, dict[str, str]] = {}
    # Files may be taken in while this runs: after the last cutout, look once more.
    while True:
        before = done
        for scored in _passes(model, network, failed):
            done += scored
            run.progress(done=done, total=max(total, done), message=str(model))
        if done == before:
            break
    return {
        "model": str(model),
        "scored": done,
        "failed": list(failed.values())[:FAILURES_NAMED],
        "failed_count": len(failed),
    }


def _passes(model: Model, network: Network, failed: dict[int, dict[str, str]]) -> Iterator[int]:
    """Score what is unscored now; yields after each batch how many scores it wrote."""
    reader = TileReader()
    for chunk in unscored_chunks(model, set(failed)):
        tiles: Iterator[Read] = ((cutout, reader.read(cutout)) for cutout in chunk)
        for batch in one_ahead(batched(tiles, BATCH)):
            yield _score(model, network, batch, failed)


def _score(model: Model, network: Network, batch: list[Read], failed: dict[int, dict[str, str]]) -> int:
    usable: list[tuple[Cutout, NetworkInput]] = []
    for cutout, read in batch:
        if isinstance(read, str):
            failed[cutout.exposure_id] = {"exposure": str(cutout.exposure), "reason": read[:300]}
        else:
            usable.append((cutout, read))
    if not usable:
        return 0
    verdicts = network.judge([tile for _, tile in usable])
    rows = [score_row(model, cutout, verdict) for (cutout, _), verdict in zip(usable, verdicts, strict=True)]
    # Another worker may have been as fast: its row stays, and nothing is doubled.
    Score.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def score_row(model: Model, cutout: Cutout, verdict: Verdict) -> Score:
    """The row of a verdict, unsaved. Classes the model does not know stay empty."""
    ends = verdict.ends
    return Score(
        cutout=cutout,
        model=model,
        p_asteroid=verdict.p_asteroid,
        p_satellite=verdict.p_satellite,
        p_arc=None,
        p_nothing=verdict.p_nothing,
        end1_x=ends.x1 if ends else None,
        end1_y=ends.y1 if ends else None,
        end2_x=ends.x2 if ends else None,
        end2_y=ends.y2 if ends else None,
    )
