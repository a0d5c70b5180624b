"""What DATA names becomes a source: each kind of file is known by its content, or by the names that it always has."""

from __future__ import annotations

from pathlib import Path

from chainrule.data import arrays, cifar, datasets, idx, pixels
from chainrule.data.gallery import read_gallery
from chainrule.data.listing import IMAGES, SOUNDS, TEXTS, Listing, is_media, listed
from chainrule.data.raw import first_bytes
from chainrule.data.source import FILE, Reading, Source, read_table
from chainrule.errors import DataError

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
    if not path.suffix and "/" not in data and not _is_file(path) and not _is_folder(path):
        return datasets.load(data, reading.seed)
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
    return _media(path, reading)


def _file(path: Path, reading: Reading) -> Source:
    if not _is_file(path):
        return read_table(path)
    if arrays.is_npz(path):
        return arrays.read_npz(path)
    if first_bytes(path, 4) == b"PK\x03\x04" or (is_media(path) and path.suffix.lower() != ".txt"):
        return _media(path, reading)
    if idx.is_idx(path):
        return idx.read_idx_pair(path)
    if arrays.is_mat(path):
        return arrays.read_mat(path)
    if cifar.is_cifar(path):
        return cifar.read_cifar(path)
    if pixels.is_pixel_cells(path):
        return pixels.read_pixel_cells(path, strict=reading.strict)
    names = None if reading.names is None else list(reading.names)
    return pixels.pictures_of_columns(read_table(path, reading.header, names))


def _media(path: Path, reading: Reading) -> Source:
    with listed(path, reading) as listing:
        readers = {IMAGES: read_gallery, TEXTS: _texts}
        if listing.noun == SOUNDS:
            raise DataError("pictures or texts", f"sounds in {path.name}", "Name another folder.")
        return readers[listing.noun](path.name, listing, reading)


def _texts(name: str, listing: Listing, reading: Reading) -> Source:
    """Return a table of one text a file."""
    texts = [entry.read().decode("utf-8-sig", "replace") for entry in listing.entries]
    frame = listing.frame()
    frame.insert(1, "text", texts)
    task = "classification" if listing.target else None
    kinds = {FILE: "identifier", "text": "text"}
    return Source(name, frame, listing.target, task, parts=listing.rows(), kinds=kinds, notes=listing.notes)
