"""Columns of a request: the cells that JSON gives become the values that the training file's cells became."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.encode.dates import Date as DateEncoder
from chainrule.encode.encoder import Encoder
from chainrule.encode.numeric import Boolean
from chainrule.encode.preparation import Preparation
from chainrule.encode.seen import Seen
from chainrule.serve.refusal import CellError
from chainrule.sources.reading.dates import WHOLE
from chainrule.sources.reading.notation import Date, Flag, Notation, Number, Text
from chainrule.sources.reading.reading import TableReading

_SHOWN = 40
_EMPTY = "Correct the cell, or send null to have it filled in."


@dataclass(frozen=True)
class Column:
    """One column that the model needs.

    Attributes
    ----------
    encoder : Encoder
    notation : Notation
        How the training file wrote its cells: texts are read by it, and what JSON has as numbers are numbers.
    seen : Seen
        What training saw of it; empty where the model file does not say.
    missing : tuple of str
        Words that stand for a gap.
    """

    encoder: Encoder
    notation: Notation
    seen: Seen
    missing: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the training file had it."""
        return self.encoder.name

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers, be they amounts or the names of categories."""
        return isinstance(self.notation, Number)

    @property
    def is_flag(self) -> bool:
        """Whether its cells are true or false."""
        return self.encoder.kind == "boolean"

    @cached_property
    def words(self) -> dict[bool, str]:
        """The words of training for false and true; none where the column is no flag.

        The notation knows what they mean; to the encoder `ja` and `nein` are two words, of which either may be its 1.
        """
        told: Any = self.notation if isinstance(self.notation, Flag) else self.encoder
        return {False: told.false, True: told.true} if self.is_flag else {}

    @property
    def tells_drift(self) -> bool:
        """Whether it is known which of its values lie outside of what training saw."""
        return self.seen.low is not None or self.encoder.kind in ("boolean", "category", "ordinal")

    @property
    def noun(self) -> str:
        """What a cell must be, for people."""
        if self.is_flag and not self.is_number:
            return f"true or false, or {self.notation.describe()}" if isinstance(self.notation, Flag) else "a text"
        return {Number: "a number", Date: "a date", Flag: "a text"}.get(type(self.notation), "a text")

    @cached_property
    def _reading(self) -> TableReading:
        return TableReading(None, {self.name: self.notation}, self.missing)

    def values(self, cells: Sequence[Any]) -> np.ndarray:
        """Return the values (N,) of cells as JSON has them; null is a gap.

        Raises
        ------
        CellError
            With the row of the first cell that is not of the column's kind.
        """
        if self.is_number:
            return self._numbers(cells)
        if isinstance(self.notation, Date):
            return self._dates(cells, self.notation)
        return self._texts(cells)

    def _numbers(self, cells: Sequence[Any]) -> np.ndarray:
        found = np.full(len(cells), np.nan)
        written: dict[int, str] = {}
        for row, cell in enumerate(cells):
            if type(cell) is float or type(cell) is int:
                found[row] = self._finite(cell, row)
            elif type(cell) is str:
                written[row] = cell
            elif self.is_flag and type(cell) is bool:
                found[row] = cell
            elif cell is not None:
                raise self._wrong(cell, row)
        if written:
            values = np.asarray(self._read(written), float)
            for row, value in zip(written, values, strict=True):
                if math.isinf(value):
                    raise self._wrong(written[row], row)
            found[list(written)] = values
        return found

    def _finite(self, cell: float, row: int) -> float:
        try:
            number = float(cell)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise CellError(
                f"a finite number in the column {self.name!r}",
                f"one beyond 1.8e308 in row {row + 1}",
                _EMPTY,
                self.name,
                row + 1,
            )
        return number

    def _dates(self, cells: Sequence[Any], notation: Date) -> np.ndarray:
        found = np.full(len(cells), "NaT", "datetime64[us]")
        written: dict[int, str] = {}
        for row, cell in enumerate(cells):
            if type(cell) is str:
                written[row] = cell
            elif type(cell) is int and notation.form in WHOLE:
                written[row] = str(cell)
            elif cell is not None:
                raise self._wrong(cell, row)
        if written:
            found[list(written)] = np.asarray(self._read(written), "datetime64[us]")
        return found

    def _texts(self, cells: Sequence[Any]) -> np.ndarray:
        found = np.full(len(cells), None, object)
        written: dict[int, str] = {}
        for row, cell in enumerate(cells):
            if type(cell) is str:
                written[row] = cell
            elif self.is_flag and type(cell) is bool:
                found[row] = self.words[cell]
            elif type(cell) is int or type(cell) is float:
                number = self._finite(cell, row)
                # As a reader of tables would write it: 3 for 3.0.
                written[row] = str(cell) if type(cell) is int or not number.is_integer() else str(int(cell))
            elif cell is not None:
                raise self._wrong(cell, row)
        if written:
            read = self._read(written)
            found[list(written)] = [None if gap else text for text, gap in zip(read, read.isna(), strict=True)]
        return found

    def _read(self, written: Mapping[int, str]) -> Any:
        """Return the values of texts by row, or raise CellError for the first that is not of the column's kind."""
        import pyarrow as pa

        for row, text in written.items():
            if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
                raise CellError(
                    f"a text of whole characters in the column {self.name!r}",
                    f"half of a surrogate pair in row {row + 1}",
                    "Send the text in UTF-8.",
                    self.name,
                    row + 1,
                )
        read = self._reading.read(self.name, pa.array([text.strip() for text in written.values()], pa.string()))
        if read.odd is not None and read.odd.any() and not self.notation.reads_odd_as_gaps:
            row = list(written)[int(np.flatnonzero(read.odd)[0])]
            raise self._wrong(written[row], row)
        return read.values

    def _wrong(self, cell: Any, row: int) -> CellError:
        return CellError(
            f"{self.noun} in the column {self.name!r}, as in training",
            f"{shown(cell)} in row {row + 1}",
            _EMPTY,
            self.name,
            row + 1,
        )


def shown(cell: Any) -> str:
    """Return a cell of JSON for an error: `a list`, `true`, `'12.3.4'`."""
    if isinstance(cell, (list, dict)):
        return "a list" if isinstance(cell, list) else "an object"
    if isinstance(cell, bool) or cell is None:
        return {True: "true", False: "false", None: "null"}[cell]
    text = repr(cell) if len(str(cell)) <= _SHOWN else repr(str(cell)[:_SHOWN] + "…")
    return text.encode("utf-8", "backslashreplace").decode()


def columns_of(preparation: Preparation) -> tuple[Column, ...]:
    """Return the columns that a model needs, in the order of its encoders."""
    reading = preparation.reading
    stored = {} if reading is None else reading.columns
    missing = TableReading(None).missing if reading is None else reading.missing
    return tuple(
        Column(
            encoder,
            stored.get(encoder.name) or _usual_notation(encoder),
            preparation.seen.get(encoder.name, Seen()),
            missing,
        )
        for encoder in preparation.encoders
    )


def _usual_notation(encoder: Encoder) -> Notation:
    """Return how cells are written where the model file does not say how those of training were."""
    if encoder.kind == "numeric":
        return Number()
    if isinstance(encoder, DateEncoder):
        return Date("day first" if encoder.day_first else "month first")
    return Flag(encoder.true, encoder.false) if isinstance(encoder, Boolean) else Text()
