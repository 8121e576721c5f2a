"""Pictures of tutorial and field guide, rendered from simulated lessons: the same seeds give the same files."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw

from sky.simulate.lessons import LOOKS, Ask, Lesson, simulate_lesson
from sky.stretch import asinh_8bit, limits

SIZE_PX = 256
STEP_PX = (420, 280)
MOST_BYTES = 15_000
MOST_STEP_BYTES = 20_000
TILE_PX = 512
MARK = (255, 196, 61)


@dataclass(frozen=True, slots=True)
class View:
    """A lesson as it is shown: of a seed, with camera and filter of `LOOKS`, and how much of the tile around it."""

    ask: Ask
    look: int
    seed: int
    crop_px: int = SIZE_PX

    def lesson(self) -> Lesson:
        """Its tile."""
        return _lesson(self.ask, self.look, self.seed)


@lru_cache(maxsize=64)
def _lesson(ask: Ask, look: int, seed: int) -> Lesson:
    return simulate_lesson(ask, LOOKS[look], seed, size=TILE_PX)


GUIDE: dict[str, View] = {
    "trail-1": View(Ask("asteroid", 1), 2, 1002),
    "trail-2": View(Ask("asteroid", 2), 6, 1015),
    "trail-3": View(Ask("asteroid", 3), 3, 1021),
    "trail-4": View(Ask("asteroid", 3), 4, 1022),
    "satellite-1": View(Ask("satellite", 1, "steady"), 0, 1035, 512),
    "satellite-2": View(Ask("satellite", 1, "steady"), 1, 1036, 512),
    "satellite-3": View(Ask("satellite", 1, "flashing"), 6, 1042, 512),
    "cosmic-ray-1": View(Ask("cosmic_ray", 2), 0, 1053),
    "cosmic-ray-2": View(Ask("cosmic_ray", 2), 1, 1054),
    "cosmic-ray-3": View(Ask("cosmic_ray", 2), 2, 1055),
    "spike-1": View(Ask("spike", 1), 7, 1061),
    "spike-2": View(Ask("spike", 1), 4, 1066),
    "spike-3": View(Ask("spike", 1, "outside"), 7, 1070, 512),
    "arc-1": View(Ask("arc", 1), 1, 1001, 160),
    "arc-2": View(Ask("arc", 1), 3, 1003, 160),
    "arc-3": View(Ask("arc", 1), 7, 1007, 160),
    "edge-on-1": View(Ask("galaxy", 1), 1, 1010, 160),
    "edge-on-2": View(Ask("galaxy", 1), 4, 1013, 160),
    "edge-on-3": View(Ask("galaxy", 1), 0, 1017, 160),
    "jet-1": View(Ask("jet", 1), 7, 1070, 160),
    "jet-2": View(Ask("jet", 1), 2, 1073, 160),
    "jet-3": View(Ask("jet", 1), 5, 1076, 160),
    "artefact-1": View(Ask("artefact", 1, "column"), 2, 1020, 320),
    "artefact-2": View(Ask("artefact", 1, "ghost"), 1, 2010),
    "artefact-3": View(Ask("artefact", 1, "breath"), 3, 2030),
    "artefact-4": View(Ask("artefact", 1, "bleeding"), 0, 1053, 512),
    "nothing-1": View(Ask("empty", 1), 2, 1064),
    "nothing-2": View(Ask("empty", 1), 0, 1062),
    "nothing-3": View(Ask("empty", 1), 3, 1065),
}
"""Square pictures of the field guide, by name."""


def guide_picture(name: str) -> Image.Image:
    """One square picture of the field guide."""
    view = GUIDE[name]
    return _cropped(view, (view.crop_px, view.crop_px)).resize((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)


def _cropped(view: View, size: tuple[int, int]) -> Image.Image:
    """The part of the tile around what there is to see, in the stretch that people see."""
    left, top = _corner(view.lesson(), size)
    return _tile(view).crop((left, top, left + size[0], top + size[1]))


def _tile(view: View) -> Image.Image:
    pixels = view.lesson().exposure.pixels
    return Image.fromarray(asinh_8bit(pixels, *limits(pixels)))


def _corner(lesson: Lesson, size: tuple[int, int]) -> tuple[int, int]:
    x, y = lesson.place[0], TILE_PX - 1 - lesson.place[1]
    left, top = (int(min(max(middle - side / 2, 0), TILE_PX - side)) for middle, side in zip((x, y), size, strict=True))
    return left, top


def _one(view: View) -> Image.Image:
    return _cropped(view, STEP_PX)


def _four(*names: str) -> Image.Image:
    """Four pictures of the guide in two rows, with a thin line between."""
    width, height = STEP_PX
    sheet = Image.new("L", STEP_PX, 255)
    wide, high = (width - 4) // 2, (height - 4) // 2
    for number, name in enumerate(names):
        part = _tile_part(GUIDE[name], (wide, high))
        sheet.paste(part, (number % 2 * (wide + 4), number // 2 * (high + 4)))
    return sheet


def _tile_part(view: View, size: tuple[int, int]) -> Image.Image:
    scale = view.crop_px / SIZE_PX
    cut = min(TILE_PX, int(size[0] * scale)), min(TILE_PX, int(size[1] * scale))
    return _cropped(view, cut).resize(size, Image.Resampling.LANCZOS)


def _marked() -> Image.Image:
    """A trail with both its ends marked."""
    view = GUIDE["trail-1"]
    lesson = view.lesson()
    picture = _one(view).convert("RGB")
    left, top = _corner(lesson, STEP_PX)
    pen = ImageDraw.Draw(picture)
    (trail,) = lesson.trails
    ends = [(x - left, TILE_PX - 1 - y - top) for x, y in ((trail.x1, trail.y1), (trail.x2, trail.y2))]
    for x, y in ends:
        pen.ellipse([x - 11, y - 11, x + 11, y + 11], outline=MARK, width=3)
    return picture


STEPS: dict[str, Callable[[], Image.Image]] = {
    "step-sky": lambda: _one(View(Ask("empty", 1), 2, 1064)),
    "step-trail": lambda: _one(GUIDE["trail-1"]),
    "step-lookalikes": lambda: _four("satellite-1", "cosmic-ray-1", "spike-1", "edge-on-1"),
    "step-marks": _marked,
    "step-unusable": lambda: _tile_part(View(Ask("unusable", 1), 0, 3000, 130), STEP_PX),
    "step-together": lambda: _four("trail-2", "trail-3", "trail-4", "nothing-1"),
}
"""Pictures of the tutorial's steps, by name."""


def pictures_write(folder: Path) -> list[Path]:
    """Render all pictures as WebP files (at most `MOST_BYTES`, steps `MOST_STEP_BYTES`); returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in (*GUIDE, *STEPS):
        path = folder / f"{name}.webp"
        data = _webp(guide_picture(name), MOST_BYTES) if name in GUIDE else _webp(STEPS[name](), MOST_STEP_BYTES)
        path.write_bytes(data)
        made.append(path)
    return made


def _webp(picture: Image.Image, most_bytes: int) -> bytes:
    """As good as fits."""
    buffer = io.BytesIO()
    for quality in (88, 80, 72, 64, 56, 48, 40, 30, 20):
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= most_bytes:
            break
    return buffer.getvalue()
