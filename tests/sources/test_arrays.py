"""Files of arrays: NumPy's and MATLAB's."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from chainrule.errors import DataError
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2])


def npz(folder: Path, **arrays: Any) -> str:
    path = folder / "a.npz"
    np.savez_compressed(path, **arrays)
    return str(path)


def test_x_and_y_are_pictures_and_their_classes(tmp_path: Path) -> None:
    source = read_source(npz(tmp_path, x=X, y=Y[:, None]))
    assert isinstance(source.samples, Pictures)
    np.testing.assert_array_equal(source.samples[:], X)
    assert (source.frame["y"].tolist(), source.target, source.samples.white) == (Y.tolist(), "y", 255)


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_train_and_test_arrays_are_the_parts(tmp_path: Path, names: tuple[str, ...]) -> None:
    arrays = dict(zip(names, (X[:4, ..., 0], Y[:4], X[4:, ..., 0], Y[4:]), strict=True))
    source = read_source(npz(tmp_path, **arrays))
    assert source.parts is not None
    assert (source.parts["train"].tolist(), source.parts["test"].tolist()) == ([0, 1, 2, 3], [4, 5])
    assert source.samples.shape == (6, 4, 5, 1)  # type: ignore[union-attr]


def test_rows_are_a_table(tmp_path: Path) -> None:
    source = read_source(npz(tmp_path, X=X.reshape(6, -1)[:, :3] / 7, y=np.array(list("abcabc"))))
    assert (list(source.frame.columns), source.samples) == (["x1", "x2", "x3", "y"], None)
    assert source.frame["y"].tolist() == list("abcabc")


def test_floats_up_to_one_have_a_white_of_one(tmp_path: Path) -> None:
    assert read_source(npz(tmp_path, x=X / 255, y=Y)).samples.white == 1  # type: ignore[union-attr]


def test_targets_with_fractions_are_a_regression(tmp_path: Path) -> None:
    assert read_source(npz(tmp_path, x=X, y=Y + 0.5)).task == "regression"


def test_pictures_without_labels_can_be_read(tmp_path: Path) -> None:
    source = read_source(npz(tmp_path, x=X))
    assert (len(source), source.target) == (6, None)


BAD = {
    "pickled objects": {"x": X, "y": np.array([{}, 1, 2, 3, 4, 5], dtype=object)},
    "other names": {"a": X, "b": Y},
    "another number of labels": {"x": X, "y": Y[:5]},
    "labels of two axes": {"x": X, "y": np.eye(6)},
    "parts of two shapes": {"x_train": X, "y_train": Y, "x_test": X[:, :3], "y_test": Y},
    "a part without labels": {"x_train": X, "y_train": Y, "x_test": X},
    "one axis": {"x": Y, "y": Y},
    "five axes": {"x": X[None].repeat(6, 0), "y": Y},
    "texts": {"x": np.array([["a"]] * 6), "y": Y},
    "NaN": {"x": np.full((6, 2), np.nan), "y": Y},
    "no samples": {"x": X[:0], "y": Y[:0]},
    "both a whole and parts": {"x": X, "y": Y, "x_test": X, "y_test": Y},
}


@pytest.mark.parametrize("what", BAD)
def test_arrays_that_are_no_samples_are_refused(tmp_path: Path, what: str) -> None:
    with pytest.raises(DataError):
        read_source(npz(tmp_path, **BAD[what]))


def test_a_giant_declared_shape_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**20)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", buffer.getvalue() + bytes(64))
        archive.writestr("y.npy", buffer.getvalue())
    with pytest.raises(DataError, match="whole NumPy array"):
        read_source(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("keep", [10, 200, -30])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = Path(npz(tmp_path, x=X, y=Y))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError):
        read_source(str(path))


def svhn(path: Path, x: np.ndarray, y: list[int]) -> None:
    savemat(path, {"X": x.transpose(1, 2, 3, 0), "y": np.array(y, np.uint8)[:, None]})


def test_house_numbers_have_their_digits_and_their_test_part(tmp_path: Path) -> None:
    svhn(tmp_path / "train_32x32.mat", X[:4], [10, 1, 2, 9])
    svhn(tmp_path / "test_32x32.mat", X[4:], [10, 3])
    source = read_source(str(tmp_path))
    assert source.parts is not None
    assert source.frame["digit"].tolist() == [0, 3, 0, 1, 2, 9]
    assert source.parts["test"].tolist() == [0, 1]
    np.testing.assert_array_equal(source.samples[2:], X[:4])  # type: ignore[index]


def test_one_matlab_file_can_be_named(tmp_path: Path) -> None:
    svhn(tmp_path / "train_32x32.mat", X, [1, 2, 3, 4, 5, 6])
    assert len(read_source(str(tmp_path / "train_32x32.mat"))) == 6


def test_a_matlab_file_of_other_arrays_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"X": X, "z": Y})
    with pytest.raises(DataError, match=r"X \(H, W, 3, N\)"):
        read_source(str(tmp_path / "a.mat"))


@pytest.mark.parametrize("content", [b"", b"x" * 400, None])
def test_a_damaged_matlab_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "train_32x32.mat"
    svhn(path, X, [1, 2, 3, 4, 5, 6])
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    with pytest.raises(DataError, match="whole MATLAB file"):
        read_source(str(path))
