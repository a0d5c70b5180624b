"""Wide tables: of many columns with few rows, plain numbers are looked at together, since a call for each would cost more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.sources.reading.evidence import CODE, EITHER, FEW, POWER, Evidence
from chainrule.sources.reading.notation import Notation, Number
from chainrule.sources.reading.numbers import LARGEST
from chainrule.sources.reading.reading import TableReading, without_gaps

if TYPE_CHECKING:
    import pyarrow as pa

# Columns from which on it pays.
_MANY = 32


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Some columns of one length, all of whose filled cells are numbers.

    Attributes
    ----------
    names : list of str
    cells : array of str (D · N,)
        One column behind the other; what is a gap is null.
    values : array (D, N)
        NaN for a gap.
    filled : bool array (D, N)
    has_words : bool array (D,)
        Whether some of the gaps are words.
    """

    names: list[str]
    cells: pa.Array
    values: np.ndarray
    filled: np.ndarray
    has_words: np.ndarray

    def has(self, pattern: str) -> np.ndarray:
        """Return True for each cell (D, N) that matches a pattern."""
        import pyarrow.compute as pc

        return self._of_each(pc.match_substring_regex(self.cells, pattern))

    def has_sign(self, sign: str) -> np.ndarray:
        """Return True for each cell (D, N) that has a sign."""
        import pyarrow.compute as pc

        return self._of_each(pc.match_substring(self.cells, sign))

    def _of_each(self, found: Any) -> np.ndarray:
        return np.asarray(found.fill_null(False)).reshape(self.filled.shape)


def is_wide(rows: int, columns: int) -> bool:
    """Tell whether columns are better looked at together."""
    return columns >= _MANY and 0 < rows <= FEW


def add_all(found: Mapping[str, Evidence], columns: Mapping[str, pa.Array], gaps: Sequence[str]) -> None:
    """Take the cells of all columns in, as `Evidence.add` does."""
    left = dict(columns)
    if columns and is_wide(len(next(iter(columns.values()))), len(columns)):
        for numbers in _numbers(list(columns), list(columns.values()), gaps):
            for name in _add_plain(found, numbers):
                del left[name]
    for name, column in left.items():
        found[name].add(without_gaps(column, gaps))


def _numbers(names: list[str], columns: list[pa.Array], gaps: Sequence[str]) -> Iterator[_Numbers]:
    """Yield columns of numbers, by halves where others are among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    likely = [i for i, column in enumerate(columns) if _begins_as_number(column)]
    stack = [likely] if likely else []
    rows = len(columns[0])
    while stack:
        part = stack.pop()
        if len(part) < _MANY // 4:
            continue
        written = pa.concat_arrays([columns[i] for i in part])
        cells = without_gaps(written, gaps)
        try:
            values = pc.cast(cells, pa.float64())
        except pa.ArrowInvalid:
            stack += [part[: len(part) // 2], part[len(part) // 2 :]]
            continue
        shape = (len(part), rows)
        filled = np.asarray(cells.is_valid()).reshape(shape)
        has_words = (np.asarray(written.is_valid()).reshape(shape) != filled).any(axis=1)
        numbers = np.asarray(values.to_numpy(zero_copy_only=False), float).reshape(shape)
        yield _Numbers([names[i] for i in part], cells, numbers, filled, has_words)


def _begins_as_number(column: pa.Array) -> bool:
    cell = next((cell for cell in (column[i].as_py() for i in range(min(3, len(column)))) if cell), "")
    return cell[-1:].isdigit()


def _add_plain(found: Mapping[str, Evidence], numbers: _Numbers) -> Iterator[str]:
    """Take in the columns whose cells need no looking at one by one, and yield their names."""
    values, filled = numbers.values, numbers.filled
    size = np.abs(np.where(filled, values, 2.0))
    flags = ((size == 0) | (size == 1) | ~filled).all(axis=1)
    strange = (~np.isfinite(size) | (size > LARGEST)).any(axis=1)
    odd = numbers.has(CODE).any(axis=1) | (numbers.has(POWER) | ~filled).all(axis=1)
    odd |= (numbers.has(EITHER) | ~filled).all(axis=1) & numbers.has_sign(".").any(axis=1)
    plain = filled.any(axis=1) & ~(flags | strange | odd)
    present = np.where(filled, values, 0.0)
    whole = (present == np.rint(present)).all(axis=1)
    counts, small = filled.sum(axis=1), ((np.abs(values) < 1000) & filled).sum(axis=1)
    low = np.where(filled, values, np.inf).min(axis=1)
    high = np.where(filled, values, -np.inf).max(axis=1)
    for i in np.flatnonzero(plain).tolist():
        name = numbers.names[i]
        found[name].add_numbers(
            len(values[i]), int(counts[i]), float(low[i]), float(high[i]), int(small[i]) if whole[i] else None
        )
        yield name


def plain_columns(reading: TableReading, columns: Mapping[str, pa.Array]) -> dict[str, np.ndarray]:
    """Return the values of the columns that are plain numbers without words for gaps, as `TableReading.read` does."""
    if not columns or not is_wide(len(next(iter(columns.values()))), len(columns)) or reading.has_missing_numbers:
        return {}
    texts = {name: column for name, column in columns.items() if _is_plain(reading.columns[name], column)}
    if not texts:
        return {}
    values = {}
    for numbers in _numbers(list(texts), list(texts.values()), reading.missing):
        whole = (numbers.values == np.rint(numbers.values)).all(axis=1) & (np.abs(numbers.values) <= LARGEST).all(
            axis=1
        )
        for i in np.flatnonzero(~numbers.has_words).tolist():
            row = numbers.values[i]
            values[numbers.names[i]] = row.astype(np.int64) if whole[i] else row
    return values


def _is_plain(notation: Notation, column: pa.Array) -> bool:
    import pyarrow as pa

    return isinstance(notation, Number) and notation.decimal == "." and pa.types.is_string(column.type)
