"""Whether two sets of figures are the same, but for rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROUNDING = 1.001e-4
"""One unit in the fourth digit: another processor may round the network's last bits the other way."""


def differences(said: Any, found: Any, where: str = "") -> Iterator[str]:
    """What a card says and what was found now, place by place; nothing where they agree."""
    if isinstance(said, dict) and isinstance(found, dict):
        for key in [*said, *(key for key in found if key not in said)]:
            place = f"{where}.{key}" if where else str(key)
            if key not in said or key not in found:
                yield f"{place}: only {'measured now' if key in found else 'in the card'}"
            else:
                yield from differences(said[key], found[key], place)
    elif isinstance(said, list | tuple) and isinstance(found, list | tuple):
        if len(said) != len(found):
            yield f"{where}: {len(said)} entries in the card, {len(found)} now"
        for number, (one, other) in enumerate(zip(said, found, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif not _same(said, found):
        yield f"{where}: {said} in the card, {found} now"


def _same(said: Any, found: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (said, found))
    return abs(said - found) <= ROUNDING if numbers else bool(said == found)
