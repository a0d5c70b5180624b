"""The archive of a saved file: one zip of few parts, each held against its declared size before it is unpacked."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.errors import ModelFileError

README = "README.md"
REMEDY = "Use a .chainrule file that Chainrule wrote, fetched whole."

_README_BYTES = 1 << 20
_DEFLATED_BYTES = 1 << 20
# What the JSON of a file may come to in memory: this much, and this many times the file. A table's column is some 200
# bytes of text, a kilobyte of objects, 50 bytes in the zip and as much again in the weights that read it.
_JSON_FLOOR = 20 << 20
_JSON_TIMES = 10
# Of Python's objects: a character, an object's dict, a list's frame, an item's place and value.
_CHARACTER, _OBJECT, _LIST, _ITEM = 3, 232, 88, 40
# The directory of a zip has some 60 bytes for a part.
_HALF = re.compile("[\ud800-\udfff]")
_DIRECTORY_BYTES = 1 << 14


@dataclass(frozen=True)
class Archive:
    """The parts of a file, read whole.

    Attributes
    ----------
    parts : mapping of str to bytes
    size : int
        Bytes of the file.
    """

    parts: Mapping[str, bytes]
    size: int

    def json(self, name: str) -> Any:
        """Return a part's JSON, or raise ModelFileError if it is none or would be out of all proportion to the file."""
        raw = self.parts[name]
        cost = _CHARACTER * len(raw) + _OBJECT * raw.count(b"{") + _LIST * raw.count(b"[")
        cost += _ITEM * (raw.count(b",") + raw.count(b":"))
        limit = json_limit(self.size)
        if cost > limit:
            raise ModelFileError(
                f"{name} of at most {limit:,} bytes in memory, for a file of {self.size:,}", f"some {cost:,}", REMEDY
            )
        try:
            return json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            # A ValueError is text that is no UTF-8, no JSON, or a number of thousands of digits.
            raise ModelFileError(f"{name} to be JSON", f"{error}", REMEDY) from error


def json_limit(size: int) -> int:
    """Return the bytes of memory that the JSON of a file of `size` bytes may come to."""
    return _JSON_FLOOR + _JSON_TIMES * size


def write_archive(parts: Mapping[str, bytes | str]) -> bytes:
    """Return a zip of the parts, the same bytes for the same parts.

    What is large is stored as it is, tensors and long JSON alike: so a file's size tells what it costs to open.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            stored = name.endswith(".safetensors") or len(content) > _DEFLATED_BYTES
            archive.writestr(info, content, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def to_json(data: Any) -> str:
    """Return JSON as the files have it: readable, and the same data the same text."""
    text = json.dumps(data, indent=1, ensure_ascii=False)
    # Half of a surrogate pair, as a file name that is not UTF-8 has it, can be written down by its number alone.
    return text if text.isascii() or not _HALF.search(text) else json.dumps(data, indent=1)


def read_archive(
    source: Path | bytes, *, what: str, parts: Set[str], optional: Set[str] = frozenset(), others: Mapping[str, str]
) -> Archive:
    """Return the parts of a file.

    Parameters
    ----------
    source : Path or bytes
        The file, or what is going to be written to it.
    what : str
        What the file is to be, with its article.
    parts, optional : set of str
        Parts that it must have, and those that it may have.
    others : mapping of str to str
        What to do with a file of another sort, by the part that it is known by.

    Raises
    ------
    ModelFileError
        If it is missing, damaged, of another sort, or has a part too many or too few, or one that is larger than it may be.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), what, parts, optional, others)
    try:
        with source.open("rb") as file:
            return _read(file, what, parts, optional, others)
    except FileNotFoundError as error:
        raise ModelFileError(what, f"no file {str(source)!r}", "Check the path.") from error
    except IsADirectoryError as error:
        raise ModelFileError(
            what, f"the folder {str(source)!r}", f"Name the file inside it: {source / 'model.chainrule'}."
        ) from error
    except ModelFileError:
        raise
    except Exception as error:
        # zipfile and zlib have no common base for what a damaged archive raises; whatever it is, it is the file's fault.
        raise ModelFileError(f"{source.name} to be {what}, whole", f"{error}", REMEDY) from error


def _read(file: BinaryIO, what: str, wanted: Set[str], optional: Set[str], others: Mapping[str, str]) -> Archive:
    size = file.seek(0, os.SEEK_END)
    _check_directory(file, size)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        names = {info.filename for info in infos}
        for part, remedy in others.items():
            if part in names and not wanted <= names:
                raise ModelFileError(what, f"a file with {part}", remedy)
        strange = sorted((wanted - names) | (names - wanted - optional))
        if strange or len(names) != len(infos):
            raise ModelFileError(
                f"the parts {', '.join(sorted(wanted))} and no others",
                f"a difference in {strange[:3] or ['a part twice']!r:.300}",
                REMEDY,
            )
        return Archive({info.filename: _read_part(archive, info, size) for info in infos}, size)


def _check_directory(file: BinaryIO, size: int) -> None:
    """Raise ModelFileError if the zip's directory is long: zipfile would read all of it before anybody could ask."""
    tail_size = min(size, (1 << 16) + 256)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return
    directory = struct.unpack_from("<I", tail, end + 12)[0]
    # A file of more than 4 GiB has a second record, 56 bytes, before a locator of 20.
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07") and end >= 76:
        directory = max(directory, struct.unpack_from("<Q", tail, end - 76 + 40)[0])
    if directory > _DIRECTORY_BYTES:
        raise ModelFileError(f"a directory of at most {_DIRECTORY_BYTES:,} bytes", f"{directory:,} bytes", REMEDY)


def _read_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    name = info.filename
    # Tensors are stored as they are, so they cannot be larger than the file itself.
    limit = size if name.endswith(".safetensors") else json_limit(size) // _CHARACTER
    limit = _README_BYTES if name == README else limit
    if info.file_size > limit:
        raise ModelFileError(f"{name} of at most {limit:,} bytes", f"{info.file_size:,} declared", REMEDY)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelFileError(f"{name} stored or deflated", f"compression method {info.compress_type}", REMEDY)
    # Asked for a number of bytes, zipfile stops there; `archive.read` would first unpack whatever there is, and only
    # then find that it is more than was declared.
    with archive.open(info) as part:
        content = part.read(info.file_size)
        if len(content) != info.file_size or part.read(1):
            raise ModelFileError(
                f"{name} of {info.file_size:,} bytes, as declared", f"{len(content):,} or more", REMEDY
            )
    return content
