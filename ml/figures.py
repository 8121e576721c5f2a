"""The figures of a card as pictures: numbers to shapes, shapes to SVG text or, by Pillow, to PNG. No Django here.

They stand on a white ground of their own, so that they are readable on a light and on a dark page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
INK, MUTED, GRID, PAPER = "#1b2733", "#55616e", "#d9dee4", "#ffffff"
COLOURS = ("#1f66b0", "#c2560c", "#2a7f4f")
PANEL_WIDTH, PANEL_HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 64, 56
PNG_SCALE, SMOOTHING = 2, 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, or, with a fill, the area inside them."""

    points: tuple[Point, ...]
    colour: str = INK
    width: float = 2.0
    dashed: bool = False
    fill: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle, or a ring."""

    at: Point
    colour: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place: their start, middle or end is there."""

    at: Point
    words: str
    anchor: str = "start"
    colour: str = MUTED
    bold: bool = False


Shape = Line | Dot | Text


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes on a ground of a size, with words for who cannot see it."""

    width: int
    height: int
    title: str
    shapes: list[Shape]

    def svg(self) -> str:
        """The picture as a file of its own."""
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        body = "\n".join(_svg(shape) for shape in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="system-ui, sans-serif" '
            f'font-size="13">\n<title>{escape(self.title)}</title>\n'
            f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

    def png(self) -> bytes:
        """The picture at twice its size, smoothed."""
        scale = PNG_SCALE * SMOOTHING
        image = Image.new("RGB", (self.width * scale, self.height * scale), PAPER)
        draw = ImageDraw.Draw(image, "RGBA")
        for shape in self.shapes:
            _draw(draw, shape, scale)
        buffer = io.BytesIO()
        small = image.resize((self.width * PNG_SCALE, self.height * PNG_SCALE), Image.Resampling.BOX)
        small.quantize(96, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()


def _svg(shape: Shape) -> str:
    if isinstance(shape, Text):
        weight = ' font-weight="600"' if shape.bold else ""
        x, y = shape.at
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}" fill="{shape.colour}"'
        return f"<text {place}{weight}>{escape(shape.words)}</text>"
    if isinstance(shape, Dot):
        look = f'fill="{PAPER if shape.hollow else shape.colour}" stroke="{shape.colour}" stroke-width="2"'
        return f'<circle cx="{shape.at[0]:.1f}" cy="{shape.at[1]:.1f}" r="3.5" {look}/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    if shape.fill:
        return f'<polygon points="{points}" fill="{shape.colour}" fill-opacity="0.14"/>'
    dashes = ' stroke-dasharray="6 4"' if shape.dashed else ""
    look = f'fill="none" stroke="{shape.colour}" stroke-width="{shape.width}" stroke-linejoin="round"{dashes}'
    return f'<polyline points="{points}" {look}/>'


def _draw(draw: ImageDraw.ImageDraw, shape: Shape, scale: int) -> None:
    if isinstance(shape, Text):
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
        at = (shape.at[0] * scale, shape.at[1] * scale)
        stroke = 0.3 * scale if shape.bold else 0
        font = ImageFont.load_default(13 * scale)
        draw.text(at, shape.words, shape.colour, font, anchor, stroke_width=stroke, stroke_fill=shape.colour)
    elif isinstance(shape, Dot):
        fill = PAPER if shape.hollow else shape.colour
        centre = (shape.at[0] * scale, shape.at[1] * scale)
        draw.circle(centre, 4.5 * scale, fill, shape.colour, 2 * scale)
    elif shape.fill:
        draw.polygon([(x * scale, y * scale) for x, y in shape.points], f"{shape.colour}24")
    else:
        for part in _dashes(shape.points) if shape.dashed else [shape.points]:
            draw.line([(x * scale, y * scale) for x, y in part], shape.colour, round(shape.width * scale), "curve")


def _dashes(points: Sequence[Point], on: float = 6.0, off: float = 4.0) -> list[tuple[Point, ...]]:
    """The parts of a line that a dashed pen draws."""
    parts: list[tuple[Point, ...]] = []
    gone = 0.0
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        length, at = math.hypot(x2 - x1, y2 - y1), 0.0
        while at < length:
            phase = gone % (on + off)
            step = min((on if phase < on else on + off) - phase, length - at) + 1e-6
            if phase < on:
                shares = at / length, min(1.0, (at + step) / length)
                a, b = ((x1 + (x2 - x1) * share, y1 + (y2 - y1) * share) for share in shares)
                parts.append((a, b))
            at, gone = at + step, gone + step
    return parts


@dataclass(slots=True)
class Panel:
    """One pair of axes, y from 0 to ``y_top``; shapes are given in its values and kept in pixels of the picture."""

    column: int
    row: int
    title: str
    x_name: str
    y_name: str
    ticks: Sequence[tuple[float, str]]
    x_share: Callable[[float], float] = lambda x: x
    y_top: float = 1.0
    shapes: list[Shape] = field(default_factory=list)

    def __post_init__(self) -> None:
        for level in (share * self.y_top / 5 for share in range(6)):
            x, y = self.place(0, level, shared=True)
            self.shapes.append(Line(((x, y), (self.place(1, level, shared=True)[0], y)), GRID, 1.0))
            self.shapes.append(Text((x - 8, y + 4.5), f"{level:g}", "end"))
        floor = self.place(0, 0, shared=True)[1]
        for value, words in self.ticks:
            self.shapes.append(Text((self.place(value, 0)[0], floor + 19), words, "middle"))
        middle = self.place(0.5, 0, shared=True)[0]
        self.shapes.append(Text((middle, floor + 40), self.x_name, "middle"))
        left = self.column * PANEL_WIDTH
        self.shapes.append(Text((left + 16, self.row * PANEL_HEIGHT + 24), self.title, "start", INK, True))
        self.shapes.append(Text((left + 16, self.row * PANEL_HEIGHT + 44), self.y_name))

    def place(self, x: float, y: float, *, shared: bool = False) -> Point:
        """Where a value is in the picture; ``shared``: x is given as a share of the axis."""
        share = x if shared else self.x_share(x)
        across, up = PANEL_WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM
        down = (1 - y / self.y_top) * up
        return self.column * PANEL_WIDTH + LEFT + share * across, self.row * PANEL_HEIGHT + TOP + down

    def line(self, points: Sequence[Point], colour: str, *, dashed: bool = False, width: float = 2.0) -> None:
        self.shapes.append(Line(tuple(self.place(*point) for point in points), colour, width, dashed))

    def band(self, rows: Sequence[tuple[float, float, float]], colour: str) -> None:
        """An interval (x, low, high) along a curve."""
        edge = [self.place(x, high) for x, _, high in rows] + [self.place(x, low) for x, low, _ in rows[::-1]]
        self.shapes.append(Line(tuple(edge), colour, fill=True))

    def mark(self, x: float, figure: dict[str, float], colour: str, *, hollow: bool = False, shift: float = 0) -> None:
        """A figure with its interval, ``shift`` pixels beside its place."""
        (at, y), (_, low), (_, high) = (self.place(x, figure[name]) for name in ("value", "low", "high"))
        self.shapes.append(Line(((at + shift, low), (at + shift, high)), colour, 1.5))
        self.shapes.append(Dot((at + shift, y), colour, hollow))

    def legend(self, *entries: tuple[str, str, bool]) -> None:
        """What is drawn how (words, colour, dashed), on one line above the axes, ending at their right."""
        x, y = self.place(1, 1, shared=True)[0], self.row * PANEL_HEIGHT + 44.0
        for words, colour, dashed in entries[::-1]:
            x -= 7.0 * len(words)
            self.shapes.append(Text((x, y), words, "start", INK))
            self.shapes.append(Line(((x - 24, y - 4.5), (x - 5, y - 4.5)), colour, 2.5, dashed))
            x -= 36


def joined(title: str, panels: Sequence[Panel]) -> Picture:
    """Panels as one picture."""
    columns, rows = 1 + max(panel.column for panel in panels), 1 + max(panel.row for panel in panels)
    return Picture(
        columns * PANEL_WIDTH, rows * PANEL_HEIGHT, title, [shape for panel in panels for shape in panel.shapes]
    )


def _backgrounds(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("simulated", figures), *([("real", figures["real"])] if "real" in figures else [])]


def completeness(figures: dict[str, Any]) -> Picture:
    """Completeness by SNR and by length at each rate of false detections, with intervals."""
    panels = []
    for row, (background, found) in enumerate(_backgrounds(figures)):
        for column, (key, words) in enumerate((("snr", "SNR per ridge pixel"), ("length_px", "length inside, px"))):
            by_rate = found[f"completeness_by_{key}"]
            bins = next(iter(by_rate.values()))
            ticks = [((n + 0.5) / len(bins), f"{one['from']:g}-{one['to']:g}") for n, one in enumerate(bins)]
            which = "30 px or more" if key == "snr" else "SNR 3 or more"
            panel = Panel(column, row, f"Trails of {which}, {background} background", words, "completeness", ticks)
            for number, rows in enumerate(by_rate.values()):
                for n, one in enumerate(rows):
                    if one["of"]:
                        panel.mark((n + 0.5) / len(rows), one, COLOURS[number], shift=11 * (number - 1))
            panel.legend(*((_rate(rate), COLOURS[n], False) for n, rate in enumerate(by_rate)))
            panels.append(panel)
    return joined("Completeness by SNR and by length, with 95 % intervals", panels)


def _rate(rate: str) -> str:
    return f"{rate} false per tile" if rate == "1" else rate


def froc(figures: dict[str, Any]) -> Picture:
    """Completeness against false detections per tile, by brightness, with intervals."""
    ticks = [(0.01, "0.01"), (0.1, "0.1"), (1.0, "1"), (5.0, "5")]
    names = {"snr5": "SNR 5+", "snr3": "SNR 3+", "all": "all trails"}

    def share(rate: float) -> float:
        return math.log(max(rate, 0.01) / 0.01) / math.log(500)

    panels = []
    for column, (background, found) in enumerate(_backgrounds(figures)):
        title = f"Found against false, {background} background"
        panel = Panel(column, 0, title, "false detections per tile", "completeness", ticks, share)
        for number, group in enumerate(names):
            rows = found["froc"][group]
            panel.band([(rate, low, high) for rate, _, low, high in rows], COLOURS[number])
            panel.line([(rate, value) for rate, value, _, _ in rows], COLOURS[number])
        panel.legend(*((words, COLOURS[n], False) for n, words in enumerate(names.values())))
        panels.append(panel)
    return joined("Completeness against false detections per tile, with 95 % intervals", panels)


def precision_recall(figures: dict[str, Any]) -> Picture:
    """Precision against recall of tiles, as they are mixed in the simulations."""
    ticks = [(share / 5, f"{share / 5:g}") for share in range(6)]
    panel = Panel(0, 0, "Tiles with an asteroid, as simulated", "recall", "precision", ticks)
    drawn = [(name, colour, name == "real") for (name, _), colour in zip(_backgrounds(figures), COLOURS, strict=False)]
    for (_, found), (_, colour, dashed) in zip(_backgrounds(figures), drawn, strict=True):
        panel.line(found["precision_recall"], colour, dashed=dashed)
    panel.legend(*drawn)
    return joined("Precision against recall", [panel])


def reliability(figures: dict[str, Any]) -> Picture:
    """How often there is an asteroid where the model says so and so."""
    ticks = [(share / 5, f"{share / 5:g}") for share in range(6)]
    panel = Panel(0, 0, "Is the probability what it says?", "probability", "share with an asteroid", ticks)
    panel.line([(0, 0), (1, 1)], MUTED, dashed=True, width=1.0)
    for number, (background, found) in enumerate(_backgrounds(figures)):
        for one in found["reliability"]["bins"]:
            panel.mark(one["mean"], one, COLOURS[number], hollow=background == "real", shift=5 * number)
    panel.legend(*((name, COLOURS[n], False) for n, (name, _) in enumerate(_backgrounds(figures))))
    return joined("Reliability of the probability of an asteroid, with 95 % intervals", [panel])


PICTURES: dict[str, Callable[[dict[str, Any]], Picture]] = {
    "completeness": completeness, "froc": froc, "precision-recall": precision_recall, "reliability": reliability,
}  # fmt: skip
