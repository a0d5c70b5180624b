"""What DATA names becomes a source: each kind of file is known by its content, or by the names that it always has."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import DataError, did_you_mean
from chainrule.sources import arrays, cifar, datasets, idx, pixels
from chainrule.sources.catalogue import CATALOGUE, load_published
from chainrule.sources.listing import is_media
from chainrule.sources.media import read_media
from chainrule.sources.raw import first_bytes
from chainrule.sources.source import Reading, Source, read_table

_AS_IT_IS = Reading()


def read_source(data: str, reading: Reading = _AS_IT_IS) -> Source:
    """Return what DATA names: a built-in data set, a file or a folder (a file wins where both exist).

    Raises
    ------
    DataError
        If there is nothing of that name, or it cannot be read as any kind that is known.
    """
    path = Path(data)
    # A folder of that name, the run's own perhaps, does not hide the data set.
    if datasets.is_builtin(data) and not _is_file(path):
        return datasets.load(data, reading.seed)
    if data in CATALOGUE and not _is_file(path):
        return load_published(data, reading)
    if not path.suffix and "/" not in data and not _is_file(path) and not _is_folder(path):
        names = [entry.name for entry in datasets.entries()] + list(CATALOGUE)
        raise DataError("a file or folder, or the name of a data set", f"{data!r}", did_you_mean(data, names))
    return _folder(path, reading) if _is_folder(path) else _file(path, reading)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() or path.is_fifo()
    except OSError:
        # A name that no file can have.
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _folder(path: Path, reading: Reading) -> Source:
    if idx.is_idx_folder(path):
        return idx.read_idx_folder(path)
    if cifar.is_cifar(path):
        return cifar.read_cifar(path)
    if arrays.is_mat(path):
        return arrays.read_mat(path)
    return read_media(path, reading)


def _file(path: Path, reading: Reading) -> Source:
    if not _is_file(path):
        return read_table(path, reading)
    if arrays.is_npz(path):
        return arrays.read_npz(path)
    if first_bytes(path, 4) == b"PK\x03\x04" or (is_media(path) and path.suffix.lower() != ".txt"):
        return read_media(path, reading)
    if idx.is_idx(path):
        return idx.read_idx_pair(path)
    if arrays.is_mat(path):
        return arrays.read_mat(path)
    if cifar.is_cifar(path):
        return cifar.read_cifar(path)
    if pixels.is_pixel_cells(path):
        return pixels.read_pixel_cells(path, strict=reading.strict)
    return pixels.pictures_of_columns(read_table(path, reading))
