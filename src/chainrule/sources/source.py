"""Sources: a file, or the name of a built-in data set, becomes a table of cells; nothing is fitted or dropped here."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.sources.budget import require_room
from chainrule.sources.delimited import Wishes, read_text
from chainrule.sources.raw import read_bytes
from chainrule.sources.reading.decide import Asked
from chainrule.sources.reading.reading import OddCells, TableReading
from chainrule.sources.samples import Pictures, Samples
from chainrule.sources.typed import read_parquet
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
    reading : TableReading or None
        How the table was written, where one was read.
    odd : mapping of str to OddCells
        Columns of numbers or dates with cells that are none; those are gaps.
    gaps : mapping
        Columns with words that are read as gaps, and how often each is there.
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
    reading: TableReading | None = None
    odd: Mapping[str, OddCells] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

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


def check_header(header: str) -> None:
    """Raise ConfigError unless a header is auto, first, none or the number of a row."""
    if header not in HEADERS and not header.isdigit():
        raise ConfigError(
            f"a header of {', '.join(HEADERS)} or the number of a row", f"{header!r}", did_you_mean(header, HEADERS)
        )


@dataclass(frozen=True)
class Reading:
    """How DATA are to be read; what is None is found by looking at them.

    Attributes
    ----------
    header : str
        auto, first, none, or the number of the row that names the columns: see `read_table`.
    names : tuple of str, optional
        Column names that a table without a header is to have.
    delimiter, encoding, comment : str, optional
        Of a text table.
    row_names : bool, optional
        Whether the first column has the names of the rows.
    decimal : str or mapping, optional
        The sign in front of the decimals in all columns, or by their names.
    day_first : bool or mapping, optional
        Whether 1/2/2024 is the first of February, in all columns or by their names.
    missing : tuple of str, optional
        The words that stand for a gap.
    kinds : mapping of str to str
        Kinds of columns that are not to be guessed.
    stored : TableReading, optional
        The reading of the training file.
    seed : int
        Of generated data sets.
    image_size : (int, int), optional
        Height and width that pictures are brought to.
    grey : bool, optional
        Whether pictures are grey (True) or in colour (False).
    bits : int, optional
        How many bits the pixels of 16-bit files use.
    rate : int, optional
        Samples a second that sounds are to have.
    resample : bool
        Whether sounds of another rate are brought to it.
    label_from, test_from : str, optional
        Regular expressions on the path of a file: its first group is the label; a match makes it a test sample.
    labelled : bool
        Whether files need a class each; if not, all of them are read, wherever they lie.
    tagged : bool
        Whether the file is lines of a token and its label (see `sources.tagged`).
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
    bits: int | None = None
    rate: int | None = None
    resample: bool = False
    label_from: str | None = None
    test_from: str | None = None
    labelled: bool = True
    tagged: bool = False
    offline: bool = False
    strict: bool = False
    budget: int = 1 << 29
    delimiter: str | None = None
    encoding: str | None = None
    comment: str | None = None
    row_names: bool | None = None
    decimal: str | Mapping[str, str] | None = None
    day_first: bool | Mapping[str, bool] | None = None
    missing: tuple[str, ...] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    stored: TableReading | None = None

    @property
    def wishes(self) -> Wishes:
        """What is said of a table."""
        check_header(self.header)
        return Wishes(
            self.header,
            self.names,
            self.delimiter,
            self.encoding,
            self.comment,
            self.row_names,
            self.missing,
            Asked(self.kinds, self.decimal, self.day_first),
            self.stored,
        )


_AS_IT_IS = Reading()


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


def read_table(path: Path, reading: Reading = _AS_IT_IS) -> Source:
    """Read a CSV, TSV or Parquet file, gzip-ed or not.

    Parameters
    ----------
    path : Path
        The file.
    reading : Reading
        Of its header `first`: the first line names the columns; `none`: it is data, and the columns are called
        column1, column2, … (or as `names` says); `auto`: look at it and decide; a number: the row that names them.

    Raises
    ------
    DataError
        If there is no such file, or it is not a table.
    """
    reading.wishes  # noqa: B018 (what is said is checked before a large file is read)
    return read_table_of(path, read_bytes(path), reading)


def read_table_of(path: Path, raw: bytes, reading: Reading = _AS_IT_IS) -> Source:
    """Return the table that some bytes are, by the rules of `read_table`; the path is what they are called."""
    wishes = reading.wishes
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"rows in {path.name}", "an empty file", "Give a table with a header and rows.")
    require_room(path.name, raw)
    table = read_parquet(path, raw, wishes) if raw[:4] == b"PAR1" else read_text(path, raw, wishes)
    source = Source(path.name, table.frame, reading=table.reading, odd=table.odd, gaps=table.gaps)
    return replace(source, notes=[*table.notes, *odd_notes(source)])


def odd_notes(source: Source) -> list[str]:
    """Return a sentence for each column with cells that are not read, and are gaps therefore."""
    return [
        f"cells that are no {odd.wanted} count as gaps: {odd} (`columns.{odd.column}=category`)"
        for odd in source.odd.values()
    ]
