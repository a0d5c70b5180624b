"""Files of arrays: NumPy's .npz and MATLAB's .mat, read without pickle and with sizes held against the file's."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.archive import open_archive, read_member
from chainrule.sources.mapped import are_finite, map_member
from chainrule.sources.raw import first_bytes
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source, pictures_source

_X, _Y = ("x", "images", "data", "arr_0"), ("y", "labels", "label", "target", "t", "arr_1")
_PARTS = {"train": ("_train", "train_"), "valid": ("_valid", "_val", "valid_", "val_"), "test": ("_test", "test_")}
_REMEDY = "Save it with numpy.savez(path, x=…, y=…), or x_train, y_train, x_test and y_test."
_MOST_COLUMNS = 20_000
_MAT = re.compile(r"(?P<part>train|test)_\d+x\d+\.mat", re.IGNORECASE)


def is_npz(path: Path) -> bool:
    """Tell whether a file is a zip of .npy arrays."""
    if path.suffix.lower() != ".npz" and first_bytes(path, 2) != b"PK":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return path.suffix.lower() == ".npz"
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npz(path: Path) -> Source:
    """Return the arrays x and y of a file, or those of its parts (x_train, y_train, x_test, …)."""
    with open_archive(path) as archive:
        arrays = {info.filename.removesuffix(".npy").lower(): _array(archive, info) for info in archive.infolist()}
    whole = {"": _pair(path, arrays, "")}
    parts = {part: _first_pair(path, arrays, affixes) for part, affixes in _PARTS.items()}
    found = {part: pair for part, pair in (whole | parts).items() if pair is not None}
    if not found or ("" in found and len(found) > 1):
        names = ", ".join(sorted(arrays)) or "none"
        raise DataError(f"arrays called x and y in {path.name}", f"arrays called {names}", _REMEDY)
    shapes = {x.shape[1:] for x, _ in found.values()}
    if len(shapes) > 1:
        raise DataError(f"samples of one shape in {path.name}", f"shapes {sorted(shapes)}", "Bring them to one shape.")
    arrays_of_x = [x for x, _ in found.values()]
    # One array may be a memory map, which a copy of it would not be.
    x = arrays_of_x[0] if len(arrays_of_x) == 1 else np.concatenate(arrays_of_x)
    labels = [y for _, y in found.values() if y is not None]
    if labels and len(labels) != len(found):
        raise DataError(f"labels for every part of {path.name}", f"{len(labels)} of {len(found)}", _REMEDY)
    ends = np.cumsum([len(x) for x, _ in found.values()])
    rows = dict(zip(found, np.split(np.arange(len(x)), ends[:-1]), strict=True))
    return _source(path, x, np.concatenate(labels) if labels else None, None if "" in rows else rows)


def is_mat(path: Path) -> bool:
    """Tell whether a file is MATLAB's, or a folder holds train and test files as SVHN's are called."""
    if path.is_dir():
        return any(_MAT.fullmatch(file.name) for file in path.iterdir())
    return path.suffix.lower() == ".mat"


def read_mat(path: Path) -> Source:
    """Return SVHN's arrays, X (H, W, 3, N) and y (N, 1) in which 10 stands for the digit 0."""
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if _MAT.fullmatch(file.name))
    pairs = [_mat(file) for file in files]
    x, t = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    is_test = np.repeat([file.name.lower().startswith("test") for file in files], [len(x) for x, _ in pairs])
    parts = {"test": np.flatnonzero(is_test)} if is_test.any() and not is_test.all() else None
    return pictures_source(path.name, Pictures(x), np.where(t == 10, 0, t), column="digit", parts=parts)


def _mat(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        held = loadmat(path, variable_names=["X", "y"])
    except FileNotFoundError as error:
        raise DataError("a file", f"{path}, which is none", "Check the path.") from error
    except (MatReadError, NotImplementedError, ValueError, OSError, TypeError) as error:
        raise DataError(f"{path.name} to be a whole MATLAB file", f"{error}", "Fetch the file again.") from error
    X, y = held.get("X"), held.get("y")
    if X is None or y is None or X.ndim != 4 or X.dtype != np.uint8 or y.size != X.shape[3]:
        shapes = {name: value.shape for name, value in held.items() if isinstance(value, np.ndarray)}
        raise DataError(f"X (H, W, 3, N) and y (N, 1) in {path.name}", f"{shapes}", "Name a file in SVHN's format.")
    return np.ascontiguousarray(X.transpose(3, 0, 1, 2)), y.ravel().astype(np.int64)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """Return one array, its declared size held against the bytes that there are before any memory is taken."""
    mapped = map_member(archive, info)
    if mapped is not None:
        return mapped
    raw = read_member(archive, info)
    file = io.BytesIO(raw)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        if dtype.hasobject:
            raise DataError(f"{info.filename} to hold numbers or texts", "pickled objects", "Save plain arrays.")
        if math.prod(shape) * dtype.itemsize != len(raw) - file.tell():
            raise ValueError(f"shape {shape} of {dtype} declared in {len(raw):,} bytes")
        file.seek(0)
        array: np.ndarray = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, SyntaxError) as error:
        raise DataError(f"{info.filename} to be a whole NumPy array", f"{error}", "Save the file again.") from error
    return array


def _first_pair(path: Path, arrays: Mapping[str, np.ndarray], affixes: tuple[str, ...]) -> Any:
    pairs = (_pair(path, arrays, affix) for affix in affixes)
    return next((pair for pair in pairs if pair is not None), None)


def _pair(path: Path, arrays: Mapping[str, np.ndarray], affix: str) -> tuple[np.ndarray, np.ndarray | None] | None:
    def named(stems: tuple[str, ...]) -> np.ndarray | None:
        names = [affix + stem if affix.endswith("_") else stem + affix for stem in stems]
        return next((arrays[name] for name in names if name in arrays), None)

    x, y = named(_X), named(_Y)
    if x is None:
        return None
    if x.ndim < 2 or not len(x):
        raise DataError(f"x of {path.name} to have an axis for the samples and one more", f"shape {x.shape}", _REMEDY)
    if y is None:
        return x, None
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or len(y) != len(x):
        raise DataError(f"one label for each of the {len(x)} samples of {path.name}", f"y {y.shape}", _REMEDY)
    return x, y


def _source(path: Path, x: np.ndarray, y: np.ndarray | None, parts: Mapping[str, np.ndarray] | None) -> Source:
    import pandas as pd

    if x.dtype.kind not in "biuf" or not are_finite(x):
        raise DataError(f"finite numbers in x of {path.name}", f"{x.dtype}", "Save numbers without NaN.")
    if x.ndim == 2:
        if x.shape[1] > _MOST_COLUMNS:
            raise DataError(
                f"at most {_MOST_COLUMNS:,} columns in x of {path.name}",
                f"{x.shape[1]:,}",
                "Save pictures as (N, height, width) or (N, height, width, channels).",
            )
        frame = pd.DataFrame(x, columns=[f"x{i + 1}" for i in range(x.shape[1])])
        target = None if y is None else "y"
        return Source(path.name, frame if y is None else frame.assign(y=_plain(y)), target, parts=parts)
    if x.ndim > 4:
        raise DataError(f"x of {path.name} of 2, 3 or 4 axes", f"shape {x.shape}", _REMEDY)
    pictures = Pictures(x if x.ndim == 4 else x[..., None], _white(x))
    if y is None:
        return Source(path.name, pd.DataFrame(index=range(len(x))), samples=pictures, parts=parts)
    if y.dtype.kind == "f" and (y % 1).any():
        return Source(path.name, pd.DataFrame({"y": y}), "y", "regression", pictures, parts)
    return pictures_source(path.name, pictures, _plain(y), column="y", parts=parts)


def _white(x: np.ndarray) -> float:
    """Return the value of a white pixel: the most that its type holds, or 1 or 255 where the values say so."""
    if x.dtype in (np.uint8, np.uint16):
        return float(np.iinfo(x.dtype).max)
    most = float(x.max())
    return 1.0 if most <= 1 else 255.0 if most <= 255 else most


def _plain(y: np.ndarray) -> np.ndarray:
    """Return labels as Python's texts, or as the numbers that they are."""
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    return y.astype(object) if y.dtype.kind == "U" else y
