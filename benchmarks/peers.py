"""Our model beside other detectors on the same tiles: completeness at a number of false detections per tile, CPU time.

`python -m benchmarks.peers [--tiles N] [--seed S] [--background FILE…]` needs no server. The peers are installed by
`make bench-peers` into a folder of their own; what is not installed is named and left out. Each runs with the
settings its authors give, its threshold low; one rule (`ml.evaluation.matching`) decides for all what was found, and
each one's score is swept. CPU time includes what a detector needs to get from calibrated pixels to its answer.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation import matched, truth_of
from ml.evaluation.froc import RATES, Bootstrap, pooled
from ml.evaluation.truth import CLEAR_LENGTH_PX, CLEAR_SNR
from ml.preprocess import network_input
from ml.runtime import Network
from ml.simulate import Mix, Tile, simulate_tile
from sky.simulate.background import Background, read_background
from sky.stretch import sky_statistics
from sky.trail import find_trails

SEED = 6_000_000
TILES = 60
MIXES: tuple[Mix, ...] = ("asteroid", "asteroid", "both", "nothing", "satellite")
"""Three tiles in five have an asteroid's trail (a clear one), two a satellite's: few tiles must hold enough."""
SHIPPED = Path(__file__).resolve().parent.parent / "ml" / "shipped"
Pixels = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What a peer found: a straight piece, as the matching rule takes it."""

    score: float
    xs: Array
    ys: Array

    @classmethod
    def between(cls, score: float, x1: float, y1: float, x2: float, y2: float) -> Segment:
        return cls(score, np.array([x1, x2], dtype=np.float64), np.array([y1, y2], dtype=np.float64))


Detector = Callable[[Pixels], Sequence[Any]]


def our_model() -> Detector:
    """The model that ships, and the trails read off its heat map."""
    network = Network(max(SHIPPED.glob("*.onnx")).read_bytes(), threads=1)
    return lambda pixels: network.judge([network_input(pixels)])[0].detections


def our_filters() -> Detector:
    """Our line filters without a network (`sky.trail_find`), by signal: ridge SNR times root length."""

    def found(pixels: Pixels) -> list[Segment]:
        return [
            Segment(trail.ridge_snr * trail.length_px**0.5, np.array(trail.curve_x), np.array(trail.curve_y))
            for trail in find_trails(pixels)
        ]

    return found


def _in_sigma(pixels: Pixels) -> Pixels:
    """Noise-normalised, no data at the sky's level."""
    level, sigma = sky_statistics(pixels)
    return np.nan_to_num((pixels - np.float32(level)) / np.float32(sigma), posinf=0.0, neginf=0.0)


def hough() -> Detector:
    """Probabilistic Hough transform on Canny edges, the way of scikit-image's gallery; by length.

    Canny at 2 px with thresholds in units of the noise (bright sources clipped, else their edges set the scale),
    accumulator 10 and gap 3 px as in the gallery, at least 15 px instead of its 5 (all noise).
    """
    from skimage.feature import canny
    from skimage.transform import probabilistic_hough_line

    def found(pixels: Pixels) -> list[Segment]:
        edges = canny(np.clip(_in_sigma(pixels), -5, 10), 2.0, 0.25, 0.6)
        lines = probabilistic_hough_line(edges, threshold=10, line_length=15, line_gap=3, rng=0)
        return [Segment.between(float(np.hypot(x2 - x1, y2 - y1)), x1, y1, x2, y2) for (x1, y1), (x2, y2) in lines]

    return found


def segments() -> Detector:
    """OpenCV's line segment detector (von Gioi et al. 2012, IPOL 2, 35), with its refinement, accepting up to ten
    false alarms a tile, on -3 to 8 sigma in 8 bits; by length over width, which did best of what it gives."""
    import cv2

    cv2.setNumThreads(1)
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_ADV, log_eps=-1.0)

    def found(pixels: Pixels) -> list[Segment]:
        lines, widths, _, _ = detector.detect((60 + 20 * np.clip(_in_sigma(pixels), -3, 8)).astype(np.uint8))
        if lines is None:
            return []
        pairs = zip(lines.reshape(-1, 4).astype(np.float64), widths.ravel(), strict=True)
        return [
            Segment.between(float(np.hypot(*(line[2:] - line[:2])) / max(1.0, width)), *line) for line, width in pairs
        ]

    return found


def findsat_mrt() -> Detector:
    """`acstools.findsat_mrt` (ISR ACS 2022-08) as documented: sky subtracted, binned by 2, angles by half a degree;
    by the SNR it measures, from an SNR of 3 in the transform on. Made for satellites: lines across the tile."""
    from astropy.nddata import block_reduce

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses matplotlib, which only its plots need
        from acstools.findsat_mrt import TrailFinder
    for chatty in ("findsat_mrt", "utils_findsat_mrt"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    settings = {"processes": 1, "threshold": 3, "buffer": 50, "save_catalog": False, "save_diagnostic": False}

    def found(pixels: Pixels) -> list[Segment]:
        image = block_reduce(pixels - np.nanmedian(pixels), 2, func=np.nansum).astype(np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            finder = TrailFinder(image, **settings)
            finder.run_mrt()
            if finder.find_mrt_sources() is None:
                return []
            rows = finder.filter_sources()
        ends = ((row["snr"], 2 * np.asarray(row["endpoints"], dtype=np.float64) + 0.5) for row in rows)
        return [Segment.between(float(snr), *pair.ravel()) for snr, pair in ends if np.isfinite(snr)]

    return found


DETECTORS: dict[str, tuple[tuple[str, ...], Callable[[], Detector]]] = {
    "this project's model": ((), our_model),
    "this project's line filters": ((), our_filters),
    "scikit-image probabilistic Hough": (("skimage",), hough),
    "OpenCV line segment detector": (("cv2",), segments),
    "acstools findsat_mrt": (("acstools", "photutils", "skimage"), findsat_mrt),
}


def installed() -> list[str]:
    """The detectors that can run here; says of the others what they lack."""
    names = []
    for name, (modules, _) in DETECTORS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if absent:
            lack = f"{' and '.join(absent)} not installed"
            print(f"{name} is left out: {lack} (`make bench-peers` installs the peers, apart)", flush=True)
        else:
            names.append(name)
    return names


def tiles_of(seed: int, count: int, backgrounds: Sequence[Background] = ()) -> list[Tile]:
    """The tiles all detectors see; where there are real frames, every second has its trails put into one of them.

    Seeds whose asteroid is not clear are passed over: what is compared is the completeness of clear trails.
    """
    made: list[Tile] = []
    while len(made) < count:
        number, seed = len(made), seed + 1
        mix = MIXES[number // 2 % len(MIXES)]
        tile = simulate_tile(seed - 1, mix, backgrounds=backgrounds if number % 2 else ())
        if mix in ("nothing", "satellite") or any(map(_clear, truth_of(tile).trails)):
            made.append(tile)
    return made


def _clear(trail: tuple[float, float]) -> bool:
    return trail[0] >= CLEAR_SNR and trail[1] >= CLEAR_LENGTH_PX


def side_by_side(tiles: Sequence[Tile], names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of name, CPU s per tile, and per background and rate the completeness of clear trails."""
    rows = []
    for name in names:
        detect = DETECTORS[name][1]()
        detect(tiles[0].pixels)  # loads what is loaded once
        began = time.process_time()
        results = [list(detect(tile.pixels)) for tile in tiles]
        cpu_s = (time.process_time() - began) / len(tiles)
        row: dict[str, Any] = {"name": name, "cpu_s": cpu_s}
        for background in ("simulated", "real"):
            chosen = [n for n, tile in enumerate(tiles) if tile.real == (background == "real")]
            if chosen:
                row[background] = _completeness([tiles[n] for n in chosen], [results[n] for n in chosen])
        rows.append(row)
    return rows


def _completeness(tiles: Sequence[Tile], results: Sequence[Sequence[Any]]) -> dict[str, Any]:
    pool = pooled(
        [
            (truth_of(tile), matched(found, tile.asteroids, tile.pixels.shape[0]))
            for tile, found in zip(tiles, results, strict=True)
        ]
    )
    clear = (pool.snr >= CLEAR_SNR) & (pool.length_px >= CLEAR_LENGTH_PX)
    bootstrap = Bootstrap(pool)
    return {f"{rate:g}": bootstrap.completeness(clear, rate) for rate in RATES}


def run() -> list[dict[str, Any]]:
    """For `python -m benchmarks`: our model against the best of the others installed, on simulated backgrounds."""
    ours, *others = side_by_side(tiles_of(SEED, TILES), installed())
    figures = []
    for rate in ours["simulated"]:
        best = max(others, key=lambda row: float(row["simulated"][rate]["value"]))
        own, other = (float(row["simulated"][rate]["value"]) for row in (ours, best))
        figures.append(
            {"name": f"clear trails found at {rate} false per tile", "value": 100 * own, "unit": "%",
             "ratio": own / max(other, 1e-9), "reference": f"{best['name']}: {100 * other:.3g} %"}
        )  # fmt: skip
    return figures


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--tiles", type=int, default=TILES, help=f"how many tiles ({TILES})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"first seed ({SEED})")
    parser.add_argument("--background", type=Path, nargs="+", default=[], metavar="FILE", help="real frames")
    options = parser.parse_args()
    names = installed()
    frames = [frame for path in options.background for frame in read_background(path)]
    tiles = tiles_of(options.seed, options.tiles, frames)
    print(
        f"Completeness of trails of SNR {CLEAR_SNR:g} or more and {CLEAR_LENGTH_PX:g} px or more, by false ones a tile"
    )
    print(f"{'detector':34} {'background':11}" + "".join(f"{f'at {rate:g}':>20}" for rate in RATES) + "   CPU s/tile")
    for name in names:
        (row,) = side_by_side(tiles, [name])
        for background in ("simulated", "real"):
            if background in row:
                cells = (_words(row[background][f"{rate:g}"]) for rate in RATES)
                line = f"{name:34} {background:11}" + "".join(f"{cell:>20}" for cell in cells)
                print(f"{line}{row['cpu_s']:13.3f}", flush=True)
    return 0


def _words(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


if __name__ == "__main__":
    sys.exit(main())
