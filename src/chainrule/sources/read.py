"""What DATA names becomes a source: each kind of file is known by its content, or by the names that it always has."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import DataError, did_you_mean
from chainrule.sources import datasets
from chainrule.sources.budget import out_of_memory
from chainrule.sources.catalogue import CATALOGUE, load_published
from chainrule.sources.readers import READERS
from chainrule.sources.source import Reading, Source, read_table
from chainrule.sources.tagged import read_tagged

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
    if not _is_folder(path) and not _is_file(path):
        # Which says what is missing.
        return read_table(path, reading)
    if reading.tagged:
        return read_tagged(path, reading)
    try:
        return next(reader for reader in READERS if reader.is_mine(path)).read(path, reading)
    except MemoryError as error:
        raise out_of_memory(data) from error


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
