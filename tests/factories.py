"""Rows for tests, made through the models; files are real where a test looks at them."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import Role, User, Volunteer
from archive.models import Cutout, Exposure, Observation, SourceFile
from classify.models import Classification, Consensus, Subject, SubjectSet, Workflow
from classify.publish import cutouts_publish, workflow_ensure

_numbers = itertools.count(1)
START = datetime(2024, 3, 1, 12, tzinfo=UTC)


def user(role: Role = Role.VOLUNTEER, **fields: Any) -> User:
    """A person with an account; the password is “pass-word-9”."""
    name = fields.pop("username", f"{role.value}{next(_numbers)}")
    return User.objects.create_user(name, f"{name}@example.org", "pass-word-9", role=role, **fields)


def volunteer(**fields: Any) -> Volunteer:
    """An anonymous volunteer."""
    return Volunteer.objects.create(**fields)


def exposure(**fields: Any) -> Exposure:
    """A row of an exposure, without pixels."""
    number = next(_numbers)
    observation = fields.pop("observation", None) or Observation.objects.create(
        name=f"jtest{number:04d}q", instrument="ACS", detector="WFC", target="NGC 1", simulated=True
    )
    source = SourceFile.objects.create(sha256=f"{number:064x}", name=f"{number}.fits", size_bytes=1, state="accepted")
    values: dict[str, Any] = {
        "observation": observation, "source_file": source, "extension": 1, "kind": "flc", "filter_name": "F814W",
        "start": START, "end": START + timedelta(seconds=500), "start_mjd_utc": 60370.5, "end_mjd_utc": 60370.5058,
        "exposure_s": 500.0, "width": 1024, "height": 1024, "pixel_scale_arcsec": 0.05, "ra_deg": 150.0,
        "dec_deg": 2.0, "footprint": [], "wcs": b"", "sky_level": 100.0, "sky_sigma": 5.0, "cut_recipe": "t512o64v1",
    }  # fmt: skip
    return Exposure.objects.create(**values | fields)


def jpeg(size: int = 64) -> ContentFile:
    """A small grey picture."""
    buffer = io.BytesIO()
    Image.new("L", (size, size), 40).save(buffer, "JPEG")
    return ContentFile(buffer.getvalue(), name="cutout.jpg")


def cutout(*, of: Exposure | None = None, with_file: bool = False, **fields: Any) -> Cutout:
    """A row of a tile; ``with_file`` gives it a picture, too."""
    values: dict[str, Any] = {
        "exposure": of or exposure(), "x0": 0, "y0": 0, "width": 512, "height": 512, "recipe": "t512o64v1",
        "ra_deg": 150.0, "dec_deg": 2.0, "footprint": [], "low": 90.0, "high": 200.0, "jpeg": "cutouts/none.jpg",
    }  # fmt: skip
    made = Cutout(**values | fields)
    if with_file:
        made.jpeg.save(f"{made.public_id}.jpg", jpeg(), save=False)
    made.save()
    return made


def workflow(**fields: Any) -> Workflow:
    """The workflow of the original question, with its subject set."""
    made, _ = workflow_ensure()
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


def subjects(n: int, of: Workflow, **fields: Any) -> list[Subject]:
    """``n`` published subjects, each on a tile of its own."""
    made = [cutout(**fields) for _ in range(n)]
    subject_set = SubjectSet.objects.get(workflows=of)
    cutouts_publish(made, workflow=of, subject_set=subject_set)
    return list(Subject.objects.filter(cutout__in=made).order_by("pk"))


def vote(subject: Subject, answer: str, of: Workflow, by: Volunteer | None = None, **fields: Any) -> Classification:
    """One counted classification, straight into its table."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "key": uuid4(), "workflow": of, "workflow_version": of.version, "subject": subject,
        "volunteer": by or volunteer(), "answer": answer,
        "annotations": [{"task": "T0", "task_label": of.question, "value": answer.capitalize()}],
        "started_at": now - timedelta(seconds=3), "finished_at": now,
    }  # fmt: skip
    return Classification.objects.create(**values | fields)


def consensus(subject: Subject) -> Consensus:
    """The subject's consensus, fresh from the database."""
    return Consensus.objects.get(subject=subject)
