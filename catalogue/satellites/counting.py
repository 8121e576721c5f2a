"""How many exposures of this site satellites cross, by instrument, filter and year.

An exposure is one file of the telescope, however many chips it has. It counts when it was wholly looked at: of every
chip all tiles are cut, the voting on each tile is over in a search for asteroids (by people, or by the model's score
alone), and no candidate in it waits for a decision. It is crossed when a candidate in it is accepted as a satellite.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.aggregates import BoolAnd
from django.db.models import Case, Count, F, Q, Value, When

from archive.models import Cutout, Exposure
from catalogue.models import Candidate, TrailClass
from catalogue.scan import kept
from classify.models import Consensus, Workflow
from sky import satellites
from sky.satellites import Fraction, fraction_table


@dataclass(frozen=True, slots=True)
class Place:
    """A crossed exposure: its name and where it looked, degrees."""

    name: str
    ra_deg: float
    dec_deg: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Fractions as ``sky.satellites.fraction_table`` gives them, and the crossed exposures.

    ``unfinished`` exposures are there but not wholly looked at. Where all exposures are simulated they are counted,
    otherwise they are left out.
    """

    table: list[Fraction] = field(default_factory=list)
    crossed: list[Place] = field(default_factory=list)
    unfinished: int = 0
    simulated: bool = False


@dataclass(slots=True)
class _File:
    """What is known of one file while its chips come in."""

    name: str
    instrument: str
    filter: str
    year: int
    exposure_s: float
    ra_deg: float
    dec_deg: float
    looked_at: bool = True
    satellites: int = 0


def satellites_counted() -> Counted:
    """Everything that the page shows, kept for a while: four grouped queries, however many exposures there are."""
    return kept("satellites", _counted)


def _counted() -> Counted:
    simulated = not Exposure.objects.filter(observation__simulated=False).exists()
    exposures = Exposure.objects.filter(observation__simulated=simulated)
    looked_at = _voted_on()
    satellites_in, waiting = _decisions()
    files: dict[int, _File] = {}
    for row in exposures.order_by("pk").values_list(*_COLUMNS).iterator(chunk_size=5000):
        key, pk, cut, name, instrument, detector, *rest = row
        found = files.setdefault(key, _file(name, instrument, detector, *rest))
        found.looked_at &= bool(cut) and pk in looked_at and pk not in waiting
        # A satellite that crosses both chips is a candidate in each: the chip with the most says how many there were.
        found.satellites = max(found.satellites, satellites_in[pk])
    over = [one for one in files.values() if one.looked_at]
    crossed = [Place(one.name, one.ra_deg, one.dec_deg) for one in over if one.satellites]
    table = fraction_table(map(_exposure, over)) if over else []
    return Counted(table, crossed, len(files) - len(over), simulated and bool(files))


_COLUMNS = (
    "source_file", "pk", "cut_recipe", "observation__name", "observation__instrument", "observation__detector",
    "filter_name", "start__year", "exposure_s", "ra_deg", "dec_deg",
)  # fmt: skip


def _file(name: str, instrument: str, detector: str, *rest: Any) -> _File:
    return _File(name, f"{instrument}/{detector}" if detector else instrument, *rest)


def _exposure(one: _File) -> satellites.Exposure:
    return satellites.Exposure(
        one.instrument, one.filter or "–", one.year, one.exposure_s, one.satellites > 0, one.satellites
    )


def _voted_on() -> set[int]:
    """Exposures that have tiles, on each of which a search for asteroids has ended and none goes on."""
    ended = Case(When(subject__consensuses__state=Consensus.State.RETIRED, then=Value(True)), default=Value(False))
    searches = Q(subject__consensuses__workflow__purpose=Workflow.Purpose.ASTEROIDS)
    over = (
        Cutout.objects.order_by()
        .values("exposure")
        .annotate(
            tiles=Count("pk", distinct=True),
            searched=Count("pk", filter=searches, distinct=True),
            over=BoolAnd(ended, filter=searches),
        )
        .filter(over=True, tiles=F("searched"))
    )
    return set(over.values_list("exposure", flat=True))


def _decisions() -> tuple[Counter[int], set[int]]:
    """Accepted satellites by exposure, and the exposures in which a candidate waits."""
    rows = (
        Candidate.objects.filter(
            Q(state=Candidate.State.PENDING) | Q(state=Candidate.State.ACCEPTED, trail_class=TrailClass.SATELLITE)
        )
        .order_by()
        .values_list("exposure", "state")
        .annotate(number=Count("pk"))
    )
    found: Counter[int] = Counter()
    waiting: set[int] = set()
    for exposure, state, number in rows:
        if state == Candidate.State.PENDING:
            waiting.add(exposure)
        else:
            found[exposure] = number
    return found, waiting
