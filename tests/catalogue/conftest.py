"""A simulated exposure, taken in for real, whose trail runs across the border of its two tiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.models import Exposure
from archive.services import ingest_start
from classify.models import Consensus, Subject, SubjectSet, Workflow
from classify.publish import cutouts_publish
from jobs.services import job_run
from sky.simulate.exposure import simulate_exposure
from sky.simulate.output import write_fits
from sky.simulate.truth import TrailTruth
from tests import factories

CROSSING_SEED = 1  # 73 % of its trail lie in the first tile, 56 % in the second


@dataclass(frozen=True)
class Simulated:
    path: Path
    truth: TrailTruth


@dataclass(frozen=True)
class Field:
    """The exposure in the archive, its two tiles as subjects, and what was put into it."""

    exposure: Exposure
    workflow: Workflow
    subjects: list[Subject]
    truth: TrailTruth

    def says_yes(self, subject: Subject, p_yes: float = 0.98) -> Consensus:
        """The voting on a subject ends."""
        now = datetime.now(UTC)
        Consensus.objects.filter(workflow=self.workflow, subject=subject).update(
            state="retired", retired_at=now, retirement_reason="consensus", p_yes=p_yes, votes_yes=6, votes_no=1
        )
        return factories.consensus(subject)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    made = simulate_exposure(
        seed=CROSSING_SEED,
        shape=(512, 960),
        n_asteroids=1,
        asteroid_snr=(5, 12),
        asteroid_length_px=(120, 250),
        cosmic_ray_scale=0.3,
    )
    path = write_fits(made, tmp_path_factory.mktemp("sky") / "jsim00000q_flc.fits")
    return Simulated(path, made.truth[0])


def field_of(simulated: Simulated) -> Field:
    job = ingest_start([simulated.path])
    job_run(job.pk)
    exposure = Exposure.objects.select_related("observation").get()
    workflow = factories.workflow()
    cutouts_publish(
        list(exposure.cutouts.order_by("x0")), workflow=workflow, subject_set=SubjectSet.objects.get(workflows=workflow)
    )
    subjects = list(Subject.objects.order_by("cutout__x0"))
    return Field(exposure, workflow, subjects, simulated.truth)


@pytest.fixture
def field(db: None, simulated: Simulated) -> Field:
    return field_of(simulated)
