"""Weights of an earlier model as the start of a training: read back from its ONNX file, whatever machine made it.

The exporter folds each batch normalisation into the convolution before it. To go on learning, the normalisation is
taken out again: on some tiles the mean and variance of each convolution are measured, and its normalisation is set
so that it undoes them and adds the folded offset. The network then answers as the file does, and learns as a fresh
one would.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from ml.simulate import simulate_tile
from ml.training.network import TrailNet
from ml.training.stream import sample_of

START_SEEDS = 5_000_000
START_TILES = 24
PREFIX = "network."


class StartRefused(ValueError):
    """A file that a training cannot start from, with the reason in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """An earlier model: the name of its file and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.content).hexdigest()


def start_tiles() -> NDArray[np.float32]:
    """Inputs (n, 1, 512, 512) on which the normalisations are measured; no figure is measured on them."""
    return np.stack([sample_of(simulate_tile(START_SEEDS + i))[0] for i in range(START_TILES)])


@torch.no_grad()
def load_start(network: TrailNet, content: bytes, inputs: NDArray[np.float32]) -> None:
    """Give a network, in place, the weights of a file that :mod:`ml.training.export` made.

    The calibration of its probabilities goes into the last layer. ``inputs`` (n, 1, s, s) as :func:`start_tiles`.

    Raises
    ------
    StartRefused
        The file is not of a network like this one.
    """
    stored = stored_weights(network, content)
    for name, parameter in _not_folded(network):
        parameter.copy_(_value(stored, name, parameter))
    last = network.tile[-1]
    scale, shift = _value(stored, "scale", network.scale), _value(stored, "shift", network.shift)
    last.weight.mul_(scale[:, None])
    last.bias.mul_(scale).add_(shift)
    network.scale.fill_(1.0)
    network.shift.zero_()
    _normalise(network, stored, torch.from_numpy(inputs))


def stored_weights(network: TrailNet, content: bytes) -> dict[str, NDArray[np.generic]]:
    """The weights of a file by their names; quick, so that a wrong file is refused before anything is simulated.

    Raises
    ------
    StartRefused
        It cannot be read, or is not of a network like this one.
    """
    try:
        graph = onnx.load_from_string(content).graph
        stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    except Exception as error:  # protobuf's and numpy's own types share no base
        raise StartRefused(f"it cannot be read as an ONNX model: {str(error)[:200]}") from None
    for name, parameter in _not_folded(network):
        _value(stored, name, parameter)
    return stored


def _not_folded(network: TrailNet) -> list[tuple[str, nn.Parameter]]:
    named = network.named_parameters()
    return [(name, value) for name, value in named if not _is_norm(network.get_submodule(name.rpartition(".")[0]))]


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.BatchNorm2d)


def _value(stored: dict[str, NDArray[np.generic]], name: str, like: Tensor) -> Tensor:
    found = stored.get(PREFIX + name)
    if found is None or found.shape != tuple(like.shape) or found.dtype != np.float32:
        raise StartRefused(
            f"its weights {name!r} are not those of the architecture asked for. Give --architecture as its card "
            "says; models in eight bits and of other makers cannot be gone on from."
        )
    return torch.from_numpy(found.copy()).to(like.device)


def _normalise(network: TrailNet, stored: dict[str, NDArray[np.generic]], inputs: Tensor) -> None:
    """Set every batch normalisation, in the order in which the tiles pass them, so that it only adds its offset."""
    handles = []
    for name, module in network.named_modules():
        if not _is_norm(module):
            continue
        offset = stored.get(f"{PREFIX}{name.rpartition('.')[0]}.0.weight_bias")  # of the convolution before it
        if offset is None or offset.shape != tuple(module.bias.shape):
            raise StartRefused("its normalisations are not folded as our exporter folds them.")

        def measure(norm: nn.BatchNorm2d, args: tuple[Tensor, ...], offset: NDArray[np.generic] = offset) -> None:
            variance, mean = torch.var_mean(args[0].double(), dim=(0, 2, 3), correction=0)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((norm.running_var + norm.eps).sqrt())
            norm.bias.copy_(torch.from_numpy(offset.copy()).to(mean.device) + norm.running_mean)

        handles.append(module.register_forward_pre_hook(measure))
    was_training = network.training
    network.eval()(inputs.to(next(network.parameters()).device))
    network.train(was_training)
    for handle in handles:
        handle.remove()
