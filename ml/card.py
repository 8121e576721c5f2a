"""A model's card as people read it. The JSON beside the model is the source; this only renders it.

Cards come with models from anywhere: what is missing or of another shape is left out, never an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Rows = list[tuple[str, str]]
RULE = (
    "A trail is found when 60 % of a detection's points lie within 6 px of it and they cover 30 % of what the tile "
    "shows of it; what lies on no asteroid, satellites included, is a false detection."
)
BAR_COLUMNS = ["what was asked for", "background", "bar", "reached", "met"]
GROUPS = {"all": "all trails", "snr3": "SNR 3+, {length:g} px+", "snr5": "SNR 5+, {length:g} px+"}


@dataclass(frozen=True, slots=True)
class CardTable:
    """A table: its title, the heads of its columns, its rows as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure that was asked for, on simulated or real backgrounds, and whether it is reached."""

    what: str
    background: str
    needed: str
    figure: str
    met: bool


@dataclass(frozen=True, slots=True)
class CardPage:
    """A card, written out. ``figures`` and ``tables`` are of simulated backgrounds, ``real_…`` of real frames."""

    about: Rows = field(default_factory=list)
    headline: str = ""
    tiles: str = ""
    figures: Rows = field(default_factory=list)
    tables: list[CardTable] = field(default_factory=list)
    real_tiles: str = ""
    real_figures: Rows = field(default_factory=list)
    real_tables: list[CardTable] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)


def card_page(card: dict[str, Any]) -> CardPage:
    """What a page shows of a card."""
    limits = card.get("limits")
    about = [(name, text) for name, text in _about(card) if text]
    kept = [str(limit) for limit in limits] if isinstance(limits, list) else []
    found = _part(card, "figures")
    if not found:
        return CardPage(about=about, limits=kept)
    real = _part(found, "real")
    return CardPage(
        about=about,
        headline=_with_interval(_at(found, "auc", "asteroid_clear")),
        tiles=_tiles(found),
        figures=_figures(found),
        tables=_tables(found),
        real_tiles=_real_tiles(real),
        real_figures=_figures(real),
        real_tables=_tables(real),
        bars=_bars(found),
        limits=kept,
    )


def _about(card: dict[str, Any]) -> Rows:
    training, data = _part(card, "training"), _part(card, "data")
    rows = [("Made on", card.get("made_on")), ("Command", card.get("command")), ("Data", data.get("what"))]
    if all(_is_number(training.get(name)) for name in ("tiles", "steps", "cpu_s", "wall_s")):
        echo = training.get("echo", 1)
        often = f" (each about {echo} times)" if _is_number(echo) and echo > 1 else ""
        on = "a GPU" if training.get("device") == "cuda" else "one core"
        tiles = f"{training['tiles']:,.0f} tiles{often}"
        text = f"{tiles} in {training['steps']:,.0f} steps, {training['cpu_s']:,.0f} s of {on}"
        rows.append(("Training", f"{text} ({training['wall_s']:,.0f} s on the clock), seed {training.get('seed')}"))
    rows.append(("Architecture", card.get("architecture")))
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


def _at(found: Any, *path: str) -> Any:
    """What is at the end of a path of keys, or None."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _tiles(found: dict[str, Any]) -> str:
    counts = [_at(found, "tiles", name) for name in ("all", "asteroid", "clear")]
    if not all(_is_number(count) for count in counts):
        return ""
    threshold = _at(found, "at_threshold", "threshold")
    text = (
        f"{counts[0]:,} held-out simulated tiles: {counts[1]:,} with an asteroid trail, {counts[2]:,} of them clear "
        f"(SNR {_clear(found, 'snr', 3.0):g} or more per ridge pixel, {_clear(found, 'length_px', 40.0):g} px or more "
        "inside the tile). Brackets are 95 % intervals."
    )
    if _is_number(threshold):
        text += (
            f" The threshold, {threshold}, was chosen on other tiles, so that one in a hundred without an asteroid "
            "passes."
        )
    return f"{text} {RULE}" if _part(found, "completeness") else text


def _real_tiles(found: dict[str, Any]) -> str:
    counts = [_at(found, "tiles", name) for name in ("all", "asteroid", "clear")]
    if not all(_is_number(count) for count in counts):
        return ""
    return (
        f"{counts[0]:,} parts of real frames, into {counts[1]:,} of which asteroid trails were put, {counts[2]:,} of "
        "them clear. The intervals take tiles as independent; they come from few frames, so the truth is wider."
    )


def _clear(found: dict[str, Any], name: str, otherwise: float) -> float:
    value = _at(found, "clear", name)
    return float(value) if _is_number(value) else otherwise


def _figures(found: dict[str, Any]) -> Rows:
    aucs = [
        ("AUC, asteroid, clear trails", "asteroid_clear"),
        ("AUC, asteroid, SNR 2 or more", "asteroid_snr2"),
        ("AUC, asteroid, SNR 2 or more, 30 px or more", "asteroid_snr2_30px"),
        ("AUC, asteroid, all trails", "asteroid"),
        ("AUC, satellite", "satellite"),
        ("AUC, arc", "arc"),
    ]
    rows = [(words, _with_interval(_at(found, "auc", name))) for words, name in aucs]
    rows += [
        (f"Average precision, {name}", _plain(_at(found, "average_precision", name), 3))
        for name in ("asteroid", "satellite", "arc")
    ]
    at = _part(found, "at_threshold")
    rows += [
        ("Recall of clear trails at the threshold", _with_interval(at.get("recall_clear"))),
        ("Recall of all trails at the threshold", _with_interval(at.get("recall"))),
        ("Tiles without an asteroid that pass", _with_interval(at.get("false_share"))),
    ]
    for share, value in _part(at, "purity_clear").items():
        rows.append((f"Purity where {_percent(share)} of tiles have a clear trail", _plain(value, 2)))
    rows.append(("Probabilities are wrong by, on average", _plain(_at(found, "reliability", "error"), 3)))
    return [(words, text) for words, text in rows if text]


def _percent(share: str) -> str:
    try:
        return f"{float(share):.0%}"
    except ValueError:
        return str(share)[:20]


def _tables(found: dict[str, Any]) -> list[CardTable]:
    length = _clear(found, "length_px", 40.0)
    tables = [
        _completeness(found, length),
        _by_rate(found, "snr", f"Completeness by SNR per ridge pixel, trails of {length:g} px or more", "SNR"),
        _by_rate(found, "length_px", "Completeness by length, SNR of 3 or more", "Length inside, px"),
        _recall(found, "snr", f"Recall by SNR per ridge pixel, trails of {length:g} px or more", "SNR"),
        _recall(found, "length_px", "Recall by length, SNR of 3 or more", "Length inside, px"),
    ]
    return [table for table in tables if table.rows]


def _completeness(found: dict[str, Any], length: float) -> CardTable:
    columns = ["False per tile", *(words.format(length=length) for words in GROUPS.values())]
    rates = _part(found, "completeness")
    rows = [[str(rate), *(_with_interval(_at(rates, rate, group)) for group in GROUPS)] for rate in rates]
    return CardTable("Completeness at a number of false detections per tile", columns, rows)


def _by_rate(found: dict[str, Any], key: str, title: str, what: str) -> CardTable:
    """Rows of a range, one column per rate of false detections, and the number of trails."""
    rates = {rate: _ranges(rows) for rate, rows in _part(found, f"completeness_by_{key}").items()}
    ranges = next(iter(rates.values()), {})
    rows = [
        [name, *(_with_interval(by_range.get(name)) for by_range in rates.values()), f"{one['of']:.0f}"]
        for name, one in ranges.items()
    ]
    return CardTable(title, [what, *(f"at {rate} false per tile" for rate in rates), "trails"], rows)


def _recall(found: dict[str, Any], key: str, title: str, what: str) -> CardTable:
    """Cards of before detections were counted: recall by tile at the threshold."""
    rows = [
        [name, _with_interval(one), f"{one['of']:.0f}"] for name, one in _ranges(found.get(f"recall_by_{key}")).items()
    ]
    return CardTable(title, [what, "recall", "tiles"], rows)


def _ranges(rows: Any) -> dict[str, dict[str, Any]]:
    """Rows by the words for their range; those without one are left out."""
    sound = (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return {
        f"{row['from']:g}–{row['to']:g}": row
        for row in sound
        if all(_is_number(row.get(n)) for n in ("from", "to", "of"))
    }


def _bars(found: dict[str, Any]) -> list[Bar]:
    rows = found.get("bars")
    sound = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    bars = [
        Bar(str(row.get("what"))[:200], str(row.get("background"))[:40], _plain(row.get("needed"), 2),
            _with_interval(row), row.get("met") is True)
        for row in sound
    ]  # fmt: skip
    return [bar for bar in bars if bar.needed and bar.figure]


def _plain(value: Any, digits: int) -> str:
    return f"{value:.{digits}f}" if _is_number(value) else ""


def _with_interval(figure: Any) -> str:
    """A figure as text; nothing where there is none, or it is a share of nothing."""
    value, low, high = (_at(figure, name) for name in ("value", "low", "high"))
    if not all(_is_number(number) for number in (value, low, high)) or figure.get("of") == 0:
        return ""
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def bar_rows(bars: Iterable[Bar]) -> list[list[str]]:
    """Bars as rows of text, under :data:`BAR_COLUMNS`."""
    return [[bar.what, bar.background, f"≥ {bar.needed}", bar.figure, "yes" if bar.met else "no"] for bar in bars]


def card_markdown(card: dict[str, Any]) -> str:
    """The card as a markdown document."""
    page = card_page(card)
    lines = [f"# {card['name']} {card['version']}", "", *(f"- {name}: {text}" for name, text in page.about), ""]
    lines += ["## Figures", "", page.tiles, ""]
    if page.bars:
        lines += [*_markdown(BAR_COLUMNS, bar_rows(page.bars)), ""]
    lines += _section(page.figures, page.tables)
    if page.real_figures:
        lines += ["## Figures on real backgrounds", "", page.real_tiles, ""]
        lines += _section(page.real_figures, page.real_tables)
    lines += ["## Limits", "", *(f"- {limit}" for limit in page.limits), ""]
    return "\n".join(lines)


def _section(figures: Rows, tables: list[CardTable]) -> list[str]:
    lines = [*_markdown(["figure", "value"], [list(row) for row in figures]), ""]
    for table in tables:
        lines += [f"{table.title}:", "", *_markdown(table.columns, table.rows), ""]
    return lines


def _markdown(columns: list[str], rows: list[list[str]]) -> list[str]:
    head = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return [*head, *(f"| {' | '.join(cell or '–' for cell in row)} |" for row in rows)]
