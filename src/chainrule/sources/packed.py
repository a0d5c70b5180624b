"""Tables inside a zip or a folder: the only one is read; of several, each has to be named by itself."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from chainrule.errors import DataError
from chainrule.sources.archive import open_archive, read_member
from chainrule.sources.listing import is_media
from chainrule.sources.raw import first_bytes, unpacked
from chainrule.sources.source import Reading, Source, read_table_of

_TABLES = (".csv", ".tsv", ".tab", ".psv", ".parquet", ".data")
_PACKED = (".gz", ".bz2", ".xz")
# Texts that talk about tables.
_ABOUT = re.compile(r"(readme|licen[cs]e|about|description|notes?)\b.*\.txt$", re.IGNORECASE)
_NAMES = 6


def _is_table(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/").lower())
    hidden = any(part.startswith(".") or part == "__macosx" for part in path.parts)
    return not hidden and (path.with_suffix("") if path.suffix in _PACKED else path).suffix in _TABLES


def _are_tables(names: Sequence[str]) -> bool:
    """Tell whether there are tables, and no pictures, sounds or texts that they would be the labels of."""
    media = [name for name in names if is_media(Path(name)) and not _ABOUT.match(PurePosixPath(name).name)]
    return any(_is_table(name) for name in names) and not media


def is_folder_of_tables(path: Path) -> bool:
    """Tell whether a folder holds tables, and no media."""
    return path.is_dir() and _are_tables([file.name for file in path.rglob("*") if file.is_file()])


def only_table(folder: Path) -> Path:
    """Return the only table of a folder, or raise DataError that names them."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and _is_table(str(file.relative_to(folder))))
    _require_one(folder.name, [str(file.relative_to(folder)) for file in files], f"{folder}/")
    return files[0]


def is_zip_of_tables(path: Path) -> bool:
    """Tell whether a file is a zip that holds tables, and no media."""
    if first_bytes(path, 4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _are_tables(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        # The reader of archives will say what is wrong with it.
        return False


def read_zip(path: Path, reading: Reading) -> Source:
    """Return the only table of a zip.

    Raises
    ------
    DataError
        If there are several, which are named.
    """
    with open_archive(path) as archive:
        infos = [info for info in archive.infolist() if _is_table(info.filename)]
        _require_one(path.name, [info.filename for info in infos], "the folder that it unpacks to, and in it ")
        raw = unpacked(infos[0].filename, read_member(archive, infos[0]))
    return read_table_of(Path(PurePosixPath(infos[0].filename).name), raw, reading)


def _require_one(place: str, names: list[str], where: str) -> None:
    if len(names) == 1:
        return
    listed = ", ".join(names[:_NAMES]) + (" …" if len(names) > _NAMES else "")
    raise DataError(
        f"one table in {place}", f"{len(names)}: {listed}", f"Name the one to be read: {where}{names[0]} for example."
    )
