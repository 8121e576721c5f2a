"""Look into an ONNX file without running it: which operators it asks for, and whether it reaches for other files.

Only the outline is read, straight from the protocol-buffer wire format (field numbers from onnx.proto of
ONNX 1.x), so that the server needs no parser that could be the way in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 24
STANDARD_DOMAINS = {"", "ai.onnx"}
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, SPARSE, FUNCTION, OPSET = range(8)
CHILDREN: dict[int, dict[int, int]] = {
    MODEL: {7: GRAPH, 8: OPSET, 25: FUNCTION},
    GRAPH: {1: NODE, 5: TENSOR, 15: SPARSE},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH, 22: SPARSE, 23: SPARSE},
    SPARSE: {1: TENSOR, 2: TENSOR},
    FUNCTION: {7: NODE, 9: OPSET, 11: ATTRIBUTE},
    TENSOR: {},
    OPSET: {},
}
"""For each kind of message: field number -> kind of the message in it."""
NODE_DOMAIN, OPSET_DOMAIN = 7, 1
TENSOR_EXTERNAL_DATA, TENSOR_LOCATION = 13, 14
LOCATION_EXTERNAL = 1
MAX_32_BITS = 2**32 - 1
"""Readers of protocol buffers cut keys and enumerations to 32 bits: a larger one could mean anything to them."""


class NotOnnx(ValueError):
    """The bytes are no ONNX model."""


@dataclass(slots=True)
class Outline:
    """What matters of a file before it is loaded."""

    nodes: int = 0
    domains: set[str] = field(default_factory=set)
    external: bool = False

    @property
    def foreign_domains(self) -> list[str]:
        """Domains of operators that are not ONNX's own."""
        return sorted(self.domains - STANDARD_DOMAINS)


def outline(content: bytes) -> Outline:
    """Read the outline of a model file.

    Raises
    ------
    NotOnnx
        The bytes are not a protocol buffer with a graph of at least one node.
    """
    found = Outline()
    _walk(memoryview(content), MODEL, found, 0)
    if not found.nodes:
        raise NotOnnx("It holds no network.")
    return found


def _walk(data: memoryview, kind: int, found: Outline, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotOnnx("It is nested too deeply.")
    found.nodes += kind == NODE
    for number, value in _fields(data):
        found.external |= kind == TENSOR and _is_external(number, value)
        if not isinstance(value, memoryview):
            continue
        if (kind, number) in ((NODE, NODE_DOMAIN), (OPSET, OPSET_DOMAIN)):
            found.domains.add(bytes(value).decode("utf-8", "replace"))
        elif number in CHILDREN[kind]:
            _walk(value, CHILDREN[kind][number], found, depth + 1)


def _is_external(number: int, value: int | memoryview) -> bool:
    """Whether a field of a tensor says that its numbers lie in another file."""
    located = number == TENSOR_LOCATION and isinstance(value, int) and value & MAX_32_BITS == LOCATION_EXTERNAL
    return number == TENSOR_EXTERNAL_DATA or located


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    position = 0
    while position < len(data):
        key, position = _varint32(data, position)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == BYTES:
            length, position = _varint32(data, position)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise NotOnnx("It is not in ONNX's format.")
        if number == 0 or position + length > len(data):
            raise NotOnnx("It is cut short or not in ONNX's format.")
        yield number, data[position : position + length]
        position += length


def _varint32(data: memoryview, position: int) -> tuple[int, int]:
    """A key or length: within 32 bits and written as short as it can be, so that every reader sees the same."""
    value, end = _varint(data, position)
    if value > MAX_32_BITS or (end - position > 1 and not data[end - 1]):
        raise NotOnnx("It is not in ONNX's format: a number is larger or longer than allowed.")
    return value, end


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
    raise NotOnnx("It is cut short or not in ONNX's format.")
