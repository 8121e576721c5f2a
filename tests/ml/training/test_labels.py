"""People's labels as training samples: whole fields on one side, only what is known taught, hostile files refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.training.labels import Labelled, LabelsRefused, read_labels
from tests.ml.training.making import label_arrays


def labelled(**changes: Any) -> Labelled:
    return Labelled(**(label_arrays() | changes))


def test_the_same_sky_is_never_on_both_sides() -> None:
    rng = np.random.default_rng(1)
    count = 400
    field = rng.integers(0, 80, count)
    arrays = {name: np.repeat(array[:1], count, axis=0) for name, array in label_arrays().items() if name != "inputs"}
    arrays["inputs"] = np.broadcast_to(label_arrays()["inputs"][:1], (count, 512, 512))
    learnt, aside = Labelled(**(arrays | {"field": field})).split()
    assert len(learnt) + len(aside) == count
    assert not set(learnt.field) & set(aside.field)
    assert 0.1 <= len(set(aside.field)) / len(set(field)) <= 0.3
    more = np.concatenate([field, rng.integers(80, 160, 50)])
    bigger = {name: np.concatenate([array, array[:50]]) for name, array in arrays.items()} | {"field": more}
    again = Labelled(**bigger).split()[1]
    assert set(aside.field) <= set(again.field), "more labels must not move a field to the other side"


@pytest.mark.parametrize("size", [256, 512])
def test_samples_have_the_shapes_of_the_stream(size: int) -> None:
    sample = labelled().sample(np.random.default_rng(0), size)
    assert [part.shape for part in sample] == [(1, size, size), (3, size // 4, size // 4), (3,), (3,)]
    assert [part.dtype for part in sample] == [np.float32, np.uint8, np.float32, np.float32]


def test_where_the_ends_are_known_the_line_between_them_is_taught_and_else_only_absence() -> None:
    arrays = label_arrays()
    first = Labelled(**{name: array[:1] for name, array in arrays.items()})
    assert first.present[0].tolist() == [1, 0, 0]
    _, labels, present, weight = first.sample(np.random.default_rng(0), 512)
    assert (labels[0] == 1).sum() >= 0.9 * 300 / 4, "300 px of trail cross about 75 cells"
    assert (labels[1] == 255).all(), "nobody was asked about satellites"
    assert (present.tolist(), weight.tolist()) == ([1, 0, 0], [1, 0, 0])
    unplaced = Labelled(**{name: array[:1] for name, array in (arrays | {"ends": arrays["ends"] * np.nan}).items()})
    _, labels, _, weight = unplaced.sample(np.random.default_rng(0), 512)
    assert (labels[0] == 255).all() and weight[0] == 1
    _, _, _, weight = unplaced.sample(np.random.default_rng(0), 256)
    assert weight[0] == 0, "a part of the cutout need not show what the whole has"


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "labels.npz", **label_arrays())
    found = read_labels(tmp_path / "labels.npz")
    assert len(found) == 8
    assert np.array_equal(found.present, label_arrays()["present"])


class _Runs:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("raise SystemExit('a label ran')",)


def _bytes(**changes: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in (label_arrays() | changes).items() if array is not None})
    return buffer.getvalue()


def _plain_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def _lying_header() -> bytes:
    """A few bytes that say they are an exabyte."""
    buffer = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(
        header, {"descr": "<f2", "fortran_order": False, "shape": (1 << 42, 512, 512)}
    )  # fmt: skip
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inputs.npy", header.getvalue() + b"1234")
    return buffer.getvalue()


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("pickled objects", lambda: _bytes(field=np.array([_Runs()] * 8, dtype=object)), "Object arrays|allow_pickle"),
    ("wrong shape", lambda: _bytes(inputs=np.zeros((8, 256, 256), np.float16)), "'inputs' has shape"),
    ("fewer weights", lambda: _bytes(weight=np.ones(7, np.float32)), "'weight' has shape"),
    ("one number", lambda: _bytes(inputs=np.float16(1)), "'inputs' has shape"),
    ("text", lambda: _bytes(field=np.array(["a"] * 8)), "'field' has numbers of type"),
    ("not a number", lambda: _bytes(weight=np.full(8, np.nan, np.float32)), "'weight' has values"),
    ("too sure", lambda: _bytes(weight=np.full(8, 7, np.float32)), "'weight' has values outside"),
    ("an array missing", lambda: _bytes(ends=None), "ends"),
    ("cut short", lambda: _bytes()[:2000], "not a zip"),
    ("one array", _plain_array, "not a zip"),
    ("empty", lambda: b"", "not a zip"),
    ("an exabyte", _lying_header, "cannot be used"),
]


@pytest.mark.parametrize(("make", "reason"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, make: Callable[[], bytes], reason: str) -> None:
    path = tmp_path / "labels.npz"
    path.write_bytes(make())
    with pytest.raises(LabelsRefused, match=reason) as refused:
        read_labels(path)
    assert str(refused.value).startswith("The labels labels.npz cannot be used: ")
