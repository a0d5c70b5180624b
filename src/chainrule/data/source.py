"""Sources: a file, or the name of a built-in data set, becomes a table of cells; nothing is fitted or dropped here."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.delimited import decode, find_layout, header_names, parse, strip
from chainrule.data.dialect import short_rows
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
    text = decode(path, raw)
    layout = find_layout(path, text, header, names)
    frame = parse(path, text, layout, first=True)
    notes = list(layout.notes)
    if frame.iloc[:, -1].isna().any():
        notes += short_rows(text, layout.delimiter, layout.quoting, len(layout.columns))
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
        raise damaged_parquet(path, error) from error
    frame = plain_cells(path, frame)
    if frame.shape[1] < 2 or len(frame) == 0:
        raise DataError(
            "a table of at least two columns and one row", f"a table of shape {frame.shape}", "Name another file."
        )
    return Source(path.name, frame)


def damaged_parquet(path: Path, error: Exception) -> DataError:
    """Return the error for a Parquet file that cannot be read."""
    return DataError(f"{path.name} to be a whole Parquet file", str(error)[:200], "Write the file again.")


def plain_cells(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of Arrow's types as one of numbers, dates and texts, each column by its name."""
    # An index that has a name is a column that somebody set aside; one without is the number of the row.
    frame = frame.reset_index(drop=frame.index.names == [None])
    frame.columns = [str(name) for name in frame.columns]
    header_names(path, list(frame.columns))
    for name in frame.columns:
        frame[name] = _plain(path, frame[name])
    return strip(frame)
