"""Sources: a file, or the name of a built-in data set, becomes a table of cells; nothing is fitted or dropped here."""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.sources.budget import require_room
from chainrule.sources.delimited import decode, find_layout, header_names, parse, strip
from chainrule.sources.dialect import short_rows
from chainrule.sources.raw import read_bytes
from chainrule.sources.samples import Pictures, Samples
from chainrule.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import pandas as pd

HEADERS = ("auto", "first", "none")
# The column of the files, where each sample is one.
FILE = "file"


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
    kinds : mapping of str to str
        What columns are, where the source itself says so.
    notes : list of str
        What was decided while reading, for the person.
    unreadable : tuple of Unreadable
        Files or rows that were left out, all of them.
    """

    name: str
    frame: pd.DataFrame
    target: str | None = None
    task: str | None = None
    samples: Samples | None = None
    parts: Mapping[str, np.ndarray] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unreadable: tuple[Unreadable, ...] = ()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.frame)

    @property
    def is_of_files(self) -> bool:
        """Whether each sample is a file, named in the column `file`."""
        return FILE in self.frame.columns and (self.samples is not None or FILE in self.kinds)

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
    image_size : (int, int), optional
        Height and width that pictures are brought to.
    grey : bool, optional
        Whether pictures are grey (True) or in colour (False).
    rate : int, optional
        Samples a second that sounds are to have.
    resample : bool
        Whether sounds of another rate are brought to it.
    label_from, test_from : str, optional
        Regular expressions on the path of a file: its first group is the label; a match makes it a test sample.
    offline : bool
        Whether nothing may be fetched.
    strict : bool
        Whether a file that cannot be read stops everything.
    budget : int
        Bytes of pictures that are held in memory; more lie in a memory map in the cache.
    """

    header: str = "auto"
    names: tuple[str, ...] | None = None
    seed: int = 0
    image_size: tuple[int, int] | None = None
    grey: bool | None = None
    rate: int | None = None
    resample: bool = False
    label_from: str | None = None
    test_from: str | None = None
    offline: bool = False
    strict: bool = False
    budget: int = 1 << 29


def pictures_source(
    name: str,
    pictures: Pictures,
    labels: np.ndarray,
    *,
    column: str = "label",
    names: Sequence[str] = (),
    parts: Mapping[str, np.ndarray] | None = None,
) -> Source:
    """Return pictures with a class for each: its number, or its name where `names` has one for each number.

    Raises
    ------
    DataError
        If a label is not the number of one of the `names`.
    """
    import pandas as pd

    if len(names):
        beyond = (labels < 0) | (labels >= len(names))
        if beyond.any():
            row = int(np.flatnonzero(beyond)[0])
            raise DataError(
                f"a class from 0 to {len(names) - 1} for each picture of {name}",
                f"{labels[row]} for the picture {row + 1}",
                "Check that the file is whole and of this format.",
            )
        labels = np.array(names, dtype=object)[labels]
    elif labels.dtype.kind in "iu":
        labels = labels.astype(np.int64)
    frame = pd.DataFrame({column: labels})
    return Source(name, frame, column, "classification", pictures, parts)


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
    raw = read_bytes(path)
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"rows in {path.name}", "an empty file", "Give a table with a header and rows.")
    require_room(path.name, raw)
    if raw[:4] == b"PAR1":
        return _parquet(path, raw)
    text = decode(path, raw)
    layout = find_layout(path, text, header, names)
    frame = parse(path, text, layout, first=True)
    notes = list(layout.notes)
    if frame.iloc[:, -1].isna().any():
        notes += short_rows(text, layout.delimiter, layout.quoting, len(layout.columns))
    return Source(path.name, frame, notes=notes)


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
        # Texts that are none are met only where they are looked at.
        frame = plain_cells(path, pd.read_parquet(io.BytesIO(raw)))
    except DataError:
        raise
    except Exception as error:
        # pyarrow has no common base for what a damaged file may raise.
        raise damaged_parquet(path, error) from error
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
