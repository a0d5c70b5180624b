"""The reading of a table: its dialect and the notation of each column, as a model file keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError, ModelFileError
from chainrule.sources.reading.dialect import Dialect
from chainrule.sources.reading.notation import Notation, ReadColumn, notation_from_json
from chainrule.sources.reading.words import MISSING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class OddCells:
    """Filled cells of a column that its notation cannot read, and that are gaps therefore.

    Attributes
    ----------
    count : int
    cell : str
        The first of them.
    row : int
        Its row in the table, from 1.
    line : int
        Its line in the file; 0 where there are no lines.
    """

    column: str
    wanted: str
    count: int
    cell: str
    row: int
    line: int = 0

    @property
    def place(self) -> str:
        """`row 433 (line 434)`."""
        return f"row {self.row:,}" + (f" (line {self.line:,})" if self.line else "")

    def __str__(self) -> str:
        """`'12.3.4' in row 433 (line 434) and 2 more`."""
        return f"{self.cell!r} in {self.place}" + (f" and {self.count - 1:,} more" if self.count > 1 else "")


@dataclass(frozen=True)
class TableReading:
    """How a table was written.

    Attributes
    ----------
    dialect : Dialect or None
        None for a file that has no text: Parquet.
    columns : mapping of str to Notation
        By their names, in the order of the file.
    missing : tuple of str
        The words that stand for a gap in any column.
    """

    dialect: Dialect | None
    columns: Mapping[str, Notation] = field(default_factory=dict)
    missing: tuple[str, ...] = MISSING

    @cached_property
    def _missing_numbers(self) -> frozenset[float]:
        return frozenset(number for word in self.missing if (number := _as_number(word)) is not None)

    @property
    def has_missing_numbers(self) -> bool:
        """Whether some numbers stand for a gap."""
        return bool(self._missing_numbers)

    def read(self, name: str, cells: pa.Array) -> ReadColumn:
        """Return the values of a column's cells, texts or of a type of their own; none is looked at beside the others."""
        import pyarrow as pa

        notation = self.columns[name]
        if not pa.types.is_string(cells.type):
            return notation.read_typed(cells)
        filled = without_gaps(cells, self.missing)
        column = notation.read(filled)
        if filled.null_count > cells.null_count:
            column = replace(column, words={**_counts(cells.filter(filled.is_null())), **column.words})
        values = column.values
        if self._missing_numbers and isinstance(values, np.ndarray) and values.dtype.kind in "if":
            gaps = np.isin(values, list(self._missing_numbers))
            return replace(column, values=np.where(gaps, np.nan, values)) if gaps.any() else column
        return column

    def values_of(self, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """Return a frame whose texts in some columns are numbers, dates and words for true as in training.

        Raises
        ------
        DataError
            If a cell is none, and training had no such cells.
        """
        changed = {}
        # One look at all dtypes: a column that is taken out of a frame costs more.
        dtypes = dict(zip(frame.columns, frame.dtypes, strict=True))
        for name in names:
            notation = self.columns.get(name)
            if notation is None or name not in dtypes or notation.has_read(dtypes[name]):
                continue
            cells = _as_texts(frame[name])
            read = self.read(name, cells)
            if read.odd is not None and read.odd.any() and not notation.reads_odd_as_gaps:
                row = int(np.flatnonzero(read.odd)[0])
                came = f"{cells[row].as_py()!r} in row {row_number(frame.index, row)}"
                remedy = "Correct the cells, or leave them empty to have them filled in."
                raise DataError(f"{notation.noun} in the column {name!r}, as in training", came, remedy)
            changed[name] = read.values if isinstance(read.values, np.ndarray) else read.values.to_numpy()
        if not changed:
            return frame
        # Not by `assign`, whose own argument a column may be named after: self.
        with_values = frame.copy(deep=False)
        for name, values in changed.items():
            with_values[name] = values
        return with_values

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "dialect": None if self.dialect is None else self.dialect.to_json(),
            "columns": {name: notation.to_json() for name, notation in self.columns.items()},
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, data: Any) -> TableReading:
        """Return the reading that `to_json` described, or raise ModelFileError."""
        right = (
            isinstance(data, dict)
            and set(data) == {"dialect", "columns", "missing"}
            and isinstance(data["columns"], dict)
            and isinstance(data["missing"], list)
            and all(isinstance(word, str) for word in data["missing"])
        )
        if not right:
            raise ModelFileError(
                "a reading with a dialect, columns and missing words", f"{data!r:.80}", "The model file is damaged."
            )
        dialect = None if data["dialect"] is None else Dialect.from_json(data["dialect"])
        columns = {name: notation_from_json(item) for name, item in data["columns"].items()}
        return cls(dialect, columns, tuple(data["missing"]))


def _as_texts(column: pd.Series) -> pa.Array:
    import pyarrow as pa

    if column.dtype == "str":
        return pa.array(column.str.strip(), pa.string(), from_pandas=True)
    cells = zip(column.tolist(), column.isna().tolist(), strict=True)
    return pa.array([None if gap else str(cell).strip() for cell, gap in cells], pa.string())


def row_number(index: pd.Index, position: int) -> int:
    """Return the number, from 1, that a row has in its table, of which the index may be that of a part."""
    label = index[position]
    return int(label) + 1 if isinstance(label, (int, np.integer)) else position + 1


def without_gaps(cells: pa.Array, missing: Sequence[str]) -> pa.Array:
    """Return texts, those that are one of some words being null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not missing:
        return cells
    gaps = pc.is_in(cells, value_set=pa.array(missing, cells.type))
    return pc.if_else(gaps, None, cells) if pc.any(gaps).as_py() else cells


def _counts(cells: pa.Array) -> dict[str, int]:
    return {str(item["values"]): int(item["counts"]) for item in cells.value_counts().to_pylist() if item["values"]}


def _as_number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
