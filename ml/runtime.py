"""Run an ONNX model: verified before it is loaded, checked before it is believed. No Django here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ml.contract import (
    HEATMAP_CLASSES,
    HEATMAP_NAME,
    HEATMAP_SIZE,
    INPUT_NAME,
    INPUT_SIZE_PX,
    MAX_FILE_BYTES,
    PROBABILITIES_NAME,
)
from ml.detect import Detection, Ends, detections
from ml.onnxfile import NotOnnx, outline
from ml.preprocess import NetworkInput
from ml.refine import refined

Float32 = NDArray[np.float32]
LEAST_CLASSES = 2
"""Models of before there were arcs answer for asteroids and satellites only; they go on working."""
REFINE_FLOOR, MOST_REFINED = 0.2, 2
"""Sharpening an end takes 2 ms: it is done for the best trails only, and not for what is hardly one."""


class ModelRefused(ValueError):
    """A model file that is not used, with the reason in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a network says of one tile.

    ``p_arc`` is None where the model does not know arcs. ``ends`` belong to the best trail of the likelier
    kind (asteroid or satellite). ``detections`` are the asteroids' trails, best first.
    """

    p_asteroid: float
    p_satellite: float
    p_arc: float | None
    p_nothing: float
    ends: Ends | None
    detections: list[Detection] = field(default_factory=list)


def read_model(file: IO[bytes], *, name: str, sha256: str | None = None) -> bytes:
    """The bytes of a model file, no larger than allowed and with the hash that was registered.

    Raises
    ------
    ModelRefused
        The file is too large, or not the one that was registered.
    """
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ModelRefused(f"The model file {name} is larger than {MAX_FILE_BYTES // 1024**2} MB.")
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ModelRefused(
            f"The model file {name} is not the one that was registered: its hash is {found[:12]}…, "
            f"expected {sha256[:12]}…. Nothing was scored with it; put the file back or activate another model."
        )
    return content


def _refuse_hostile(content: bytes) -> None:
    """Refuse what no honest model needs, before anything of it is run."""
    try:
        found = outline(content)
    except NotOnnx as error:
        raise ModelRefused(f"This is not an ONNX model. {error}") from None
    if found.external:
        raise ModelRefused("The model keeps its weights in another file; give one file that holds all.")
    if found.foreign_domains:
        raise ModelRefused(
            f"The model needs operators that are not ONNX's own: {', '.join(found.foreign_domains)[:100]}."
        )


class Network:
    """A loaded model that keeps the contract of :mod:`ml.contract`.

    Raises
    ------
    ModelRefused
        It is no ONNX model, needs files or operators of its own, or has other inputs and outputs.
    """

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        _refuse_hostile(content)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Without this, waiting threads spin and take a core from the web server.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own types share no base but Exception
            raise ModelRefused(f"This is not a model that can be run: {str(error).splitlines()[0][:200]}") from None
        self._check_ports()

    def _check_ports(self) -> None:
        inputs = {port.name: (port.type, port.shape[1:]) for port in self._session.get_inputs()}
        outputs = {port.name for port in self._session.get_outputs()}
        side = INPUT_SIZE_PX
        if inputs != {INPUT_NAME: ("tensor(float)", [1, side, side])}:
            raise ModelRefused(
                f"The model's input must be {INPUT_NAME!r}, float32 [N, 1, {side}, {side}]; it has {inputs}."
            )
        if outputs != {HEATMAP_NAME, PROBABILITIES_NAME}:
            raise ModelRefused(
                f"The model's outputs must be {HEATMAP_NAME!r} and {PROBABILITIES_NAME!r}; "
                f"it has {', '.join(sorted(outputs))[:200]}."
            )

    def run(self, batch: Float32) -> tuple[Float32, Float32]:
        """Heat maps [N, C, 128, 128] and probabilities [N, C + 1] of inputs [N, 1, 512, 512].

        C is the number of classes the model knows: all of the contract, or the first two.

        Raises
        ------
        ModelRefused
            The model fails on them, or answers with another shape or outside 0..1.
        """
        try:
            heat, probabilities = self._session.run([HEATMAP_NAME, PROBABILITIES_NAME], {INPUT_NAME: batch})
        except Exception as error:
            raise ModelRefused(f"The model fails on a tile: {str(error).splitlines()[0][:200]}") from None
        expected = [
            ((len(batch), classes, HEATMAP_SIZE, HEATMAP_SIZE), (len(batch), classes + 1))
            for classes in range(len(HEATMAP_CLASSES), LEAST_CLASSES - 1, -1)
        ]
        if (heat.shape, probabilities.shape) not in expected:
            raise ModelRefused(
                f"The model answers with shapes {heat.shape} and {probabilities.shape}, not {expected[0]}."
            )
        # The comparison is false for NaN too, which numpy's minimum would pass on.
        if not all(values.min() >= 0 and values.max() <= 1 for values in (heat, probabilities)):
            raise ModelRefused("The model's answers are not probabilities between 0 and 1.")
        return heat, probabilities

    def judge(self, tiles: list[NetworkInput]) -> list[Verdict]:
        """One verdict per tile, in order."""
        heat, probabilities = self.run(np.stack([tile.array for tile in tiles]))
        return [verdict(*found) for found in zip(tiles, heat, probabilities, strict=True)]


def verdict(tile: NetworkInput, heat: Float32, probabilities: Float32) -> Verdict:
    """Read one tile's answer: probabilities, the asteroids' trails, the ends of the trail of the likelier kind."""
    p_asteroid, p_satellite, *p_arc, p_nothing = (float(p) for p in probabilities)
    found = trails(tile, heat, "asteroid")
    likelier = trails(tile, heat, "satellite") if p_satellite > p_asteroid else found
    ends = likelier[0].ends if likelier else None
    return Verdict(p_asteroid, p_satellite, p_arc[0] if p_arc else None, p_nothing, ends, found)


def trails(tile: NetworkInput, heat: Float32, kind: str) -> list[Detection]:
    """The trails of one class in a tile, best first; the best ones with their ends sharpened on the pixels."""
    found = detections(heat, width=tile.width, height=tile.height, kind=kind)
    return [
        refined(each, tile) if number < MOST_REFINED and each.score >= REFINE_FLOOR else each
        for number, each in enumerate(found)
    ]


def probe(network: Network) -> None:
    """Run a model once on an empty and a noisy tile; raises ModelRefused where it does not keep the contract."""
    rng = np.random.default_rng(0)
    side = INPUT_SIZE_PX
    noise = rng.standard_normal((2, 1, side, side), dtype=np.float32)
    noise[0] = 0
    network.run(noise)
