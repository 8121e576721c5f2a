"""What a viewer needs of a subject, in one column of another statement: the ORM takes longer to write such a read than
PostgreSQL to run it, and each statement of its own costs a journey there and back.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from archive.models import Cutout, Exposure, Observation
from classify.models import Subject

# Each model's columns in the order of its fields, as `from_db` takes them.
PARTS: dict[type[Model], tuple[str, ...]] = {
    Subject: ("id", "cutout_id", "metadata"),
    Cutout: ("id", "public_id", "exposure_id", "width", "height", "low", "high"),
    Exposure: ("id", "observation_id", "sky_level", "sky_sigma"),
    Observation: ("id", "simulated"),
}
SHOWN = f"""
(SELECT jsonb_build_array({", ".join(f"{m._meta.model_name}.{name}" for m, names in PARTS.items() for name in names)})
   FROM classify_subject AS subject
   LEFT JOIN archive_cutout AS cutout ON cutout.id = subject.cutout_id
   LEFT JOIN archive_exposure AS exposure ON exposure.id = cutout.exposure_id
   LEFT JOIN archive_observation AS observation ON observation.id = exposure.observation_id
  WHERE subject.id = {{subject_id}})
"""


def subject_of(column: str) -> Subject:
    """The subject of a column `SHOWN`, with its cutout, exposure and observation as far as a viewer needs them."""
    values, parts, start = json.loads(column), {}, 0
    for model, names in PARTS.items():
        part = values[start : start + len(names)]
        parts[model] = model.from_db(connection.alias, names, part) if part[0] is not None else None
        start += len(names)
    subject: Any = parts[Subject]
    cutout: Any = parts[Cutout]
    subject.cutout = cutout
    if cutout is not None:
        cutout.public_id = UUID(cutout.public_id)
        cutout.exposure = parts[Exposure]
        cutout.exposure.observation = parts[Observation]
    return subject
