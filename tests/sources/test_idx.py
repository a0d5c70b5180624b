"""IDX files: what is in them, and everything that can be wrong with one."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.sources.idx import read_idx
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures
from tests.conftest import Write

CODES = {"u1": 0x08, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array: np.ndarray) -> bytes:
    """Return an array in the format, as Yann LeCun's page describes it."""
    kind = array.dtype.newbyteorder("=").str[1:]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[kind], array.ndim, *array.shape)
    return head + array.astype(f">{kind}").tobytes()


X = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
T = np.array([3, 0, 3, 9], np.uint8)


def pair(folder: Path, part: str = "train", n: int = 4, packed: bool = False) -> Path:
    images, labels = idx(X[:n]), idx(T[:n])
    ending = ".gz" if packed else ""
    (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(gzip.compress(images) if packed else images)
    (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(gzip.compress(labels) if packed else labels)
    return folder / f"{part}-images-idx3-ubyte{ending}"


@pytest.mark.parametrize("kind", CODES)
def test_an_array_of_any_type_comes_back(write: Write, kind: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(kind)
    np.testing.assert_array_equal(read_idx(write(idx(array))), array)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_like_mnists_has_its_test_part(tmp_path: Path, packed: bool) -> None:
    pair(tmp_path, "train", 4, packed)
    pair(tmp_path, "t10k", 2, packed)
    source = read_source(str(tmp_path))
    assert isinstance(source.samples, Pictures)
    assert (source.samples.shape, source.target, source.task) == ((6, 2, 3, 1), "label", "classification")
    test = source.take(source.parts["test"])  # type: ignore[index]
    assert test.frame["label"].tolist() == [3, 0]
    np.testing.assert_array_equal(test.samples[:], X[:2, ..., None])  # type: ignore[index]


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_find_the_labels_beside_them(tmp_path: Path, packed: bool) -> None:
    source = read_source(str(pair(tmp_path, packed=packed)))
    assert (source.frame["label"].tolist(), source.parts) == ([3, 0, 3, 9], None)


def test_pictures_without_labels_are_refused(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="with its labels beside it"):
        read_source(str(path))


def test_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(T[:3]))
    with pytest.raises(DataError, match="3 for 4"):
        read_source(str(path))


def test_two_sizes_of_pictures_are_refused(tmp_path: Path) -> None:
    pair(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(X.reshape(4, 3, 2)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(T))
    with pytest.raises(DataError, match="one size"):
        read_source(str(tmp_path))


DAMAGED = {
    "cut": idx(X)[:-1],
    "too long": idx(X) + b"x",
    "a giant declared shape": struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 2**31) + bytes(9),
    "cut in the head": idx(X)[:7],
    "an unknown type": b"\x00\x00\x01\x03" + idx(X)[4:],
    "no axes": b"\x00\x00\x08\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(write: Write, what: str) -> None:
    with pytest.raises(DataError):
        read_idx(write(DAMAGED[what], "train-images-idx3-ubyte"))


def test_labels_that_are_pictures_are_refused(tmp_path: Path) -> None:
    path = pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(X))
    with pytest.raises(DataError, match="one label for each picture"):
        read_source(str(path))


def test_pictures_that_are_labels_are_refused(tmp_path: Path) -> None:
    path = pair(tmp_path)
    path.write_bytes(idx(T))
    with pytest.raises(DataError, match="to hold pictures"):
        read_source(str(path))
