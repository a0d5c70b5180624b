"""The encoding of a text: by its mark, as UTF-8, or guessed from its bytes and told."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import ConfigError, DataError
from chainrule.sources.reading.guess import guess

UTF8 = "utf-8"
# The longer mark first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_BYTES = re.compile(rb"[\x80-\xff]+")
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_GUESSED_FROM = 1 << 16
# Up to this share of bytes that are none in it, a text is UTF-8 with damage, and not of another encoding.
_DAMAGED = 0.1
# The beginnings of files that are known, and no tables of text.
_KNOWN = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow or Feather file",
    b"Obj\x01": "an Avro file",
    b"\x28\xb5\x2f\xfd": "a file packed with zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
    b"\x80\x04\x95": "a pickle, which may run code when it is opened",
}


@dataclass(frozen=True)
class Decoded:
    """A text as UTF-8 without a mark, the encoding that it had, and what there is to tell of it.

    Attributes
    ----------
    bad_lines : tuple of int
        Lines, from 1, with bytes that are none in the encoding; they are read as U+FFFD.
    """

    raw: bytes
    encoding: str
    notes: tuple[str, ...] = ()
    bad_lines: tuple[int, ...] = field(default=())


def decode(path: Path, raw: bytes, encoding: str | None = None) -> Decoded:
    """Return the text of a file's bytes.

    Parameters
    ----------
    encoding : str, optional
        As the person says; else found.

    Raises
    ------
    DataError
        If the bytes are no text, or not in the encoding that was said.
    """
    if encoding is not None:
        return _as_said(path, raw, encoding)
    marked = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is not None and marked[1] != UTF8:
        text = raw.decode(marked[1], "replace")
        return Decoded(text.encode(), marked[1])
    raw = raw.removeprefix(codecs.BOM_UTF8)
    wide = _without_mark(raw)
    if wide is not None:
        return wide
    _refuse_binary(path, raw)
    try:
        raw.decode(UTF8)
    except UnicodeDecodeError:
        return _damaged(raw) or _guessed(raw)
    return Decoded(raw, UTF8)


def _without_mark(raw: bytes) -> Decoded | None:
    """Return the text of UTF-16 that has no mark, of which nearly every second byte is zero; None if it is none."""
    head = raw[:4096]
    zeros = [head[start::2].count(0) / max(1, len(head[start::2])) for start in (0, 1)]
    name = (
        "utf-16-le" if zeros[1] > 0.4 and zeros[0] == 0 else "utf-16-be" if zeros[0] > 0.4 and zeros[1] == 0 else None
    )
    if name is None:
        return None
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return None
    return Decoded(text.encode(), name, (f"the encoding is guessed to be {name} (`file_encoding`)",))


def _as_said(path: Path, raw: bytes, encoding: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
        text = raw.decode(name)
    except LookupError as error:
        raise ConfigError(
            "the name of an encoding", f"{encoding!r}", "Such as utf-8, cp1252, gbk, shift_jis or utf-16."
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path.name} to be a text in {name}",
            f"the byte 0x{raw[error.start]:02x} in line {line}",
            "Leave the encoding out to have it guessed, or mend that line.",
        ) from error
    return Decoded(text.removeprefix("\ufeff").encode(UTF8, "replace"), name)


def _refuse_binary(path: Path, raw: bytes) -> None:
    known = next((what for start, what in _KNOWN.items() if raw.startswith(start)), None)
    if raw[257:262] == b"ustar":
        known = "a tar archive: unpack it, and name the table inside"
    if known is not None or b"\x00" in raw[:65536]:
        raise DataError(
            f"{path.name} to be a table of text (CSV, TSV) or Parquet",
            known or "binary data",
            "Export the table as CSV, or name another file.",
        )


def _damaged(raw: bytes) -> Decoded | None:
    """Return the text of UTF-8 in which a few bytes are wrong, or None if it is another encoding."""
    good = sum(1 for _ in _SEQUENCE.finditer(raw))
    text = raw.decode(UTF8, "replace")
    bad = text.count("\ufffd")
    if good == 0 or bad > max(1, _DAMAGED * good):
        return None
    lines = tuple(number for number, line in enumerate(text.split("\n"), start=1) if "\ufffd" in line)
    note = f"bytes that are no UTF-8, read as \ufffd: {bad}, first in line {lines[0]} (`file_encoding`)"
    return Decoded(text.encode(), UTF8, (note,), lines)


def _guessed(raw: bytes) -> Decoded:
    """Return the text in the encoding that its bytes look most like."""
    lines = _telling_lines(raw)
    name = guess(lines) or _by_frequency(lines)
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        name = "cp1252" if name != "cp1252" else "latin-1"
        text = raw.decode(name, "replace")
    note = f"the encoding is guessed to be {name} (`file_encoding`)"
    return Decoded(text.encode(UTF8, "replace"), name, (note,))


def _telling_lines(raw: bytes) -> bytes:
    """Return the first lines that tell something: those with other bytes than ASCII has."""
    lines = [line for line in raw[: 16 * _GUESSED_FROM].split(b"\n") if _OTHER_BYTES.search(line)]
    found = b"\n".join(lines) or raw
    return found if len(found) <= _GUESSED_FROM else found[: found.rfind(b"\n", 0, _GUESSED_FROM) + 1] or found


def _by_frequency(lines: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(lines[:_GUESSED_FROM], cp_exclusion=["utf_7"]).best()
    return "cp1252" if found is None else codecs.lookup(found.encoding).name
