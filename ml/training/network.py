"""The heat-map network: a small convolutional encoder and decoder, and a head that judges the whole tile."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.contract import HEATMAP_CLASSES

NAME = re.compile(
    r"w(?P<widths>\d{1,3}(-\d{1,3}){3})_b(?P<blocks>\d)_d(?P<dilations>\d(-\d){0,7})_f(?P<first>\d)", re.ASCII
)
TOP_CELLS = (4, 16, 64)
POOL_CELLS = (3, 9)
LINE_CELLS = (5, 9)
"""Lengths of the straight lines along which heat is averaged, in pairs of cells: 40 and 72 px."""
LINE_DIRECTIONS = 8


@dataclass(frozen=True, slots=True)
class Architecture:
    """What `manage.py search_architecture` varies.

    ``widths``: channels at a half, quarter, eighth and sixteenth of the resolution. ``blocks``: residual blocks
    at the eighth. ``dilations``: of the residual blocks at the sixteenth, one each; they carry the view along a
    trail. ``first_px``: side of the first convolution.
    """

    widths: tuple[int, int, int, int] = (16, 32, 48, 80)
    blocks: int = 2
    dilations: tuple[int, ...] = (1, 2, 4)
    first_px: int = 5

    def __str__(self) -> str:
        widths, dilations = "-".join(map(str, self.widths)), "-".join(map(str, self.dilations))
        return f"w{widths}_b{self.blocks}_d{dilations}_f{self.first_px}"

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """The architecture of its name, as ``w16-32-48-80_b2_d1-2-4_f5``.

        Raises
        ------
        ValueError
            It is not such a name, or larger than a small model may be.
        """
        match = NAME.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no architecture; one is written like {cls()}.")
        half, quarter, eighth, deep = (int(width) for width in match["widths"].split("-"))
        dilations = tuple(int(dilation) for dilation in match["dilations"].split("-"))
        found = cls((half, quarter, eighth, deep), int(match["blocks"]), dilations, int(match["first"]))
        widths = min(found.widths) >= 4 and max(found.widths) <= 256
        if not (widths and found.blocks <= 8 and 1 <= min(dilations) <= max(dilations) <= 8 and found.first_px % 2):
            raise ValueError(f"{text!r} is out of bounds: widths 4-256, 0-8 blocks, dilations 1-8, odd first side.")
        return found


def _conv(inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """Two 3 x 3 convolutions around which the input is carried.

    Dilated ones learn in 32 bits: on CPUs the 16-bit slope of their weights comes out as NaN now and then
    (seen with PyTorch 2.13, channels last, dilation 2 and 4).
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.exact = dilation > 1
        self.first = _conv(channels, channels, 3, dilation=dilation)
        self.second = _conv(channels, channels, 3, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.exact:
            with torch.autocast(x.device.type, enabled=False):
                return self._carried(x.float())
        return self._carried(x)

    def _carried(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class TrailNet(nn.Module):
    """[N, 1, s, s] input -> logits: heat map [N, 3, s/4, s/4] and tile [N, 3] (asteroid, satellite, arc).

    ``s`` is a multiple of 16, and 72 px or more.
    The tile is judged from the heat map (means of its highest cells, highest means of small and larger
    neighbourhoods and along straight lines) and from the strongest responses of the deepest layer, not from
    averages: a trail covers a thousandth of a tile.
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = shape = architecture or Architecture()
        half, quarter, eighth, deep = shape.widths
        self.quarter = nn.Sequential(
            _conv(1, half, shape.first_px, stride=2), nn.ReLU(), _conv(half, quarter, 3, stride=2), nn.ReLU(),
            Block(quarter),
        )  # fmt: skip
        self.eighth = nn.Sequential(
            _conv(quarter, eighth, 3, stride=2), nn.ReLU(), *(Block(eighth) for _ in range(shape.blocks))
        )
        self.sixteenth = nn.Sequential(
            _conv(eighth, deep, 3, stride=2), nn.ReLU(), *(Block(deep, dilation=d) for d in shape.dilations)
        )
        self.up_eighth = nn.Conv2d(deep, eighth, 1)
        self.to_quarter = nn.Sequential(_conv(eighth, quarter, 3), nn.ReLU())
        self.mix = nn.Sequential(_conv(quarter, quarter, 3), nn.ReLU())
        classes = len(HEATMAP_CLASSES)
        self.heat = nn.Conv2d(quarter, classes, 1)
        nn.init.constant_(self.heat.bias, -4.0)
        self.register_buffer("lines", _line_kernels(), persistent=False)
        features = classes * (len(TOP_CELLS) + len(POOL_CELLS) + len(LINE_CELLS)) + deep
        self.tile = nn.Sequential(nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, classes))
        self.register_buffer("scale", torch.ones(classes))
        self.register_buffer("shift", torch.zeros(classes))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        quarter = self.quarter(x)
        eighth = self.eighth(quarter)
        deep = self.sixteenth(eighth)
        eighth = eighth + _twice(self.up_eighth(deep))
        heat = self.heat(self.mix(quarter + _twice(self.to_quarter(eighth))))
        tile = self.tile(torch.cat([_peaks(heat), _straight(heat, self.lines), deep.amax(dim=(2, 3))], dim=1))
        return heat, tile * self.scale + self.shift


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _peaks(heat: Tensor) -> Tensor:
    """Features of the highest places of the heat map, five per class; small enough to keep a linear scale."""
    cells = torch.topk(heat.flatten(2), max(TOP_CELLS), dim=2).values
    top = [cells[:, :, :count].mean(dim=2) for count in TOP_CELLS]
    pooled = [functional.avg_pool2d(heat, size, stride=1, padding=0).amax(dim=(2, 3)) for size in POOL_CELLS]
    return torch.cat(top + pooled, dim=1) / 4


def _straight(heat: Tensor, lines: Tensor) -> Tensor:
    """Highest mean along a straight line anywhere, two lengths per class: what is long and hot is a trail."""
    classes, side = heat.shape[1], lines.shape[-1]
    pairs = functional.max_pool2d(heat, 2)
    # A line's mean is a convolution; no padding, whose zeros would be hotter than the sky.
    means = functional.conv2d(pairs.flatten(0, 1).unsqueeze(1), lines.view(-1, 1, side, side))
    highest = means.amax(dim=(2, 3)).view(-1, classes, len(LINE_CELLS), LINE_DIRECTIONS).amax(dim=3)
    return highest.flatten(1) / 4


def _line_kernels() -> Tensor:
    """Weights (lengths * directions, side, side) that average along a line through the middle; each sums to 1."""
    side = max(LINE_CELLS)
    kernels = torch.zeros(len(LINE_CELLS), LINE_DIRECTIONS, side, side)
    for kernel, length in zip(kernels, LINE_CELLS, strict=True):
        for number in range(LINE_DIRECTIONS):
            angle = math.pi * number / LINE_DIRECTIONS
            for step in torch.linspace(-(length - 1) / 2, (length - 1) / 2, 4 * length).tolist():
                column, row = side // 2 + step * math.cos(angle), side // 2 + step * math.sin(angle)
                left, top = math.floor(column), math.floor(row)
                for x, y in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
                    if x < side and y < side:
                        kernel[number, y, x] += max(0.0, 1 - abs(column - x)) * max(0.0, 1 - abs(row - y))
    return kernels.flatten(0, 1) / kernels.flatten(0, 1).sum(dim=(1, 2), keepdim=True)


class Exported(nn.Module):
    """What goes into the file: probabilities instead of logits, by the contract of :mod:`ml.contract`."""

    def __init__(self, network: TrailNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        heat, tile = self.network(pixels)
        found = torch.sigmoid(tile)
        nothing = (1 - found).prod(dim=1, keepdim=True)
        return torch.sigmoid(heat), torch.cat([found, nothing], dim=1)
