"""Training subjects: tiles of our own making, taken in like real ones, each with the answer that is right."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from archive.models import Cutout, Exposure, SourceFile
from archive.storing import content_of
from classify.models import NO, UNSURE, YES, Classification, Consensus, KnownAnswer, Subject, SubjectSet, Workflow
from classify.publish import public_metadata
from sky.simulate.lessons import LOOKS, Ask, Look, simulate_lesson, write_lessons
from sky.simulate.output import truth_path

SET_NAME = "Training"
IMAGES_A_FILE = 12
SHORTEST_PX = 12.0
Kind = KnownAnswer.Kind

# Half of the tiles hold a trail; the others are what was taken for one most often in the original search, and nothing.
TRAILS = (
    Ask("asteroid", 1), Ask("asteroid", 2), Ask("asteroid", 1, "two"), Ask("asteroid", 3), Ask("asteroid", 2, "cut"),
    Ask("asteroid", 3),
)  # fmt: skip
OTHERS = (
    Ask("empty", 1), Ask("cosmic_ray", 2), Ask("spike", 1), Ask("artefact", 2, "column"), Ask("galaxy", 2),
    Ask("satellite", 1, "steady"),
    Ask("arc", 3), Ask("cosmic_ray", 2, "one"), Ask("empty", 1), Ask("artefact", 2, "ghost"),
    Ask("spike", 3, "outside"), Ask("unusable", 2),
    Ask("satellite", 2, "flashing"), Ask("empty", 2), Ask("cosmic_ray", 3), Ask("jet", 3), Ask("galaxy", 3),
    Ask("artefact", 3, "breath"),
    Ask("empty", 1), Ask("spike", 2), Ask("cosmic_ray", 2), Ask("artefact", 2, "ghost"), Ask("satellite", 1),
    Ask("empty", 2),
)  # fmt: skip

# Stored in English and looked up in the reader's language when shown, so that a text a scientist changes stays theirs.
EXPLANATIONS = {
    "asteroid": gettext_noop(
        "An asteroid drew this line while Hubble looked. It begins and ends inside the image (or at its border), "
        "it is as soft as the stars, and often it is gently curved because Hubble itself moves."
    ),
    "satellite": gettext_noop(
        "A satellite crossed the image: the line runs straight from border to border. "
        "An asteroid is far too slow for that."
    ),
    "cosmic_ray": gettext_noop(
        "Particles from space hit the camera itself. Their marks are sharper than any star, one pixel wide, "
        "and they break off abruptly."
    ),
    "artefact": gettext_noop(
        "The camera or its mirrors made this: a column that is too bright, light that runs over, or a reflection. "
        "It follows the edges of the image or looks like a pale ring or fan, not like a thin curve of its own."
    ),
    "spike": gettext_noop(
        "These rays belong to a bright star: they point straight at it and stand in a cross. "
        "The star may lie just outside the image."
    ),
    "arc": gettext_noop(
        "A distant galaxy, its image bent by the gravity of another one. It curves around that galaxy. "
        "Rare and precious: tag it #gravitational_lens in Talk."
    ),
    "galaxy": gettext_noop(
        "A galaxy that we see from its edge: brightest in the middle and fading to both ends. "
        "An asteroid's trail is as bright at its ends as in its middle."
    ),
    "jet": gettext_noop(
        "A jet: a knotty straight line that starts at a bright point, the core of a galaxy. It does not move."
    ),
    "empty": gettext_noop("There is no trail in this image, only stars and galaxies. Most images are like this one."),
    "unusable": gettext_noop(
        "Hubble flew through a belt of radiation: so many particles hit the camera that nobody could find a trail "
        "here. “Impossible to tell” is the right answer to such an image."
    ),
}


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a training set: subjects with a known answer that are new, that were there, and left out."""

    new: int
    known: int
    left_out: int

    def __add__(self, other: Made) -> Made:
        return Made(self.new + other.new, self.known + other.known, self.left_out + other.left_out)


def asks(count: int) -> Iterator[tuple[Ask, int]]:
    """What the first ``count`` tiles show, each with its number: a trail, something else, a trail, …"""
    mixed = (pair for pairs in zip(itertools.cycle(TRAILS), itertools.cycle(OTHERS)) for pair in pairs)
    yield from zip(itertools.islice(mixed, count), itertools.count())


def training_files(folder: Path, *, count: int, seed: int) -> Iterator[Path]:
    """Write ``count`` tiles as FITS files of `IMAGES_A_FILE`, with their truth beside; what is there is not made again.

    The same seed gives the same files, byte by byte; a larger count only adds files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tiles = list(asks(-(-count // IMAGES_A_FILE) * IMAGES_A_FILE))
    for number in range(0, len(tiles), IMAGES_A_FILE):
        look = LOOKS[number // IMAGES_A_FILE % len(LOOKS)]
        path = folder / f"{_dataset(look, number // IMAGES_A_FILE)}_flc.fits"
        if not truth_path(path).exists():  # it is written last
            _write(path, look, tiles[number : number + IMAGES_A_FILE], seed)
        yield path


def _dataset(look: Look, number: int) -> str:
    return f"{'j' if look.instrument == 'ACS' else 'i'}trn{number % 1000:03d}sq"


def _write(path: Path, look: Look, tiles: list[tuple[Ask, int]], seed: int) -> None:
    dataset = path.name.removesuffix("_flc.fits")
    at = [int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) for _, number in tiles]
    lessons = [
        simulate_lesson(ask, look, its_seed, size=settings.TILE_SIZE, dataset=dataset)
        for (ask, _), its_seed in zip(tiles, at, strict=True)
    ]
    write_lessons(lessons, path)


def training_answers(paths: list[Path], *, workflow: Workflow) -> Made:
    """Make subjects with known answers of training files that were taken in. Safe to repeat.

    They get no vote of their own (no `Consensus`), so that they never become candidates. A tile that people voted on
    before is left out.
    """
    subject_set, _ = SubjectSet.objects.get_or_create(project=workflow.project, name=SET_NAME)
    made = Made(0, 0, 0)
    for path in paths:
        made += _answers_of(path, workflow, subject_set)
    return made


@transaction.atomic
def _answers_of(path: Path, workflow: Workflow, subject_set: SubjectSet) -> Made:
    source = SourceFile.objects.get(sha256=content_of(path).sha256)
    truth = {image["extension"]: image for image in json.loads(truth_path(path).read_text())["images"]}
    cutouts = [_whole_tile(exposure) for exposure in source.exposures.order_by("extension")]
    tiles = {cutout.pk: truth[cutout.exposure.extension] for cutout in cutouts if cutout is not None}
    found = [cutout for cutout in cutouts if cutout is not None]
    Subject.objects.bulk_create(
        [Subject(project=workflow.project, cutout=one, metadata=public_metadata(one)) for one in found],
        ignore_conflicts=True,
    )
    subjects = list(Subject.objects.filter(cutout__in=found).select_related("cutout").order_by("pk"))
    subject_set.subjects.add(*subjects)
    voted = _unpublish(subjects, workflow)
    subjects = [subject for subject in subjects if subject.pk not in voted]
    before = KnownAnswer.objects.filter(workflow=workflow, subject__in=subjects).count()
    answers = [_answer(workflow, subject, tiles[subject.cutout_id]) for subject in subjects]  # type: ignore[index]
    # What is known already keeps its answer and texts, which scientists may have changed.
    KnownAnswer.objects.bulk_create(
        answers, update_conflicts=True, unique_fields=["workflow", "subject"], update_fields=["truth"]
    )
    return Made(len(subjects) - before, before, len(truth) - len(subjects))


def _whole_tile(exposure: Exposure) -> Cutout | None:
    """The one tile of a training image; None where tiles were cut smaller, and what is in which is not known."""
    tiles = list(exposure.cutouts.filter(recipe=exposure.cut_recipe).select_related("exposure__observation")[:2])
    return (
        tiles[0] if len(tiles) == 1 and (tiles[0].width, tiles[0].height) == (exposure.width, exposure.height) else None
    )


def _unpublish(subjects: list[Subject], workflow: Workflow) -> set[int]:
    """Take subjects out of the vote again that were published meanwhile; those that have votes already stay in it."""
    voted = set(
        Classification.objects.filter(workflow=workflow, subject__in=subjects).values_list("subject", flat=True)
    )
    known = KnownAnswer.objects.filter(workflow=workflow, subject__in=subjects).values_list("subject", flat=True)
    voted -= set(known)
    open_votes = Consensus.objects.filter(workflow=workflow, subject__in=subjects).exclude(subject__in=voted)
    taken, _ = open_votes.delete()
    if taken:
        Workflow.objects.filter(pk=workflow.pk).update(subjects_count=F("subjects_count") - taken)
    return voted


def _answer(workflow: Workflow, subject: Subject, tile: dict[str, Any]) -> KnownAnswer:
    cutout = subject.cutout
    assert cutout is not None
    marks = [_mark(trail, cutout) for trail in tile["trails"]]
    kind = tile["kind"]
    return KnownAnswer(
        workflow=workflow,
        subject=subject,
        answer=UNSURE if kind == "unusable" else YES if kind == "asteroid" else NO,
        kind=Kind.OTHER if kind == "unusable" else kind,
        marks=marks,
        truth=_truth(tile["trails"]),
        explanation=EXPLANATIONS[kind],
        difficulty=tile["difficulty"],
    )


def _truth(trails: list[dict[str, Any]]) -> dict[str, float]:
    """What the brightest trail of a tile is like: to see which are found (`catalogue.completeness`)."""
    if not trails:
        return {}
    brightest = max(trails, key=lambda trail: float(trail["ridge_snr"]))
    names = ("mag", "length_px", "sagitta_px", "ridge_snr")
    return {name: round(abs(float(brightest[name])), 3) for name in names if brightest.get(name) is not None}


def _mark(trail: dict[str, Any], cutout: Cutout) -> list[float]:
    """Both ends of a trail within the tile, in its picture: from its upper left corner, rows downwards."""
    ends = ((trail["x1"], trail["y1"]), (trail["x2"], trail["y2"]))
    placed = [(x - cutout.x0 + 0.5, cutout.height - (y - cutout.y0 + 0.5)) for x, y in ends]
    return [
        round(float(np.clip(value, 0, most)), 1)
        for place in placed
        for value, most in zip(place, (cutout.width, cutout.height), strict=True)
    ]
