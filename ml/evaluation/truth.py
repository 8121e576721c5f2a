"""What is in a tile, as far as judging goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.simulate import VISIBLE_CELLS, Tile, Trail

Array = NDArray[np.float64]
COUNTED_SNR = 1.0
COUNTED_LENGTH_PX = 10.0
CLEAR_SNR = 3.0
CLEAR_LENGTH_PX = 30.0


@dataclass(frozen=True, slots=True)
class Truth:
    """One tile: (SNR, length inside in px) of each trail that counts, and what else is there.

    ``spared``: there is a trail too faint or too short to be asked for (below 1 sigma per ridge pixel, or 10 px
    inside the tile). Whoever finds it is not wrong, whoever does not has missed nothing.
    """

    trails: tuple[tuple[float, float], ...]
    spared: bool
    satellite: bool
    arc: bool


def counts(trail: Trail, size: int) -> bool:
    """Whether a trail is asked for in a tile of ``size`` pixels."""
    return trail.snr >= COUNTED_SNR and trail.length_inside_px(size) >= COUNTED_LENGTH_PX


def truth_of(tile: Tile) -> Truth:
    """What is in a simulated tile. Satellites and arcs count from three cells of the label map on."""
    size = tile.pixels.shape[0]
    counted = [trail for trail in tile.asteroids if counts(trail, size)]
    satellite, arc = ((tile.labels[kind] == 1).sum() >= VISIBLE_CELLS for kind in (1, 2))
    return Truth(
        tuple((trail.snr, trail.length_inside_px(size)) for trail in counted),
        len(counted) < len(tile.asteroids),
        bool(satellite),
        bool(arc),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """What is in n tiles: SNR and length inside of the clearest trail that counts (0 without), and the rest."""

    snr: Array
    length_px: Array
    spared: NDArray[np.bool_]
    satellite: NDArray[np.bool_]
    arc: NDArray[np.bool_]

    @classmethod
    def of(cls, truths: Sequence[Truth]) -> Truths:
        """Of two trails the one with more signal (SNR times root length) counts."""
        best = [max(truth.trails, key=lambda trail: trail[0] * trail[1] ** 0.5, default=(0, 0)) for truth in truths]
        snr, length = np.array(best, dtype=np.float64).reshape(-1, 2).T
        rest = [np.array([getattr(truth, name) for truth in truths], bool) for name in ("spared", "satellite", "arc")]
        return cls(snr, length, *rest)

    @property
    def asteroid(self) -> NDArray[np.bool_]:
        return np.asarray(self.snr > 0)

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Tiles without any asteroid, not even one nobody could see."""
        return np.asarray(~self.asteroid & ~self.spared)

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Trails that a person sees at once: SNR 3 per ridge pixel, 30 px inside the tile."""
        return self.at_least(CLEAR_SNR, CLEAR_LENGTH_PX)

    def at_least(self, snr: float, length_px: float = 0.0) -> NDArray[np.bool_]:
        """Tiles whose clearest trail has this SNR and length."""
        return np.asarray(self.asteroid & (self.snr >= snr) & (self.length_px >= length_px))


def truths_of(tiles: Sequence[Tile]) -> Truths:
    """Read the truth of simulated tiles."""
    return Truths.of([truth_of(tile) for tile in tiles])
