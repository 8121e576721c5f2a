"""How a training went and what came out, as pictures beside the model; drawn by :mod:`ml.figures`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml.figures import COLOURS, MUTED, PICTURES, Dot, Panel, Picture, Point, Text, joined

TENTHS = [(share / 5, f"{share / 5:g}") for share in range(6)]


def write_plots(folder: Path, card: dict[str, Any]) -> None:
    """Draw a card's training and figures into a folder, each as SVG and PNG."""
    pictures = {"training": training(card["training"])}
    pictures |= {name: draw(card["figures"]) for name, draw in PICTURES.items()}
    for name, picture in pictures.items():
        write_picture(folder / name, picture)


def write_picture(path: Path, picture: Picture) -> None:
    """``<path>.svg`` and ``<path>.png``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".svg").write_text(picture.svg())
    path.with_suffix(".png").write_bytes(picture.png())


def training(said: dict[str, Any]) -> Picture:
    """The loss, and the checks on tiles set aside, over the share of the time."""
    curve, checks = said["curve"], said["checks"]
    top = _round_up(max((loss for _, loss in curve[len(curve) // 20 :]), default=1.0))
    panels = [Panel(0, 0, "Loss", "share of the training", "loss, running mean", TENTHS, y_top=top)]
    panels[0].line([(share, min(loss, top)) for share, loss in curve], COLOURS[0])
    if checks:
        panels.append(Panel(1, 0, "Tiles set aside", "share of the training", "mean average precision", TENTHS))
        panels[1].line(checks, COLOURS[1])
        panels[1].shapes += [Dot(panels[1].place(*check), COLOURS[1]) for check in checks]
    return joined("The course of the training", panels)


def pareto(points: Sequence[Point], front: Sequence[Point], default: Point | None) -> Picture:
    """Trials as (milliseconds, mean precision), those on the front filled and joined; the default is named."""
    slowest = max((ms for ms, _ in points), default=1.0)
    top = _round_up(1.05 * slowest)
    ticks = [(top * share / 5, f"{top * share / 5:g}") for share in range(6)]
    panel = Panel(
        0, 0, "Architectures tried", "CPU milliseconds per cutout, one thread", "mean average precision", ticks,
        lambda ms: ms / top,
    )  # fmt: skip
    ranked = sorted(front)
    steps = [
        point for (_, low), (ms, high) in zip(ranked, ranked[1:], strict=False) for point in ((ms, low), (ms, high))
    ]
    panel.line([*ranked[:1], *steps], COLOURS[0])
    for point in points:
        on_front = point in ranked
        panel.shapes.append(Dot(panel.place(*point), COLOURS[0] if on_front else MUTED, hollow=not on_front))
    if default:
        x, y = panel.place(*default)
        panel.shapes += [Dot((x, y), COLOURS[1]), Text((x, y + 20), "default", "middle", COLOURS[1], True)]
    panel.legend(("the Pareto front", COLOURS[0], False))
    return joined("Mean average precision against milliseconds per cutout", [panel])


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(value, 1e-6)))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value))
