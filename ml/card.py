"""A model's card as people read it. The JSON beside the model is the source; this only renders it."""

from __future__ import annotations

from typing import Any


def card_markdown(card: dict[str, Any]) -> str:
    """The card as markdown: what it is, how it was made, figures with intervals, limits."""
    training, data, found = card["training"], card["data"], card["figures"]
    at = found["at_threshold"]
    lines = [
        f"# {card['name']} {card['version']}",
        "",
        f"A heat-map network of {card['weights']:,} weights that looks for asteroid and satellite trails in tiles of "
        f"{card['input_size_px']} pixels. Made on {card['made_on']} by",
        "",
        f"    {card['command']}",
        "",
        f"- File: {card['size_bytes'] / 1024:,.0f} KiB, SHA-256 `{card['sha256']}`, licence {card['licence']}",
        f"- Training: {training['cpu_s']:,.0f} s of one core, {training['tiles']:,} tiles in {training['steps']:,} steps, "
        f"seed {training['seed']}, PyTorch {training['torch']}",
        f"- ONNX (opset {card['opset']}) against PyTorch: largest difference {card['parity_max_abs_difference']:.1e}",
        f"- Data: {data['what']}",
        f"- SNR per ridge pixel {_range(data['snr_per_ridge_pixel'])}, length {_range(data['length_px'])} px",
        "",
        f"## Figures on {found['tiles']['all']:,} held-out simulated tiles",
        "",
        f"{found['tiles']['asteroid']:,} of them have an asteroid trail; {found['tiles']['clear']:,} a clear one "
        "(SNR 3 or more, 40 px or more inside the tile). Brackets are 95 % intervals.",
        "",
        "| figure | value |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in figure_rows(card)),
        "",
        *_table("Recall by SNR (length 40 px or more)", "SNR", found["recall_by_snr"]),
        *_table("Recall by length (SNR 3 or more)", "length, px", found["recall_by_length_px"]),
        f"Recall is at the threshold {at['threshold']}, chosen on other tiles so that one tile in a hundred without an "
        "asteroid passes.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
    ]
    return "\n".join(lines)


def figure_rows(card: dict[str, Any]) -> list[tuple[str, str]]:
    """The main figures, named and written out; empty for a card without figures."""
    found = card.get("figures")
    if not found:
        return []
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


def _with_interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _range(pair: list[float]) -> str:
    return f"{pair[0]:g}–{pair[1]:g}"


def _table(title: str, what: str, rows: list[dict[str, float]]) -> list[str]:
    return [
        f"{title}:",
        "",
        f"| {what} | recall | tiles |",
        "| --- | --- | --- |",
        *(f"| {row['from']:g}–{row['to']:g} | {_with_interval(row)} | {row['of']:.0f} |" for row in rows),
        "",
    ]
