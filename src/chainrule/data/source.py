"""Sources: a file, or the name of a built-in data set, becomes a table of cells; nothing is fitted or dropped here."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.dialect import (
    DELIMITERS,
    MISSING,
    find_dialect,
    first_rows,
    has_decimal_commas,
    looks_like_header,
    short_rows,
    with_codes,
)
from chainrule.data.kinds import has_codes
from chainrule.data.samples import Samples
from chainrule.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

HEADERS = ("auto", "first", "none")


@dataclass(frozen=True, eq=False)
class Source:
    """Samples with what is known of them: the rows of a table, or pictures or sounds beside their labels.

    Attributes
    ----------
    name : str
        Of the file or data set.
    frame : DataFrame
        One row a sample: the cells of a table, or the label, and the file where it has one, of a picture or sound.
    samples : Samples or None
        The pictures or sounds, in the order of the rows; None where the cells of a row are the sample.
    target : str or None
        The column to be predicted, where the source itself says so.
    task : str or None
        classification or regression, where the source itself says so.
    parts : mapping of str to int array, or None
        The rows of `train`, `valid` and `test` as published, where the source itself says so.
    notes : list of str
        What was decided while reading, for the person.
    """

    name: str
    frame: pd.DataFrame
    target: str | None = None
    task: str | None = None
    samples: Samples | None = None
    parts: Mapping[str, np.ndarray] | None = None
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.frame)

    def take(self, rows: np.ndarray) -> Source:
        """Return some of the samples, with the published parts that are left of them."""
        parts = self.parts and {name: np.flatnonzero(np.isin(rows, part)) for name, part in self.parts.items()}
        frame = self.frame.iloc[rows].reset_index(drop=True)
        return replace(self, frame=frame, samples=self.samples and self.samples.take(rows), parts=parts)


@dataclass(frozen=True)
class Reading:
    """How DATA are to be read; what is None is found by looking at them.

    Attributes
    ----------
    header : str
        auto, first or none, see `read_table`.
    names : tuple of str, optional
        Column names that a table without a header is to have.
    seed : int
        Of generated data sets.
    """

    header: str = "auto"
    names: tuple[str, ...] | None = None
    seed: int = 0


def read_table(path: Path, header: str = "auto", names: list[str] | None = None) -> Source:
    """Read a CSV, TSV or Parquet file, gzip-ed or not.

    Parameters
    ----------
    path : Path
        The file.
    header : str
        `first`: the first line names the columns; `none`: it is data, and the columns are called column1,
        column2, …; `auto`: look at it and decide.
    names : list of str, optional
        Column names that a file without a header is to have (those of the training file).

    Raises
    ------
    DataError
        If there is no such file, or it is not a table.
    """
    if header not in HEADERS:
        raise ConfigError(f"a header of {', '.join(HEADERS)}", f"{header!r}", did_you_mean(header, HEADERS))
    raw = _read_bytes(path)
    if raw[:4] == b"PAR1":
        return _parquet(path, raw)
    text = _decode(path, raw)
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
        notes.append("the first line looks like data: columns are called column1, column2, … (--header none)")
    if has_header:
        columns = _header_names(path, rows[0])
    elif names is not None and len(names) == width:
        columns = names
    else:
        columns = [f"column{i}" for i in range(1, width + 1)]
    decimal = "," if delimiter != "," and has_decimal_commas(rows) else "."
    if decimal == ",":
        notes.append("numbers are read with a decimal comma: 3,5 is three and a half")
    options = {"sep": delimiter, "quoting": quoting, "decimal": decimal, "header": 0 if has_header else None}
    frame = _parse(path, text, columns, options)
    if frame.iloc[:, -1].isna().any():
        notes += short_rows(text, delimiter, quoting, width)
    return Source(path.name, frame, notes=notes)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size, mode = path.stat().st_size, path.stat().st_mode
            raw = file.read()
    except IsADirectoryError as error:
        raise DataError("a file", f"the folder {path}", "Name a CSV, TSV or Parquet file.") from error
    except FileNotFoundError as error:
        raise DataError(
            "a file or the name of a built-in data set",
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
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"{path.name} to be a whole gzip file", f"{error}", "Fetch or write the file again."
            ) from error
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"rows in {path.name}", "an empty file", "Give a table with a header and rows.")
    return raw


def _decode(path: Path, raw: bytes) -> str:
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


def _header_names(path: Path, cells: list[str]) -> list[str]:
    names = [cell or f"column{i}" for i, cell in enumerate(cells, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "every column to have a name of its own",
            f"{', '.join(repr(name) for name in twice[:5])} more than once in the header of {path.name}",
            "Rename the columns, or use --header none if the first line is data.",
        )
    return names


def _parse(path: Path, text: str, columns: list[str], dialect: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {
        **dialect,
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
    return _numbers_behind_blanks(_strip(frame), besides=set(codes))


def _codes(frame: pd.DataFrame, text: str, options: dict[str, Any]) -> dict[str, pd.Series]:
    """Return, as the texts that they are, columns that pandas took for numbers in spite of leading zeros."""
    import pandas as pd

    if not with_codes(text):
        return {}
    numeric = [name for name in frame.columns if frame[name].dtype.kind in "iuf"]
    texts = pd.read_csv(io.StringIO(text), **options | {"usecols": numeric, "dtype": str}) if numeric else frame[[]]
    return {str(name): texts[name] for name in texts.columns if has_codes(texts[name])}


def _strip(frame: pd.DataFrame) -> pd.DataFrame:
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


def _plain(path: Path, column: pd.Series) -> pd.Series:
    """Return a column of pandas' or Arrow's own types as one of numbers, dates or Python's objects."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_extension_array_dtype(column.dtype):
        if column.dtype.kind in "iuf":
            return pd.Series(column.to_numpy(float, na_value=float("nan")), index=column.index, name=column.name)
        if column.dtype.kind == "b":
            column = column.astype(object)
    if column.dtype == object:
        column = column.where(column.notna(), None)
        strange = next((cell for cell in column if not (cell is None or pd.api.types.is_scalar(cell))), None)
        if strange is not None:
            raise DataError(
                f"one value in each cell of the column {column.name!r} of {path.name}",
                f"{type(strange).__name__}: {strange!r:.60}",
                "Leave the column out, or spread its values over columns of their own.",
            )
    return column


def _parquet(path: Path, raw: bytes) -> Source:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(raw))
    except Exception as error:
        # pyarrow has no common base for what a damaged file may raise.
        raise DataError(f"{path.name} to be a whole Parquet file", str(error)[:200], "Write the file again.") from error
    # An index that has a name is a column that somebody set aside; one without is the number of the row.
    frame = frame.reset_index(drop=frame.index.names == [None])
    frame.columns = [str(name) for name in frame.columns]
    _header_names(path, list(frame.columns))
    for name in frame.columns:
        frame[name] = _plain(path, frame[name])
    if frame.shape[1] < 2 or len(frame) == 0:
        raise DataError(
            "a table of at least two columns and one row", f"a table of shape {frame.shape}", "Name another file."
        )
    return Source(path.name, _strip(frame))
