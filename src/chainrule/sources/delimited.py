"""Text tables: how one is laid out, and its text, or a part of it, as rows of cells."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError
from chainrule.sources.dialect import (
    DELIMITERS,
    MISSING,
    find_dialect,
    first_rows,
    has_decimal_commas,
    looks_like_header,
    with_codes,
)
from chainrule.sources.kinds import has_codes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Layout:
    """How a text table is laid out: found by looking at its first rows.

    Attributes
    ----------
    columns : tuple of str
        Their names.
    has_header : bool
        Whether the first line has them.
    delimiter, quoting, decimal
        As pandas and csv call them.
    notes : tuple of str
        What was decided, for the person.
    """

    columns: tuple[str, ...]
    has_header: bool
    delimiter: str
    quoting: int
    decimal: str
    notes: tuple[str, ...] = ()


def find_layout(path: Path, text: str, header: str = "auto", names: list[str] | None = None) -> Layout:
    """Return the layout of a text table, or raise DataError for a text that is none (see `read_table`)."""
    delimiter, quoting = find_dialect(path, text)
    rows = first_rows(text, delimiter, quoting)
    width = len(rows[0]) if rows else 1
    if width < 2:
        raise DataError(
            "a table of at least two columns, one of them the target",
            f"one column in {path.name} (delimiter: {DELIMITERS[delimiter]})",
            "Check the file and its delimiter: comma, tab, semicolon and bar are understood.",
        )
    notes: list[str] = []
    has_header = header == "first" or (header == "auto" and looks_like_header(rows))
    if header == "auto" and not has_header:
        notes.append("the first line looks like data: columns are called column1, column2, … (`header=none`)")
    if has_header:
        columns = header_names(path, rows[0])
    elif names is not None and len(names) == width:
        columns = names
    else:
        columns = [f"column{i}" for i in range(1, width + 1)]
    decimal = "," if delimiter != "," and has_decimal_commas(rows) else "."
    if decimal == ",":
        notes.append("numbers are read with a decimal comma: 3,5 is three and a half")
    return Layout(tuple(columns), has_header, delimiter, quoting, decimal, tuple(notes))


def decode(path: Path, raw: bytes) -> str:
    """Return the text of a table's bytes, or raise DataError if they are none."""
    if b"\x00" in raw[:65536]:
        raise DataError(
            f"{path.name} to be a table of text (CSV, TSV) or Parquet",
            "binary data",
            "Export the table as CSV, or name another file.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets of Western languages write this when they do not write UTF-8; it decodes any byte.
        return raw.decode("latin-1")


def header_names(path: Path, cells: list[str]) -> list[str]:
    """Return the names of the columns, or raise DataError if one is there twice."""
    names = [cell or f"column{i}" for i, cell in enumerate(cells, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "every column to have a name of its own",
            f"{', '.join(repr(name) for name in twice[:5])} more than once in the header of {path.name}",
            "Rename the columns, or use `header=none` if the first line is data.",
        )
    return names


def parse(path: Path, text: str, layout: Layout, *, first: bool) -> pd.DataFrame:
    """Return the rows of a text table, or of a part of one that is not its `first`, and so has no header."""
    import pandas as pd

    columns = list(layout.columns)
    options: dict[str, Any] = {
        "sep": layout.delimiter,
        "quoting": layout.quoting,
        "decimal": layout.decimal,
        "header": 0 if layout.has_header and first else None,
        "names": columns,
        "index_col": False,
        "skipinitialspace": True,
        "na_values": list(MISSING),
        "keep_default_na": False,
        "low_memory": False,
    }
    try:
        frame = pd.read_csv(io.StringIO(text), **options)
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        reason = str(error).strip().splitlines()[-1].removeprefix("Error tokenizing data. C error: ")
        raise DataError(
            f"{path.name} to be a table of {len(columns)} columns", reason, "Mend that line, or export the table again."
        ) from error
    if len(frame) == 0:
        raise DataError(f"rows in {path.name}", "a header alone", "Give a table with rows.")
    codes = _codes(frame, text, options)
    for name, cells in codes.items():
        frame[name] = cells
    return _numbers_behind_blanks(strip(frame), besides=set(codes))


def _codes(frame: pd.DataFrame, text: str, options: dict[str, Any]) -> dict[str, pd.Series]:
    """Return, as the texts that they are, columns that pandas took for numbers in spite of leading zeros."""
    import pandas as pd

    if not with_codes(text):
        return {}
    numeric = [name for name in frame.columns if frame[name].dtype.kind in "iuf"]
    texts = pd.read_csv(io.StringIO(text), **options | {"usecols": numeric, "dtype": str}) if numeric else frame[[]]
    return {str(name): texts[name] for name in texts.columns if has_codes(texts[name])}


def strip(frame: pd.DataFrame) -> pd.DataFrame:
    """Blanks around a cell mean nothing, and a cell of blanks alone is missing."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind in "biufM":
            continue
        cells = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
        frame[name] = cells.mask(cells.isin(MISSING))
    return frame


def _numbers_behind_blanks(frame: pd.DataFrame, besides: set[str]) -> pd.DataFrame:
    """A column that pandas took for texts because of a cell such as ` ? ` is one of numbers after all."""
    import pandas as pd

    for name in frame.columns:
        column = frame[name]
        if name in besides or column.dtype.kind in "biufM" or column.isna().all():
            continue
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.notna().equals(column.notna()):
            frame[name] = numbers
    return frame
