"""The heat-map network: a small convolutional encoder and decoder, and a head that judges the whole tile."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.contract import HEATMAP_CLASSES

TOP_CELLS = (4, 16, 64)
POOL_CELLS = (3, 9)


def _conv(inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """Two 3 x 3 convolutions around which the input is carried."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _conv(channels, channels, 3, dilation=dilation)
        self.second = _conv(channels, channels, 3, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class TrailNet(nn.Module):
    """[N, 1, s, s] input -> logits: heat map [N, 2, s/4, s/4] and tile [N, 2] (asteroid, satellite).

    The tile is judged from the heat map (means of its highest cells, highest means of small and larger
    neighbourhoods) and from the strongest responses of the deepest layer, not from averages: a trail
    covers a thousandth of a tile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quarter = nn.Sequential(
            _conv(1, 16, 5, stride=2), nn.ReLU(), _conv(16, 32, 3, stride=2), nn.ReLU(), Block(32)
        )
        self.eighth = nn.Sequential(_conv(32, 40, 3, stride=2), nn.ReLU(), Block(40), Block(40))
        self.sixteenth = nn.Sequential(_conv(40, 56, 3, stride=2), nn.ReLU(), Block(56), Block(56, dilation=2))
        self.up_eighth = nn.Conv2d(56, 40, 1)
        self.to_quarter = nn.Sequential(_conv(40, 32, 3), nn.ReLU())
        self.mix = nn.Sequential(_conv(32, 32, 3), nn.ReLU())
        classes = len(HEATMAP_CLASSES)
        self.heat = nn.Conv2d(32, classes, 1)
        nn.init.constant_(self.heat.bias, -4.0)
        features = classes * (len(TOP_CELLS) + len(POOL_CELLS)) + 56
        self.tile = nn.Sequential(nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, classes))
        self.register_buffer("scale", torch.ones(classes))
        self.register_buffer("shift", torch.zeros(classes))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        quarter = self.quarter(x)
        eighth = self.eighth(quarter)
        deep = self.sixteenth(eighth)
        eighth = eighth + _twice(self.up_eighth(deep))
        heat = self.heat(self.mix(quarter + _twice(self.to_quarter(eighth))))
        tile = self.tile(torch.cat([_peaks(heat), deep.amax(dim=(2, 3))], dim=1))
        return heat, tile * self.scale + self.shift


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _peaks(heat: Tensor) -> Tensor:
    """[N, 10] features of the highest places of the heat map; small enough to keep a linear scale."""
    cells = torch.topk(heat.flatten(2), max(TOP_CELLS), dim=2).values
    top = [cells[:, :, :count].mean(dim=2) for count in TOP_CELLS]
    pooled = [functional.avg_pool2d(heat, size, stride=1, padding=0).amax(dim=(2, 3)) for size in POOL_CELLS]
    return torch.cat(top + pooled, dim=1) / 4


class Exported(nn.Module):
    """What goes into the file: probabilities instead of logits, by the contract of :mod:`ml.contract`."""

    def __init__(self, network: TrailNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        heat, tile = self.network(pixels)
        trails = torch.sigmoid(tile)
        nothing = (1 - trails).prod(dim=1, keepdim=True)
        return torch.sigmoid(heat), torch.cat([trails, nothing], dim=1)
