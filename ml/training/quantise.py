"""Eight-bit networks: smaller, and faster where the processor has the instructions; kept only where they hold.

Ranges are chosen on tiles with trails: on empty ones nothing shows how far a trail's response goes.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (onnx's tools are not installed where types are checked.)
from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)

from ml.contract import INPUT_NAME
from ml.preprocess import network_input
from ml.runtime import Network
from ml.simulate import Mix, simulate_tile
from ml.training.export import strip
from ml.training.precision import Array, precision_by_class
from ml.training.timing import milliseconds

RANGE_SEEDS = 5_000_000
RANGE_TILES = 48
RANGE_PERCENTILE = 99.999
MAX_LOSS = 0.005
"""Of average precision, for any class; more is too much for speed."""


def where_it_holds(
    content: bytes, inputs: NDArray[np.float32], known: Array, present: Array
) -> tuple[bytes, dict[str, Any]]:
    """The network in eight bits where it is faster here and as good, else as it came; and what was measured.

    ``inputs`` (n, 1, 512, 512) are tiles with known truth, ``known`` and ``present`` (n, 3) by class. The card takes
    the second part: average precision by class, milliseconds of CPU per cutout and bytes, of both; which was kept.
    """
    small = quantised(content, tiles_with_trails())
    precision = [precisions(each, inputs, known, present) for each in (content, small)]
    pace = milliseconds([content, small])
    lost = max(precision[0][name] - precision[1][name] for name in precision[0]) if precision[0] else 0.0
    kept = lost <= MAX_LOSS and pace[1] < pace[0]
    return small if kept else content, {
        "kept": kept,
        "largest_loss_allowed": MAX_LOSS,
        "tiles": len(inputs),
        **{
            name: {"average_precision": precision[i], "ms": round(pace[i], 2), "bytes": len(each)}
            for i, (name, each) in enumerate({"fp32": content, "int8": small}.items())
        },
    }


def in_words(measured: dict[str, Any]) -> str:
    """What :func:`where_it_holds` measured, as a card's sentence."""
    sides = [
        f"{measured[name]['ms']:g} ms, average precision "
        + ", ".join(f"{value:.3f} ({kind})" for kind, value in measured[name]["average_precision"].items())
        for name in ("int8", "fp32")
    ]
    done = "The convolutions are in eight bits" if measured["kept"] else "Eight bits were tried and left"
    return f"{done}; on {measured['tiles']} tiles, on the machine of the training: {sides[0]}; in 32 bits {sides[1]}."


def tiles_with_trails(count: int = RANGE_TILES) -> list[NDArray[np.float32]]:
    """Inputs [1, 1, 512, 512] of tiles with asteroids, every third with a satellite too; no other seeds meet these."""
    mixes: list[Mix] = ["both" if i % 3 == 0 else "asteroid" for i in range(count)]
    return [network_input(simulate_tile(RANGE_SEEDS + i, mix).pixels).array[None] for i, mix in enumerate(mixes)]


class _Tiles(CalibrationDataReader):
    def __init__(self, tiles: Iterable[NDArray[np.float32]]) -> None:
        self._tiles = iter(tiles)

    def get_next(self) -> dict[str, Any] | None:
        tile = next(self._tiles, None)
        return None if tile is None else {INPUT_NAME: tile}


def quantised(content: bytes, tiles: Iterable[NDArray[np.float32]]) -> bytes:
    """The same network with its convolutions in eight bits, ranges as these tiles (1, 1, 512, 512) need them.

    The first convolution sees single pixels and the last makes the scores: both stay in 32 bits. Weights take seven
    bits of the eight, without which processors that have no VNNI would overflow, silently.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        given, plain, small = (Path(folder) / f"{name}.onnx" for name in ("given", "plain", "small"))
        given.write_bytes(content)
        quant_pre_process(str(given), str(plain), skip_symbolic_shape=True)
        convolutions = [node.name for node in onnx.load(plain).graph.node if node.op_type == "Conv"]
        quantize_static(
            str(plain),
            str(small),
            _Tiles(tiles),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[convolutions[0], convolutions[-1]],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": RANGE_PERCENTILE},
        )
        model = onnx.load(small)
    strip(model)
    used = {node.domain for node in model.graph.node}
    imports = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]  # the tool lists domains of operators that the network has not
    model.opset_import.extend(imports)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def precisions(content: bytes, inputs: NDArray[np.float32], known: Array, present: Array) -> dict[str, float]:
    """Average precision by class of a network's file on tiles (n, 1, 512, 512), four digits."""
    network = Network(content)
    scores = np.concatenate([network.run(inputs[i : i + 8])[1] for i in range(0, len(inputs), 8)])
    found = precision_by_class(scores[:, :-1], known, present)  # the last column is "nothing"
    return {name: round(value, 4) for name, value in found.items()}
