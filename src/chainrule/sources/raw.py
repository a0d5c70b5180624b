"""Raw bytes of a file, unpacked where it is gzip; every way in which that can fail is told."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.errors import DataError

GZIP = b"\x1f\x8b"
# By the first bytes of a file that is packed: what it is packed with, and what opens it.
_PACKED: dict[bytes, tuple[str, Callable[[Any], Any]]] = {
    GZIP: ("gzip", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
}
# What a text or a picture weighs at most in memory beside its file; a file of zeros packs a thousand to one.
_MOST_TIMES = 200
_AT_LEAST = 1 << 28


def read_bytes(path: Path) -> bytes:
    """Return the whole content of a file or pipe, unpacked if it is packed with gzip, bzip2 or xz.

    Raises
    ------
    DataError
        If there is no such file, if it cannot be read, changes meanwhile, or is not whole.
    """
    try:
        with path.open("rb") as file:
            size, mode = path.stat().st_size, path.stat().st_mode
            raw = file.read()
    except IsADirectoryError as error:
        raise DataError("a file", f"the folder {path}", "Name a CSV, TSV or Parquet file.") from error
    except FileNotFoundError as error:
        raise DataError(
            "a file or folder, or the name of a built-in data set",
            f"{str(path)!r}, which is neither",
            "Check the path, or see `chainrule datasets` for the names.",
        ) from error
    except OSError as error:
        raise DataError(f"{path} to be readable", error.strerror or str(error), "Check the file.") from error
    # A pipe has no size to compare with.
    if stat.S_ISREG(mode) and (len(raw) != size or path.stat().st_size != size):
        raise DataError(
            f"{path.name} to stay as it is while it is read",
            f"{len(raw)} bytes of {size}",
            "Wait until it is completely written, then try again.",
        )
    return unpacked(path.name, raw)


def unpacked(name: str, raw: bytes) -> bytes:
    """Return what a file holds, unpacked where it is packed with gzip, bzip2 or xz."""
    return unpack(name, raw) if any(raw.startswith(start) for start in _PACKED) else raw


def unpack(name: str, raw: bytes, most: int | None = None) -> bytes:
    """Return what a file of gzip (of one member or of several, as `bgzip` and `cat` make them), bzip2 or xz holds.

    Raises
    ------
    DataError
        If it is damaged, or unpacks to more than `most` bytes; to far more than it weighs, if left out.
    """
    most = max(_AT_LEAST, _MOST_TIMES * len(raw)) if most is None else most
    kind, opened = next(packed for start, packed in _PACKED.items() if raw.startswith(start))
    try:
        with opened(io.BytesIO(raw)) as file:
            content: bytes = file.read(most + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{name} to be a whole {kind} file", f"{error}", "Fetch or write the file again.") from error
    if len(content) > most:
        raise DataError(
            f"{name} to unpack to at most {most >> 20:,} MiB",
            f"more, from {len(raw):,} bytes",
            "Unpack it by hand if you trust it, or give a part of its rows.",
        )
    return content


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """Return the beginning of a file, unpacked if it is gzip; nothing where it cannot be read or is a pipe."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            head = file.read(count)
        if head[:2] != GZIP:
            return head
        with gzip.open(path) as unpacked:
            return unpacked.read(count)
    except (OSError, EOFError, zlib.error):
        return b""
