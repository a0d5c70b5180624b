"""CIFAR's binary records, of ten and of a hundred classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
PLANES = PICTURES.transpose(0, 3, 1, 2).reshape(5, -1)


def ten(labels: list[int]) -> bytes:
    return np.column_stack([np.array(labels, np.uint8), PLANES[: len(labels)]]).tobytes()


def hundred(coarse: list[int], fine: list[int]) -> bytes:
    heads = np.array([coarse, fine], np.uint8).T
    return np.column_stack([heads, PLANES[: len(coarse)]]).tobytes()


def test_planes_become_pixels_and_numbers_become_names(tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(ten([0, 9, 3]))
    source = read_source(str(path))
    assert source.frame["label"].tolist() == ["airplane", "truck", "cat"]
    assert isinstance(source.samples, Pictures)
    np.testing.assert_array_equal(source.samples[:], PICTURES[:3])


def test_batches_are_joined_and_the_test_batch_is_the_test_part(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"data_batch_{number}.bin").write_bytes(ten([number]))
    (tmp_path / "test_batch.bin").write_bytes(ten([5, 6]))
    (tmp_path / "batches.meta.txt").write_text("\n".join(f"thing {i}" for i in range(10)) + "\n\n")
    source = read_source(str(tmp_path))
    assert source.frame["label"].tolist() == ["thing 1", "thing 2", "thing 5", "thing 6"]
    assert source.parts is not None
    assert source.parts["test"].tolist() == [2, 3]


def test_of_a_hundred_classes_the_fine_label_counts(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(hundred([1, 2], [70, 80]))
    (tmp_path / "test.bin").write_bytes(hundred([3], [90]))
    source = read_source(str(tmp_path))
    assert source.frame["label"].tolist() == [90, 70, 80]


def test_a_file_that_no_record_divides_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(ten([0, 9, 3])[:-1])
    with pytest.raises(DataError, match="which neither divides"):
        read_source(str(path))


def test_a_label_beyond_the_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(ten([0, 10]))
    with pytest.raises(DataError, match="10 for the picture 2"):
        read_source(str(path))


def test_both_layouts_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(hundred([1], [70]))
    (tmp_path / "test.bin").write_bytes(ten([3]))
    with pytest.raises(DataError, match="one layout"):
        read_source(str(tmp_path))
