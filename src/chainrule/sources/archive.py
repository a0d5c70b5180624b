"""Archives from outside: refused where a path climbs out, or where far more is unpacked than weighs."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from chainrule.errors import DataError

# Pictures, sounds and numbers pack to a tenth perhaps; a bomb packs a thousand to one. Texts lie between.
_MOST_TIMES = 100
_AT_LEAST = 64 << 20


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, its names and declared sizes looked at first.

    Raises
    ------
    DataError
        If it is damaged or encrypted, if the path of a member climbs out of the archive, or if the members are
        declared far larger than the file that holds them. While it is open, damage that is met later is told too.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive.infolist())
            yield archive
    except FileNotFoundError as error:
        raise DataError("a file", f"{path}, which is none", "Check the path.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path.name} to be a whole zip archive", f"{error}", "Fetch or pack it again.") from error


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member, of at most its declared size."""
    with archive.open(info) as member:
        return member.read(info.file_size)


def _check(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    for info in infos:
        if not info.filename:
            raise DataError(f"names inside {path.name}", "a member without one", "Pack the folder again.")
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
            raise DataError(
                f"paths inside {path.name} that stay inside",
                f"{info.filename!r}",
                "Do not trust this archive; pack the folder again.",
            )
        if info.flag_bits & 1:
            raise DataError(f"{path.name} without a password", f"{info.filename!r} encrypted", "Pack it without one.")
    unpacked, weight = sum(info.file_size for info in infos), path.stat().st_size
    if unpacked > max(_AT_LEAST, _MOST_TIMES * weight):
        raise DataError(
            f"{path.name} to unpack to at most {_MOST_TIMES} times its size",
            f"{unpacked:,} bytes declared from {weight:,}",
            "Unpack it by hand if you trust it, and name the folder.",
        )
