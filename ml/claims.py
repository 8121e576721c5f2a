"""Who scores which exposure, over all processes and machines: claims that end with their holder's connection.

A claim is an advisory lock of PostgreSQL. Scores are written over the connection that holds it, so that a
process whose claim was lost cannot write any more, and one that was killed frees its claim at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from django.db import connection

from archive.locks import Busy, one_at_a_time, patience
from archive.models import Cutout, Exposure
from ml.models import Model
from ml.selectors import cutouts_unscored, exposures_unscored

# A machine that vanished without a word is found out after 30 s, not after the two hours of most systems.
KEEPALIVE = "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """One exposure for this process alone until `release`.

    ``cutouts`` are all of it, as they are judged together; ``unscored`` the ids of those that need a score.
    """

    exposure: Exposure
    cutouts: list[Cutout]
    unscored: set[int]
    release: Callable[[], None]


class Claims:
    """Claims of exposures that a model has not scored yet; leaving the ``with`` block releases what is still held.

    ``wanted`` says before each claim whether there shall be more. ``busy`` are the exposures that others held
    during the last walk.
    """

    def __init__(self, model: Model, wanted: Callable[[], bool] = lambda: True) -> None:
        self._model = model
        self._wanted = wanted
        self._held: dict[int, ExitStack] = {}
        self.busy: set[int] = set()

    def __enter__(self) -> Claims:
        with connection.cursor() as cursor:
            cursor.execute(KEEPALIVE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for exposure_id in list(self._held):
            self._release(exposure_id)

    def walk(self, leave_out: Collection[int], only: Collection[int] | None = None) -> Iterator[Claim]:
        """Claim one exposure after the other, each when it is asked for; passes over what others hold.

        ``leave_out``: exposures not to try, looked at anew each time. ``only``: none but these; all unless told.
        """
        self.busy = set()
        for exposure_id in exposures_unscored(self._model) if only is None else sorted(only):
            if exposure_id in leave_out:
                continue
            if not self._wanted():
                return
            if claim := self._claim(exposure_id):
                yield claim

    def _claim(self, exposure_id: int) -> Claim | None:
        """The claim, or None when another process has it or nothing is left to score."""
        held = ExitStack()
        try:
            held.enter_context(one_at_a_time(f"prescreen {self._model.pk} {exposure_id}", patience(0)))
        except Busy:
            self.busy.add(exposure_id)
            return None
        self._held[exposure_id] = held
        unscored = set(cutouts_unscored(self._model).filter(exposure_id=exposure_id).values_list("pk", flat=True))
        if not unscored:
            self._release(exposure_id)
            return None
        exposure = Exposure.objects.select_related("source_file", "observation").defer("wcs").get(pk=exposure_id)
        cutouts = list(exposure.cutouts.defer("footprint").order_by("pk"))
        return Claim(exposure, cutouts, unscored, partial(self._release, exposure_id))

    def _release(self, exposure_id: int) -> None:
        self._held.pop(exposure_id).close()
