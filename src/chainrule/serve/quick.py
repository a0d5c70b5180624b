"""The quick way from rows of JSON to x: no table in between, for rows in which nothing is out of the ordinary.

A table of one row costs a hundred times what its numbers do. Here numbers are scaled all at once and categories looked up in
a dictionary, by the same operations in the same order as the encoders', so that the same bits come out; a test holds the two
against each other. Whatever is not plain (a gap, a text where numbers were, a new category) is left to the slow way, which
knows what to say of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from chainrule.encode.category import Category
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.serve.columns import Column
from chainrule.sources.reading.notation import Flag, Number, Text

Rows = Sequence[dict[str, Any]]
_PLAIN = {float, int}


@dataclass(frozen=True)
class _Numbers:
    """Columns of numbers: where their values and indicators are in x, and how they are scaled, each (D,)."""

    at: np.ndarray
    columns: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seen: tuple[np.ndarray, np.ndarray]
    cells: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class _Words:
    """A column of words: the place in x of the indicator, or the value, that each raises."""

    name: str
    raised: dict[Any, tuple[int, float]]


class Quick:
    """The columns of a table by their place in x.

    Parameters
    ----------
    columns : sequence of Column
        In the order of the encoders.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._n_columns = len(columns)
        ends = np.cumsum([column.encoder.width for column in columns])
        starts = [0, *ends[:-1].tolist()]
        self._width = int(ends[-1]) if len(ends) else 0
        numeric = [(i, column) for i, column in enumerate(columns) if isinstance(column.encoder, Numeric)]
        self._numbers = _numbers_of(numeric, starts) if numeric else None
        self._words = [
            _Words(column.name, _raised(column, starts[i]))
            for i, column in enumerate(columns)
            if not isinstance(column.encoder, Numeric)
        ]

    @staticmethod
    def covers(columns: Sequence[Column]) -> bool:
        """Whether all columns are of the kinds that there is a quick way for."""
        return bool(columns) and all(_is_covered(column) for column in columns)

    def encode(self, rows: Rows) -> tuple[np.ndarray, np.ndarray] | None:
        """Return x (N, D) in float32, and how many values of each column lie outside of what training saw.

        None comes back where any row is not plain; it is then for the slow way to say why.
        """
        width = self._n_columns
        if any(len(row) != width for row in rows):
            return None
        x = np.zeros((len(rows), self._width), np.float32)
        outside = np.zeros(width, np.int64)
        try:
            if self._numbers is not None and not self._put_numbers(self._numbers, rows, x, outside):
                return None
            for words in self._words:
                for row, cells in enumerate(rows):
                    at, value = words.raised[_key(cells[words.name])]
                    x[row, at] = value
        except (KeyError, OverflowError, TypeError):
            # A column that is not there, a word or a number that is not known, a list.
            return None
        return x, outside

    @staticmethod
    def _put_numbers(numbers: _Numbers, rows: Rows, x: np.ndarray, outside: np.ndarray) -> bool:
        cells = list(map(numbers.cells, rows))
        if not set(map(type, chain.from_iterable(cells))) <= _PLAIN:
            return False
        values = np.array(cells, float)
        if not np.isfinite(values).all():
            return False
        with np.errstate(over="ignore"):
            y = (np.clip(values, numbers.low, numbers.high) - numbers.center) / numbers.scale
        x[:, numbers.at] = np.clip(y, -1e6, 1e6)
        least, most = numbers.seen
        outside[numbers.columns] = ((values < least) | (values > most)).sum(axis=0)
        return True


def _key(cell: Any) -> Any:
    # True is 1 to a dictionary, and 1.0 is 1.
    return (type(cell), cell)


def _is_covered(column: Column) -> bool:
    encoder = column.encoder
    if isinstance(encoder, Numeric):
        return column.is_number
    if isinstance(encoder, Boolean):
        return isinstance(column.notation, (Flag, Number))
    return isinstance(encoder, Category) and not encoder.is_wide and isinstance(column.notation, (Text, Number))


def _numbers_of(numeric: Sequence[tuple[int, Column]], starts: Sequence[int]) -> _Numbers:
    encoders = [column.encoder for _, column in numeric]
    names = [encoder.name for encoder in encoders]
    one = itemgetter(names[0])
    bounds = [encoder.bounds or (-np.inf, np.inf) for encoder in encoders]  # type: ignore[attr-defined]
    seen = [column.seen for _, column in numeric]
    return _Numbers(
        np.array([starts[i] for i, _ in numeric]),
        np.array([i for i, _ in numeric]),
        np.array([encoder.center for encoder in encoders]),  # type: ignore[attr-defined]
        np.array([encoder.scale for encoder in encoders]),  # type: ignore[attr-defined]
        np.array([low for low, _ in bounds]),
        np.array([high for _, high in bounds]),
        (
            np.array([-np.inf if one.low is None else one.low for one in seen]),
            np.array([np.inf if one.high is None else one.high for one in seen]),
        ),
        itemgetter(*names) if len(names) > 1 else lambda row: (one(row),),
    )


def _raised(column: Column, start: int) -> dict[Any, tuple[int, float]]:
    """Return what each known cell of a column of words raises in x."""
    encoder = column.encoder
    if isinstance(encoder, Boolean):
        if column.is_number:
            return {(kind, kind(bit)): (start, float(bit)) for kind in (int, float, bool) for bit in (0, 1)}
        # Other words for true are read by the notation: the slow way's business.
        bits = {encoder.false: (start, 0.0), encoder.true: (start, 1.0)}
        said: dict[Any, tuple[int, float]] = {(str, word): place for word, place in bits.items()}
        said |= {(bool, flag): bits[word] for flag, word in column.words.items() if word in bits}
        return said | {(int, int(word)): place for word, place in bits.items() if word in ("0", "1")}
    assert isinstance(encoder, Category)  # noqa: S101 (by `covers`; for the type checker)
    raised: dict[Any, tuple[int, float]] = {}
    for i, category in enumerate(encoder.categories):
        if not column.is_number:
            raised[(str, category)] = (start + i, 1.0)
            continue
        try:
            number = float(category)
        except ValueError:
            # A word among numbers, which no cell of JSON's numbers is.
            continue
        raised[(float, number)] = (start + i, 1.0)
        if number.is_integer():
            raised[(int, int(number))] = (start + i, 1.0)
    return raised
