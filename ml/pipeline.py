"""From claimed exposures to stored scores: tiles are read and prepared while the network works on those before.

Never more than one batch is prepared ahead, of one exposure read, however far the network lags behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from archive.models import Cutout
from archive.renderings import box_of
from ml.claims import Claim
from ml.exposures import judge_exposure
from ml.inference import BATCH, TileReader, batched, one_ahead
from ml.models import Model, Score
from ml.preprocess import NetworkInput
from ml.runtime import Network, Verdict, verdict

Failed = dict[int, dict[str, str]]
"""Exposures that could not be read, by id: the file's name, the exposure's, and the reason."""


def claimed_score(model: Model, network: Network, claims: Iterable[Claim], failed: Failed) -> Iterator[int]:
    """Score claimed exposures and release them; yields after each batch how many scores it wrote.

    All tiles of an exposure are judged together and written at once, so nothing is before its last batch. What
    cannot be read is noted in ``failed``.
    """
    answers = _Answers()
    with closing(one_ahead(_steps(claims))) as batches:
        for batch in batches:
            answers.add(network, batch, failed)
            written = 0
            if batch.last:
                written = _write(model, batch.claim, answers)
                answers = _Answers()
                batch.claim.release()
            yield written


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    claim: Claim
    tiles: list[tuple[Cutout, NetworkInput | str]]
    last: bool


def _steps(claims: Iterable[Claim]) -> Iterator[Callable[[], _Batch]]:
    """What to read and prepare, batch by batch."""
    for claim in claims:
        reader = TileReader(claim.exposure)
        parts = list(batched(claim.cutouts, BATCH))
        for number, part in enumerate(parts, start=1):
            yield partial(_read, claim, reader, part, number == len(parts))


def _read(claim: Claim, reader: TileReader, cutouts: list[Cutout], last: bool) -> _Batch:
    return _Batch(claim, list(zip(cutouts, reader.read(cutouts), strict=True)), last)


class _Answers:
    """What the network says of the tiles of one exposure, gathered batch by batch."""

    def __init__(self) -> None:
        self.cutouts: list[Cutout] = []
        self._verdicts: list[Verdict] = []
        self._heats: list[NDArray[np.float16]] = []

    def add(self, network: Network, batch: _Batch, failed: Failed) -> None:
        """Run the network on what could be read."""
        usable: list[tuple[Cutout, NetworkInput]] = []
        for cutout, tile in batch.tiles:
            if isinstance(tile, str):
                exposure = batch.claim.exposure
                named = {"file": exposure.source_file.name, "exposure": str(exposure), "reason": tile[:300]}
                failed[exposure.pk] = named
            else:
                usable.append((cutout, tile))
        if usable:
            heat, probabilities = network.run(np.stack([tile.array for _, tile in usable]))
            self.cutouts += [cutout for cutout, _ in usable]
            tiles = [tile for _, tile in usable]
            self._verdicts += [verdict(*found) for found in zip(tiles, heat, probabilities, strict=True)]
            self._heats += list(heat.astype(np.float16))

    def judged(self, shape: tuple[int, int]) -> list[Verdict]:
        """The verdicts, with what the whole exposure of that shape (rows, columns) tells."""
        return judge_exposure([box_of(cutout) for cutout in self.cutouts], self._verdicts, self._heats, shape)


def _write(model: Model, claim: Claim, answers: _Answers) -> int:
    shape = claim.exposure.height, claim.exposure.width
    rows = [
        score_row(model, cutout, found)
        for cutout, found in zip(answers.cutouts, answers.judged(shape), strict=True)
        if cutout.pk in claim.unscored
    ]
    # A row that is there stays, whoever wrote it: nothing is doubled.
    Score.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def score_row(model: Model, cutout: Cutout, found: Verdict) -> Score:
    """The row of a verdict, unsaved. Classes the model does not know stay empty."""
    ends = found.ends
    return Score(
        cutout=cutout,
        model=model,
        p_asteroid=found.p_asteroid,
        p_satellite=found.p_satellite,
        p_arc=found.p_arc,
        p_nothing=found.p_nothing,
        end1_x=ends.x1 if ends else None,
        end1_y=ends.y1 if ends else None,
        end2_x=ends.x2 if ends else None,
        end2_y=ends.y2 if ends else None,
    )
