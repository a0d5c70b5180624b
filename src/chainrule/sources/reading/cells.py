"""Cells: a text table, or a part of one, as columns of texts; no row is ever shifted, and each knows its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.reading.dialect import Dialect, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes that are cut at a time.
_BLOCK = 4 << 20
_EMPTY_LINE = re.compile(rb"\n[ \t]*\r?\n|\A[ \t]*\r?\n")


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a table or of a part of one.

    Attributes
    ----------
    columns : list of arrays of str
        Without blanks around them; what is empty is null.
    short : (int, int)
        Rows that end before the last column, and the line of the first of them.
    """

    columns: list[pa.Array]
    short: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0]) if self.columns else 0


def table_start(raw: bytes, dialect: Dialect) -> tuple[int, int]:
    """Return where the first row of a table begins, in bytes and in lines: below what stands above it."""
    above = dialect.skip + dialect.header
    if above == 0:
        return 0, 0
    head, size = raw, len(raw)
    if size > 1 << 22:
        head = raw[: raw.rfind(b"\n", 0, 1 << 22) + 1] or raw
    rows = list(islice(rows_of(head.decode("utf-8", "replace"), dialect), above))
    line, at = rows[-1][0] if rows else 0, 0
    for text in islice(io.StringIO(head.decode("utf-8", "surrogateescape"), newline=""), line):
        at += len(text.encode("utf-8", "surrogateescape"))
    return at, line


def cut(raw: bytes, dialect: Dialect, names: Sequence[str], *, name: str, line: int = 0, row: int = 0) -> Cells:
    """Return the cells of rows without a header.

    Parameters
    ----------
    raw : bytes
        Whole rows, in UTF-8.
    names : sequence of str
        Of the columns.
    name : str
        Of the file.
    line, row : int
        Lines, and rows, of the file above these.

    Raises
    ------
    DataError
        If a row has more cells than there are columns, or is the header again, with its row and its line.
    """
    fast = None if _needs_care(raw, dialect) else _cut_fast(raw, dialect, names)
    cells = fast if fast is not None else _cut_with_care(raw, dialect, names, name, line, row)
    again = _header_again(cells, names) if dialect.header else None
    if again is not None:
        place = f"row {row + again + 1:,} (line {line + lines_of(raw, dialect, [again])[0]:,})"
        raise DataError(f"one header in {name}", f"it again in {place}", "Files were joined: take that line out.")
    return cells


def _header_again(cells: Cells, names: Sequence[str]) -> int | None:
    """Return the first row, from 0, whose cells are the names of the columns; None if there is none."""
    import pyarrow.compute as pc

    if len(names) < 2 or len(cells) == 0:
        return None
    same = pc.equal(cells.columns[0], names[0])
    if not pc.any(same).as_py():
        return None
    rows = np.flatnonzero(np.asarray(same.fill_null(False)))
    return next(
        (int(i) for i in rows if all(c[int(i)].as_py() == n for c, n in zip(cells.columns, names, strict=True))), None
    )


def _needs_care(raw: bytes, dialect: Dialect) -> bool:
    """Tell whether a table has what Arrow's reader does not know: comments, and blanks in front of quotes."""
    if dialect.comment or dialect.delimiter == " ":
        return True
    if not dialect.quote or dialect.quote.encode() not in raw:
        return False
    blank = re.compile(rb"(^|" + re.escape(dialect.delimiter.encode()) + rb")[ \t]+" + dialect.quote.encode(), re.M)
    return blank.search(raw) is not None


def _cut_fast(raw: bytes, dialect: Dialect, names: Sequence[str]) -> Cells | None:
    """Return the cells by Arrow's reader, or None where it is not sure of all rows."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    if not raw.strip():
        return Cells([pa.array([], pa.string()) for _ in names])
    unsure: list[object] = []

    def handle(row: object) -> str:
        unsure.append(row)
        return "skip"

    quoted = bool(dialect.quote) and dialect.quote.encode() in raw
    try:
        table = arrow.read_csv(
            pa.BufferReader(raw),
            read_options=arrow.ReadOptions(column_names=list(names), block_size=_BLOCK),
            parse_options=arrow.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                escape_char=dialect.escape or False,
                newlines_in_values=quoted,
                invalid_row_handler=handle,
            ),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if unsure:
        return None
    return Cells([_trimmed(column.combine_chunks()) for column in table.columns])


def _trimmed(cells: pa.Array) -> pa.Array:
    """Return texts without blanks around them; nothing is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(cells, pa.ChunkedArray):
        cells = pa.concat_arrays(cells.chunks) if cells.num_chunks else pa.array([], pa.string())
    trimmed = pc.utf8_trim_whitespace(cells)
    if pc.sum(pc.binary_length(trimmed)).as_py() == pc.sum(pc.binary_length(cells)).as_py():
        return cells
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _cut_with_care(raw: bytes, dialect: Dialect, names: Sequence[str], name: str, line: int, row: int) -> Cells:
    """Return the cells by Python's reader, which tells the line of each row."""
    import pyarrow as pa

    width = len(names)
    columns: list[list[str | None]] = [[] for _ in names]
    short, first_short, number = 0, 0, row
    try:
        for end, cells in rows_of(raw.decode("utf-8", "replace"), dialect):
            number += 1
            while len(cells) > width and not cells[-1]:
                cells.pop()
            if len(cells) > width:
                raise _too_long(name, width, cells, number, line + end)
            if len(cells) < width:
                short += 1
                first_short = first_short or line + end
                cells.extend([""] * (width - len(cells)))
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell or None)
    except csv.Error as error:
        raise DataError(
            f"{name} to be a table of {width} columns",
            f"{error} behind row {number}",
            "Mend that line, or export the table again.",
        ) from error
    return Cells([pa.array(column, pa.string()) for column in columns], (short, first_short))


def _too_long(name: str, width: int, cells: list[str], row: int, line: int) -> DataError:
    return DataError(
        f"{name} to be a table of {width} columns",
        f"{len(cells)} cells in row {row:,} (line {line:,}): {', '.join(cells)[:60]!r}",
        "Mend that line (a cell that has the delimiter inside needs quotes), or say `delimiter`.",
    )


def lines_of(raw: bytes, dialect: Dialect, rows: Sequence[int]) -> list[int]:
    """Return the line, from 1, in which each of some rows ends; rows are counted from 0.

    Parameters
    ----------
    raw : bytes
        Rows without a header, in UTF-8.
    """
    if not rows:
        return []
    plain = (not dialect.quote or dialect.quote.encode() not in raw) and not dialect.comment
    if plain and not _EMPTY_LINE.search(raw) and b"\r" not in raw.replace(b"\r\n", b""):
        return [row + 1 for row in rows]
    wanted, found = set(rows), {}
    for number, (line, _) in enumerate(islice(rows_of(raw.decode("utf-8", "replace"), dialect), max(rows) + 1)):
        if number in wanted:
            found[number] = line
    return [found.get(row, row + 1) for row in rows]
