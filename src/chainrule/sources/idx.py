"""IDX, the format of MNIST: a magic number, big-endian sizes, then the values."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.sources import mapped
from chainrule.sources.raw import first_bytes, read_bytes
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source, pictures_source

# The third byte of the magic number names the type, the fourth the number of axes.
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 4
_IMAGES = re.compile(r"^(?P<part>[a-z0-9]*?)[-_.]?images[-_.](idx3|ubyte)", re.IGNORECASE)


def is_idx(path: Path) -> bool:
    """Tell whether a file begins like IDX, gzip-ed or not."""
    head = first_bytes(path, 4)
    return len(head) == 4 and head[:2] == b"\x00\x00" and head[2] in _TYPES and 1 <= head[3] <= _MOST_AXES


def read_idx(path: Path) -> np.ndarray:
    """Return the array in an IDX file, gzip-ed or not; its size is held against the file's before it is believed."""
    if path.is_file() and path.stat().st_size >= mapped.MAP_FROM and _is_plain(path):
        return _map(path)
    raw = read_bytes(path)
    axes = raw[3] if len(raw) > 3 else 0
    if len(raw) < 4 + 4 * axes or raw[:2] != b"\x00\x00" or raw[2] not in _TYPES or not 1 <= axes <= _MOST_AXES:
        raise DataError(f"{path.name} to be IDX", f"the first bytes {raw[:4].hex(' ')}", "Fetch the file again.")
    shape = struct.unpack(f">{axes}I", raw[4 : 4 + 4 * axes])
    dtype = np.dtype(_TYPES[raw[2]])
    wanted = 4 + 4 * axes + math.prod(shape) * dtype.itemsize
    if len(raw) != wanted:
        raise DataError(
            f"{path.name} of {wanted:,} bytes, as its header says (shape {shape})",
            f"{len(raw):,}",
            "Fetch the file again.",
        )
    return np.frombuffer(raw, dtype, offset=4 + 4 * axes).reshape(shape)


def _is_plain(path: Path) -> bool:
    """Tell whether a file is IDX as it lies there, not gzip-ed."""
    with path.open("rb") as file:
        head = file.read(4)
    return len(head) == 4 and head[:2] == b"\x00\x00" and head[2] in _TYPES and 1 <= head[3] <= _MOST_AXES


def _map(path: Path) -> np.ndarray:
    """Return the array in a large file as a memory map."""
    axes = first_bytes(path, 4)[3]
    head = first_bytes(path, 4 + 4 * axes)
    shape, dtype = struct.unpack(f">{axes}I", head[4:]), np.dtype(_TYPES[head[2]])
    wanted, size = len(head) + math.prod(shape) * dtype.itemsize, path.stat().st_size
    if size != wanted:
        raise DataError(
            f"{path.name} of {wanted:,} bytes, as its header says (shape {shape})", f"{size:,}", "Fetch the file again."
        )
    return np.memmap(path, dtype, "r", len(head), shape)


def is_idx_folder(folder: Path) -> bool:
    """Tell whether a folder holds a pair of IDX files by the names that MNIST's have."""
    return bool(_pairs(folder))


def read_idx_folder(folder: Path) -> Source:
    """Return the pairs of a folder; those called test or t10k are the test part."""
    pairs = _pairs(folder)
    arrays = [(_is_test(part), _pictures(images), _labels(labels, images)) for part, (images, labels) in pairs.items()]
    return _joined(folder.name, [(test, *_fitting(folder, x, t)) for test, x, t in arrays])


def read_idx_pair(path: Path) -> Source:
    """Return the pictures of one IDX file with the labels of the file beside it."""
    found = _IMAGES.match(path.name)
    labels = _labels_beside(path) if found else None
    if labels is None:
        raise DataError(
            "an IDX file of pictures, called like train-images-idx3-ubyte, with its labels beside it",
            f"{path}",
            "Put the -labels-idx1- file beside it, or name the folder that has both.",
        )
    return _joined(path.name, [(False, *_fitting(path, _pictures(path), _labels(labels, path)))])


def _pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    pairs: dict[str, tuple[Path, Path]] = {}
    for path in sorted(folder.iterdir()):
        found = _IMAGES.match(path.name)
        labels = _labels_beside(path) if found and path.is_file() else None
        if found and labels is not None:
            pairs.setdefault(found["part"].lower(), (path, labels))
    return pairs


def _labels_beside(images: Path) -> Path | None:
    """Return the file of labels: its name says labels for images and 1 for 3, and either may be gzip-ed."""
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    names = [name, f"{name}.gz", name.removesuffix(".gz")]
    return next((images.with_name(n) for n in names if images.with_name(n).is_file()), None)


def _is_test(part: str) -> bool:
    return part.startswith(("t10k", "test"))


def _pictures(path: Path) -> np.ndarray:
    x = read_idx(path)
    if x.ndim not in (3, 4) or x.dtype != np.uint8:
        raise DataError(
            f"{path.name} to hold pictures: bytes of 3 or 4 axes", f"{x.dtype} of shape {x.shape}", "Name another file."
        )
    return x if x.ndim == 4 else x[..., None]


def _labels(path: Path, images: Path) -> np.ndarray:
    t = read_idx(path)
    if t.ndim != 1:
        raise DataError(f"{path.name} to hold one label for each picture", f"shape {t.shape}", "Fetch it again.")
    return t


def _fitting(place: Path, x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) != len(t):
        raise DataError(f"as many labels as pictures in {place}", f"{len(t)} for {len(x)}", "Fetch the files again.")
    return x, t


def _joined(name: str, arrays: list[tuple[bool, np.ndarray, np.ndarray]]) -> Source:
    shapes = {x.shape[1:] for _, x, _ in arrays}
    if len(shapes) > 1:
        raise DataError(f"pictures of one size in {name}", f"sizes {sorted(shapes)}", "Name one of the files.")
    # One array may be a memory map, which a copy of it would not be.
    x = arrays[0][1] if len(arrays) == 1 else np.concatenate([x for _, x, _ in arrays])
    t = np.concatenate([t for _, _, t in arrays])
    is_test = np.repeat([test for test, _, _ in arrays], [len(x) for _, x, _ in arrays])
    parts = {"test": np.flatnonzero(is_test)} if is_test.any() and not is_test.all() else None
    return pictures_source(name, Pictures(x), t, parts=parts)
