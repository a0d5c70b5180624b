"""The binary layout of CIFAR: records of a label (two for the hundred classes) and 32×32 pixels, plane by plane."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from chainrule.data.raw import read_bytes
from chainrule.data.samples import Pictures
from chainrule.data.source import Source, pictures_source
from chainrule.errors import DataError

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
# How many labels stand before the pixels, and the file that names the classes of the last of them.
_NAMES = {1: "batches.meta.txt", 2: "fine_label_names.txt"}
_FILE = re.compile(r".*\.bin(\.gz)?$", re.IGNORECASE)
_PUBLISHED = re.compile(r"cifar|(data|test)_batch", re.IGNORECASE)


def is_cifar(path: Path) -> bool:
    """Tell whether a file, or the files of a folder, are called like CIFAR's."""
    return bool(_FILE.match(path.name)) if path.is_file() else bool(_files(path))


def read_cifar(path: Path) -> Source:
    """Return the records of a file or of all files of a folder; one called test is the test part."""
    files = [path] if path.is_file() else _files(path)
    blocks = [_records(file) for file in files]
    widths = {block.shape[1] - _PIXELS for block in blocks}
    if len(widths) > 1:
        raise DataError(f"one layout of CIFAR in {path}", "files of both layouts", "Name one of the files.")
    records, labels = np.concatenate(blocks), widths.pop()
    pictures = records[:, labels:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    is_test = np.repeat(["test" in file.name.lower() for file in files], [len(block) for block in blocks])
    parts = {"test": np.flatnonzero(is_test)} if is_test.any() and not is_test.all() else None
    # Of the hundred classes the second label is the fine one.
    t = records[:, labels - 1].astype(np.int64)
    names = _names(path, labels)
    return pictures_source(path.name, Pictures(np.ascontiguousarray(pictures)), t, names=names, parts=parts)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if _FILE.match(file.name) and not file.name.startswith("."))


def _records(path: Path) -> np.ndarray:
    raw = np.frombuffer(read_bytes(path), np.uint8)
    for labels in _NAMES:
        if len(raw) and len(raw) % (labels + _PIXELS) == 0:
            return raw.reshape(-1, labels + _PIXELS)
    raise DataError(
        f"{path.name} to be CIFAR: records of {1 + _PIXELS} bytes (10 classes) or {2 + _PIXELS} (100 classes)",
        f"{len(raw):,} bytes, which neither divides",
        "Fetch the file again, or name another.",
    )


def _names(path: Path, labels: int) -> tuple[str, ...]:
    """Return the names of the classes from the file that lies beside the records, or CIFAR-10's own."""
    listed = (path.parent if path.is_file() else path) / _NAMES[labels]
    if listed.is_file():
        return tuple(
            line.strip() for line in read_bytes(listed).decode("utf-8", "replace").splitlines() if line.strip()
        )
    known = labels == 1 and (_PUBLISHED.search(path.name) or any(_PUBLISHED.search(f.name) for f in _files(path)))
    return CIFAR10 if known else ()
