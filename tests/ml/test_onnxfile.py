"""The outline of a file cannot be told to look elsewhere than the runtime does."""

import pytest

from ml.onnxfile import NotOnnx, outline
from tests.ml.onnx_making import model_bytes, with_external_data

LOCATION = 14 << 3  # field 14 of a tensor, data_location, as a number
EXTERNAL = 1


def varint(value: int, length: int = 0) -> bytes:
    """A number in protocol-buffer form, in ``length`` bytes if that is longer than needed."""
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    groups += [0] * (length - len(groups))
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


def message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def model(tensor: bytes) -> bytes:
    """A model of one operator and one tensor, by hand."""
    return message(7, message(1, message(4, b"Relu")) + message(5, tensor))


def test_a_plain_model_has_nothing_elsewhere() -> None:
    found = outline(model(varint(LOCATION) + varint(0)))
    assert (found.nodes, found.external) == (1, False)
    assert not outline(model_bytes()).external and outline(with_external_data(model_bytes())).external


@pytest.mark.parametrize("value", [EXTERNAL, 2**32 + EXTERNAL, 2**63 + EXTERNAL])
def test_data_elsewhere_is_seen_as_readers_see_it_in_32_bits(value: int) -> None:
    assert outline(model(varint(LOCATION) + varint(value))).external


@pytest.mark.parametrize(
    "key",
    [
        varint(2**32 + LOCATION),
        varint(2**35 + LOCATION),
        varint(2**63 + LOCATION),
        varint(LOCATION, 5),
        varint(LOCATION, 10),
    ],
    ids=["33 bits", "36 bits", "64 bits", "in five bytes", "in ten bytes"],
)
def test_a_key_larger_or_longer_than_it_need_be_is_refused(key: bytes) -> None:
    with pytest.raises(NotOnnx, match="larger or longer"):
        outline(model(key + varint(EXTERNAL)))


@pytest.mark.parametrize("length", [varint(5, 2), varint(5, 10), varint(2**32 + 5)])
def test_a_length_larger_or_longer_than_it_need_be_is_refused(length: bytes) -> None:
    with pytest.raises(NotOnnx, match="larger or longer"):
        outline(model(varint(13 << 3 | 2) + length + b"local"))
