"""A model's card as people read it. The JSON beside the model is the source; this only renders it.

Cards come with models from anywhere: what is missing or of another shape is left out, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RecallTable:
    """Recall by something: what it is, and (range, recall with interval, number of tiles)."""

    title: str
    what: str
    rows: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class CardPage:
    """A card, written out."""

    about: Rows = field(default_factory=list)
    headline: str = ""
    tiles: str = ""
    figures: Rows = field(default_factory=list)
    tables: list[RecallTable] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)


def card_page(card: dict[str, Any]) -> CardPage:
    """What a page shows of a card."""
    limits = card.get("limits")
    found = card.get("figures")
    about = [(name, text) for name, text in _about(card) if text]
    kept = [str(limit) for limit in limits] if isinstance(limits, list) else []
    if not isinstance(found, dict):
        return CardPage(about=about, limits=kept)
    try:
        return CardPage(
            about, _with_interval(found["auc"]["asteroid_clear"]), _tiles(found), _figures(found), _tables(found), kept
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return CardPage(about=about, limits=kept)


def _about(card: dict[str, Any]) -> Rows:
    training, data = _part(card, "training"), _part(card, "data")
    rows = [("Made on", card.get("made_on")), ("Command", card.get("command")), ("Data", data.get("what"))]
    if all(isinstance(training.get(name), int | float) for name in ("tiles", "steps", "cpu_s", "wall_s")):
        text = (
            f"{training['tiles']:,.0f} tiles in {training['steps']:,.0f} steps, {training['cpu_s']:,.0f} s of one core"
        )
        rows.append(("Training", f"{text} ({training['wall_s']:,.0f} s on the clock), seed {training.get('seed')}"))
    if isinstance(card.get("weights"), int):
        rows.append(("Weights", f"{card['weights']:,}"))
    rows += [
        ("ONNX against PyTorch, largest difference", card.get("parity_max_abs_difference")),
        ("Licence", card.get("licence")),
        ("SHA-256", card.get("sha256")),
    ]
    return [(name, "" if text is None else str(text)[:600]) for name, text in rows]


def _part(card: dict[str, Any], name: str) -> dict[str, Any]:
    part = card.get(name)
    return part if isinstance(part, dict) else {}


def _tiles(found: dict[str, Any]) -> str:
    tiles = found["tiles"]
    return (
        f"{tiles['all']:,} held-out simulated tiles: {tiles['asteroid']:,} with an asteroid trail, {tiles['clear']:,} "
        "of them clear (SNR 3 or more per ridge pixel, 40 px or more inside the tile). Brackets are 95 % intervals. "
        f"The threshold, {found['at_threshold']['threshold']}, was chosen on other tiles, so that one in a hundred "
        "without an asteroid passes."
    )


def _figures(found: dict[str, Any]) -> Rows:
    auc, precision, at = found["auc"], found["average_precision"], found["at_threshold"]
    return [
        ("AUC, asteroid, clear trails", _with_interval(auc["asteroid_clear"])),
        ("AUC, asteroid, all trails", _with_interval(auc["asteroid"])),
        ("AUC, satellite", _with_interval(auc["satellite"])),
        ("Average precision, asteroid", f"{precision['asteroid']:.3f}"),
        ("Average precision, satellite", f"{precision['satellite']:.3f}"),
        ("Recall of clear trails at the threshold", _with_interval(at["recall_clear"])),
        ("Recall of all trails at the threshold", _with_interval(at["recall"])),
        ("Tiles without an asteroid that pass", _with_interval(at["false_share"])),
        *(
            (f"Purity where {float(share):.0%} of tiles have a clear trail", f"{value:.2f}")
            for share, value in at["purity_clear"].items()
        ),
    ]


def _tables(found: dict[str, Any]) -> list[RecallTable]:
    return [
        RecallTable("Recall by SNR per ridge pixel, trails of 40 px or more", "SNR", _binned(found["recall_by_snr"])),
        RecallTable("Recall by length, SNR of 3 or more", "Length inside, px", _binned(found["recall_by_length_px"])),
    ]


def _binned(rows: list[dict[str, float]]) -> list[tuple[str, str, str]]:
    return [(f"{row['from']:g}–{row['to']:g}", _with_interval(row), f"{row['of']:.0f}") for row in rows]


def _with_interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def card_markdown(card: dict[str, Any]) -> str:
    """The card as a markdown document."""
    page = card_page(card)
    lines = [f"# {card['name']} {card['version']}", "", *(f"- {name}: {text}" for name, text in page.about), ""]
    lines += ["## Figures", "", page.tiles, "", "| figure | value |", "| --- | --- |"]
    lines += [*(f"| {name} | {value} |" for name, value in page.figures), ""]
    for table in page.tables:
        lines += [f"{table.title}:", "", f"| {table.what} | recall | tiles |", "| --- | --- | --- |"]
        lines += [*(f"| {' | '.join(row)} |" for row in table.rows), ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in page.limits), ""]
    return "\n".join(lines)
