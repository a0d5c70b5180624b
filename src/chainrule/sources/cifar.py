"""The binary layout of CIFAR: records of a label (two for the hundred classes) and 32×32 pixels, plane by plane."""

from __future__ import annotations

import re
import tarfile
import zlib
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.raw import read_bytes
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source, pictures_source

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
# How many labels stand before the pixels, and the file that names the classes of the last of them.
_NAMES = {1: "batches.meta.txt", 2: "fine_label_names.txt"}
_FILE = re.compile(r".*\.bin(\.gz)?$", re.IGNORECASE)
_ARCHIVE = re.compile(r"cifar.*\.(tar\.gz|tgz|tar)$", re.IGNORECASE)
_MOST_BYTES = 1 << 28
_PUBLISHED = re.compile(r"cifar|(data|test)_batch", re.IGNORECASE)


def is_cifar(path: Path) -> bool:
    """Tell whether a file, the files of a folder, or an archive as it was published, are called like CIFAR's."""
    if path.is_dir():
        return any(_FILE.match(file.name) and not file.name.startswith(".") for file in path.iterdir())
    return bool(_FILE.match(path.name) or _ARCHIVE.match(path.name))


def read_cifar(path: Path) -> Source:
    """Return the records of a file, of all files of a folder, or of an archive; one called test is the test part."""
    files = _contents(path)
    blocks = {name: _records(name, raw) for name, raw in files.items() if _FILE.match(name)}
    widths = {block.shape[1] - _PIXELS for block in blocks.values()}
    if len(widths) != 1:
        raise DataError(
            f"files of one layout of CIFAR in {path.name}",
            "files of both" if widths else "none",
            "Name one of the files, or fetch the archive again.",
        )
    records, labels = np.concatenate(list(blocks.values())), widths.pop()
    pictures = records[:, labels:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    is_test = np.repeat(["test" in name.lower() for name in blocks], [len(block) for block in blocks.values()])
    parts = {"test": np.flatnonzero(is_test)} if is_test.any() and not is_test.all() else None
    # Of the hundred classes the second label is the fine one.
    t = records[:, labels - 1].astype(np.int64)
    names = _names([path.name, *blocks], files.get(_NAMES[labels]), labels)
    return pictures_source(path.name, Pictures(np.ascontiguousarray(pictures)), t, names=names, parts=parts)


def _contents(path: Path) -> dict[str, bytes]:
    """Return the records, and the names of the classes beside them, by the names of their files."""
    wanted = [*_NAMES.values()]
    if _ARCHIVE.match(path.name):
        return _unpacked(path, wanted)
    folder = path if path.is_dir() else path.parent
    files = sorted(file for file in folder.iterdir() if _FILE.match(file.name) and not file.name.startswith("."))
    files = files if path.is_dir() else [path]
    files += [folder / name for name in wanted if (folder / name).is_file()]
    return {file.name: read_bytes(file) for file in files}


def _unpacked(path: Path, wanted: list[str]) -> dict[str, bytes]:
    contents = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if member.isfile() and (_FILE.match(name) or name in wanted) and member.size < _MOST_BYTES:
                    file = archive.extractfile(member)
                    contents[name] = file.read() if file is not None else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} to be a whole archive", f"{error}", "Fetch the file again.") from error
    return dict(sorted(contents.items()))


def _records(name: str, content: bytes) -> np.ndarray:
    raw = np.frombuffer(content, np.uint8)
    for labels in _NAMES:
        if len(raw) and len(raw) % (labels + _PIXELS) == 0:
            return raw.reshape(-1, labels + _PIXELS)
    raise DataError(
        f"{name} to be CIFAR: records of {1 + _PIXELS} bytes (10 classes) or {2 + _PIXELS} (100 classes)",
        f"{len(raw):,} bytes, which neither divides",
        "Fetch the file again, or name another.",
    )


def _names(files: list[str], listed: bytes | None, labels: int) -> tuple[str, ...]:
    """Return the names of the classes from the file that lies beside the records, or CIFAR-10's own."""
    if listed is not None:
        return tuple(line.strip() for line in listed.decode("utf-8", "replace").splitlines() if line.strip())
    return CIFAR10 if labels == 1 and any(_PUBLISHED.search(name) for name in files) else ()
