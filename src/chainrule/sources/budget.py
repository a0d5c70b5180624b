"""Budgets: what a table will weigh in memory, known from its file before anything is made of it."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError, TooLargeError

MOST_COLUMNS = 100_000
# Measured at the peak of reading: a byte of text as bytes, as letters and as words; a cell as a list's entry and a text.
BYTES_OF_A_BYTE, BYTES_OF_A_CELL = 9, 24
# Of a Parquet file: what Arrow decodes, what pandas makes of it, and a text of Python's own beside its letters.
TIMES_DECODED, BYTES_OF_A_TEXT = 3, 60
_DELIMITERS = (b",", b";", b"\t", b"|")
_HEAD = 1 << 20
_QUOTED = re.compile(rb'"[^"]*"')
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
_CGROUP = Path("/sys/fs/cgroup")


def require_room(name: str, raw: bytes, most: int | None = None) -> None:
    """Raise DataError if a table is too large for the memory that is free, or for `most` bytes.

    Parameters
    ----------
    name : str
        Of the file.
    raw : bytes
        Its content: text, or Parquet.
    most : int, optional
        Bytes in memory; what the machine has free if left out.
    """
    free = free_memory() if most is None else most
    needed = _parquet_weight(name, raw, free) if raw[:4] == b"PAR1" else _text_weight(name, raw)
    if free is not None and needed > free:
        raise DataError(
            f"a table that fits into the {amount(free)} of memory that may be used",
            f"{name}, which needs about {amount(needed)}",
            "Leave it on the disk with `stream`, or give a part of its rows.",
        )


def out_of_memory(name: str) -> TooLargeError:
    """Return the error for data of which nobody knew beforehand how much they would need."""
    free = free_memory()
    came = f"{name}, which needs more" + (f" than the {amount(free)} that are free" if free is not None else "")
    return TooLargeError(
        "data that fit into memory", came, "Leave them on the disk with `stream`, or give a part of them."
    )


def amount(size: float) -> str:
    """Return a number of bytes in words."""
    return f"{size / (1 << 30):,.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):,.0f} MiB"


def free_memory() -> int | None:
    """Return how many bytes this process may still take, or None where nobody says."""
    found = [
        size for size in (_free_of_the_machine(), _free_of_the_group(), _free_of_the_process()) if size is not None
    ]
    return min(found, default=None)


def _text_weight(name: str, raw: bytes) -> int:
    head = _QUOTED.sub(b"", raw[:_HEAD])
    columns = max((line.count(sign) for line in head.split(b"\n")[:200] for sign in _DELIMITERS), default=0) + 1
    if columns > MOST_COLUMNS:
        raise DataError(
            f"a table of at most {MOST_COLUMNS:,} columns",
            f"{columns:,} or more in {name}",
            "Check its delimiter, or lay out its rows as columns.",
        )
    cells = max(raw.count(sign) for sign in _DELIMITERS) + raw.count(b"\n")
    return BYTES_OF_A_BYTE * len(raw) + BYTES_OF_A_CELL * cells


def _parquet_weight(name: str, raw: bytes, free: int | None) -> int:
    """Bytes of the decoded table: exact for numbers, bounded for texts, and exact for them too where the bound is high."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        about = read_metadata(io.BytesIO(raw))
        if about.num_columns > MOST_COLUMNS:
            raise DataError(f"a table of at most {MOST_COLUMNS:,} columns", f"{about.num_columns:,}", "Leave some out.")
        numbers: int = 0
        texts: int = 0
        doubtful: int = 0
        for group in range(about.num_row_groups):
            for column in range(about.num_columns):
                chunk = about.row_group(group).column(column)
                width = _WIDTHS.get(chunk.physical_type)
                if width is not None:
                    numbers += TIMES_DECODED * chunk.num_values * max(width, 8)
                elif "DICTIONARY" in " ".join(chunk.encodings):
                    doubtful += chunk.num_values * chunk.total_uncompressed_size
                else:
                    texts += TIMES_DECODED * chunk.total_uncompressed_size + BYTES_OF_A_TEXT * chunk.num_values
        declared: int = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        known: int = max(numbers + texts, declared)
        if free is None or known > free or known + TIMES_DECODED * doubtful <= free:
            return known
        return known + _words_weight(raw, about)
    except (ArrowException, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name} to be a whole Parquet file", f"{error!s:.200}", "Write the file again.") from error


def _words_weight(raw: bytes, about: Any) -> int:
    """Bytes of the columns that lie as a dictionary and numbers into it: each word as often as it is told."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile

    schema = about.schema.to_arrow_schema()
    names = [field.name for field in schema if _has_words(field.type)]
    total = 0
    with ParquetFile(io.BytesIO(raw), read_dictionary=names) as file:
        for group in range(about.num_row_groups):
            for name in names:
                for chunk in file.read_row_group(group, columns=[name]).column(0).chunks:
                    if not pa.types.is_dictionary(chunk.type):
                        total += TIMES_DECODED * chunk.nbytes
                        continue
                    lengths = np.asarray(pc.binary_length(chunk.dictionary).fill_null(0), np.int64)
                    told = np.bincount(np.asarray(chunk.indices.drop_null(), np.int64), minlength=len(lengths))
                    total += TIMES_DECODED * int(lengths @ told) + BYTES_OF_A_TEXT * len(chunk)
    return total


def _has_words(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _has_words(kind.value_type)
    return any(
        is_one(kind) for is_one in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    )


def _free_of_the_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _free_of_the_group() -> int | None:
    """What a container may still take."""
    try:
        most = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        taken = (_CGROUP / "memory.current").read_text(encoding="ascii").strip()
        return None if most == "max" else max(0, int(most) - int(taken))
    except (OSError, ValueError):
        return None


def _free_of_the_process() -> int | None:
    """What `ulimit -v` leaves."""
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None
    return None if most == resource.RLIM_INFINITY else max(0, most - taken)
