"""Readers: each kind of file or folder is one entry, which tells whether DATA is its own and reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chainrule.errors import ConfigError
from chainrule.sources import arrays, cifar, idx, packed, pixels, spreadsheet
from chainrule.sources.listing import is_media
from chainrule.sources.media import read_media
from chainrule.sources.raw import first_bytes
from chainrule.sources.source import Reading, Source, read_table


@dataclass(frozen=True)
class Reader:
    """One kind of data.

    Attributes
    ----------
    name : str
        What it is called.
    is_mine : callable
        Whether a file or folder, which is there, is of this kind: by its content, or by a name that it always has.
    read : callable
        (path, reading) -> Source; raises DataError for a file that is damaged.
    """

    name: str
    is_mine: Callable[[Path], bool]
    read: Callable[[Path, Reading], Source]


def _is_folder(path: Path) -> bool:
    return path.is_dir()


def _is_zip(path: Path) -> bool:
    return first_bytes(path, 4) == b"PK\x03\x04"


def _table(path: Path, reading: Reading) -> Source:
    return pixels.pictures_of_columns(read_table(path, reading))


# The first that says "mine" reads: what is narrower stands above what is wider.
READERS: list[Reader] = [
    Reader(
        "IDX folder", lambda path: path.is_dir() and idx.is_idx_folder(path), lambda path, _: idx.read_idx_folder(path)
    ),
    Reader("CIFAR", cifar.is_cifar, lambda path, _: cifar.read_cifar(path)),
    Reader("MATLAB", arrays.is_mat, lambda path, _: arrays.read_mat(path)),
    Reader(
        "folder of tables", packed.is_folder_of_tables, lambda path, reading: _table(packed.only_table(path), reading)
    ),
    Reader("folder of files", _is_folder, read_media),
    Reader("arrays of NumPy", arrays.is_npz, lambda path, _: arrays.read_npz(path)),
    Reader("spreadsheet", spreadsheet.is_spreadsheet, spreadsheet.read_spreadsheet),
    Reader("zip of tables", packed.is_zip_of_tables, packed.read_zip),
    Reader("files", lambda path: _is_zip(path) or (is_media(path) and path.suffix.lower() != ".txt"), read_media),
    Reader("IDX", idx.is_idx, lambda path, _: idx.read_idx_pair(path)),
    Reader(
        "cells of pixels",
        pixels.is_pixel_cells,
        lambda path, reading: pixels.read_pixel_cells(path, strict=reading.strict),
    ),
    Reader("table", lambda _: True, _table),
]


def register_reader(reader: Reader) -> Reader:
    """Add a kind of data, which is asked before all others; return it.

    Raises
    ------
    ConfigError
        If there is a reader of that name.
    """
    if any(reader.name == known.name for known in READERS):
        raise ConfigError("a reader with a name of its own", f"{reader.name!r}, which is there", "Choose another name.")
    READERS.insert(0, reader)
    return reader
