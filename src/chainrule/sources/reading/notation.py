"""Notations: what the cells of one column mean, decided once and applied to any rows of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.sources.reading.dates import WHOLE, moment_in
from chainrule.sources.reading.numbers import number_in
from chainrule.sources.reading.values import NO_TIME, as_texts, plain_dates, plain_numbers, texts, value_of_each, whole
from chainrule.sources.reading.words import FALSE, MARKS, TRUE

if TYPE_CHECKING:
    import pyarrow as pa

_DAMAGED = "The model file is damaged."


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """The values of some cells.

    Attributes
    ----------
    values : array or pandas array
        One for each cell; a gap is NaN, NaT or a missing text.
    odd : bool array or None
        Cells that are filled and could not be read; their values are gaps.
    words : mapping of str to int
        How often words are in the cells that are known for a gap.
    """

    values: Any
    odd: np.ndarray | None = None
    words: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Notation(ABC):
    """How the cells of a column are written; JSON-able."""

    kind: ClassVar[str]
    noun: ClassVar[str] = "texts"
    # Whether cells are what is written in them, and no numbers or dates whatever they look like.
    is_text: ClassVar[bool] = False

    @property
    def is_name(self) -> bool:
        """Whether cells are names of rows."""
        return False

    @property
    def reads_odd_as_gaps(self) -> bool:
        """Whether cells that cannot be read are gaps, because training had such cells too."""
        return False

    def as_said(self, decimal: str | None, day_first: bool | None) -> Notation:
        """Return the notation with the decimal sign and the order of dates that a person says of another file."""
        return self

    def has_read(self, dtype: Any) -> bool:
        """Whether a column of this dtype has values already."""
        return True

    @abstractmethod
    def read(self, cells: pa.Array) -> ReadColumn:
        """Return the values of texts without blanks around them, gaps being null."""

    def read_typed(self, cells: pa.Array) -> ReadColumn:
        """Return the values of cells that are numbers (float64) or dates (timestamps) in their file."""
        return self.read(as_texts(cells))

    @abstractmethod
    def describe(self) -> str:
        """Return the notation for people: `numbers, decimal comma`."""

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the fields."""
        return {"kind": self.kind} | asdict(self)


@dataclass(frozen=True)
class Number(Notation):
    """Numbers.

    Attributes
    ----------
    decimal : str
        The sign in front of the decimals, a point or a comma.
    unit : str
        The currency or unit that cells may have; empty for none.
    odd : bool
        Whether training had cells that are no numbers: such cells are gaps.
    """

    decimal: str = "."
    unit: str = ""
    odd: bool = False
    kind: ClassVar[str] = "number"
    noun: ClassVar[str] = "numbers"

    @property
    def reads_odd_as_gaps(self) -> bool:
        """As training had them."""
        return self.odd

    def as_said(self, decimal: str | None, day_first: bool | None) -> Number:
        """Return the notation with this decimal sign."""
        return self if decimal is None else replace(self, decimal=decimal)

    def has_read(self, dtype: Any) -> bool:
        """Numbers, and booleans as 0 and 1."""
        return bool(dtype.kind in "biuf")

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return float64, or int64 where all are whole and there is no gap."""
        values = plain_numbers(cells, self.decimal)
        if values is not None:
            return ReadColumn(whole(values))
        found, odd, words = value_of_each(cells, lambda cell: number_in(cell, self.decimal, self.unit), np.nan, float)
        return ReadColumn(whole(found), odd, words)

    def read_typed(self, cells: pa.Array) -> ReadColumn:
        """Return numbers as they are."""
        import pyarrow as pa

        if not pa.types.is_floating(cells.type):
            return self.read(as_texts(cells))
        return ReadColumn(whole(np.asarray(cells.to_numpy(zero_copy_only=False), float)))

    def describe(self) -> str:
        """`numbers, decimal comma, in €`."""
        text = "numbers" + (", decimal comma" if self.decimal == "," else "") + (f", in {self.unit}" * bool(self.unit))
        return text + (", other cells are gaps" if self.odd else "")


@dataclass(frozen=True)
class Date(Notation):
    """Dates and times, as the clock of the place showed them: a time zone behind them changes nothing.

    Attributes
    ----------
    order : str
        `day first` or `month first`: what 1/2/2024 is.
    form : str
        `date`, `clock`, or that of whole numbers: `yyyymmdd`, `year`, `seconds`, `milliseconds`.
    odd : bool
        Whether training had cells that are no dates: such cells are gaps.
    """

    order: str = "month first"
    form: str = "date"
    odd: bool = False
    kind: ClassVar[str] = "date"
    noun: ClassVar[str] = "dates"

    @property
    def reads_odd_as_gaps(self) -> bool:
        """As training had them."""
        return self.odd

    def as_said(self, decimal: str | None, day_first: bool | None) -> Date:
        """Return the notation with this order."""
        return self if day_first is None else replace(self, order="day first" if day_first else "month first")

    def has_read(self, dtype: Any) -> bool:
        """Dates, with a time zone or without."""
        return bool(dtype.kind == "M")

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return datetime64 in microseconds."""
        values = plain_dates(cells) if self.form == "date" else None
        if values is not None:
            return ReadColumn(values)
        found, odd, words = value_of_each(cells, lambda cell: moment_in(cell, self.order, self.form), NO_TIME, np.int64)
        return ReadColumn(found.view("datetime64[us]"), odd, words)

    def read_typed(self, cells: pa.Array) -> ReadColumn:
        """Return timestamps as they are."""
        import pyarrow as pa

        if not pa.types.is_timestamp(cells.type):
            return self.read(as_texts(cells))
        return ReadColumn(np.asarray(cells.to_numpy(zero_copy_only=False), "datetime64[us]"))

    def describe(self) -> str:
        """`dates, day first`."""
        text = {"date": f"dates, {self.order}", "clock": "times of day"}.get(self.form, f"dates as {self.form}")
        return text + (", other cells are gaps" if self.odd else "")


@dataclass(frozen=True)
class Flag(Notation):
    """Words for true and false; any other word for the same is read as that of training.

    Attributes
    ----------
    true, false : str
        As most cells of training have them.
    blank_is_false : bool
        Whether an empty cell is false and no gap, where the others have a mark.
    """

    true: str = "true"
    false: str = "false"
    blank_is_false: bool = False
    kind: ClassVar[str] = "boolean"

    def has_read(self, dtype: Any) -> bool:
        """None: a text may be another word for true."""
        return False

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return texts: the words of training, and others as they are written."""
        import pyarrow as pa

        coded = cells.dictionary_encode()
        words = coded.dictionary.to_pylist()
        said = [self._said(word) for word in words]
        read = pa.array(said, pa.large_string()).take(coded.indices)
        return ReadColumn(texts(read.fill_null(self.false) if self.blank_is_false else read))

    def _said(self, word: str) -> str:
        """Return the word of training for a word."""
        true = word.lower() in TRUE or (self.blank_is_false and word.lower() in MARKS)
        return self.true if true else self.false if word.lower() in FALSE else word

    def describe(self) -> str:
        """`yes or no`."""
        return f"{self.true} or nothing" if self.blank_is_false else f"{self.true} or {self.false}"


@dataclass(frozen=True)
class Text(Notation):
    """Texts and categories, as they are written.

    Attributes
    ----------
    names : bool
        Whether they are the file's row names.
    """

    names: bool = False
    kind: ClassVar[str] = "text"
    is_text: ClassVar[bool] = True

    @property
    def is_name(self) -> bool:
        """As the file has them."""
        return self.names

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return texts."""
        return ReadColumn(texts(cells))

    def describe(self) -> str:
        """`as written`."""
        return "row names" if self.names else "as written"


# All that a model file may name; nothing else is looked up.
NOTATIONS: dict[str, type[Any]] = {notation.kind: notation for notation in (Number, Date, Flag, Text)}
_ALLOWED: dict[str, Callable[[Any], bool]] = {
    "decimal": lambda value: value in (".", ","),
    "order": lambda value: value in ("day first", "month first"),
    "form": lambda value: value in ("date", "clock", *WHOLE),
}


def notation_from_json(data: Any) -> Notation:
    """Return the notation that `to_json` described, or raise ModelFileError."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in NOTATIONS:
        raise ModelFileError(f"a notation of the kinds {', '.join(NOTATIONS)}", f"{kind!r:.60}", _DAMAGED)
    values = {name: value for name, value in data.items() if name != "kind"}
    wanted = {field.name: type(field.default) for field in fields(NOTATIONS[kind])}
    if set(values) != set(wanted) or not all(
        type(value) is wanted[name] and _ALLOWED.get(name, lambda _: True)(value) for name, value in values.items()
    ):
        raise ModelFileError(f"the fields {', '.join(wanted)} of a {kind} notation", f"{values!r:.80}", _DAMAGED)
    notation: Notation = NOTATIONS[kind](**values)
    return notation
