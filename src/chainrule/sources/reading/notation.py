"""Notations: what the cells of one column mean, decided once and applied to any rows of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.sources.reading.dates import WHOLE, moment_in
from chainrule.sources.reading.numbers import LARGEST, number_in
from chainrule.sources.reading.words import FALSE, GAPS, MARKS, TRUE

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_DAMAGED = "The model file is damaged."
_NO_TIME = np.iinfo(np.int64).min


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

    def has_read(self, dtype: Any) -> bool:
        """Numbers, and booleans as 0 and 1."""
        return bool(dtype.kind in "biuf")

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return float64, or int64 where all are whole and there is no gap."""
        values = _plain_numbers(cells, self.decimal)
        if values is not None:
            return ReadColumn(_whole(values))
        found, odd, words = _each(cells, lambda cell: number_in(cell, self.decimal, self.unit), np.nan, float)
        return ReadColumn(_whole(found), odd, words)

    def read_typed(self, cells: pa.Array) -> ReadColumn:
        """Return numbers as they are."""
        import pyarrow as pa

        if not pa.types.is_floating(cells.type):
            return self.read(as_texts(cells))
        return ReadColumn(_whole(np.asarray(cells.to_numpy(zero_copy_only=False), float)))

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

    def has_read(self, dtype: Any) -> bool:
        """Dates, with a time zone or without."""
        return bool(dtype.kind == "M")

    def read(self, cells: pa.Array) -> ReadColumn:
        """Return datetime64 in microseconds."""
        values = _plain_dates(cells) if self.form == "date" else None
        if values is not None:
            return ReadColumn(values)
        found, odd, words = _each(cells, lambda cell: moment_in(cell, self.order, self.form), _NO_TIME, np.int64)
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
        texts = pa.array(said, pa.large_string()).take(coded.indices)
        return ReadColumn(_texts(texts.fill_null(self.false) if self.blank_is_false else texts))

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
        return ReadColumn(_texts(cells))

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


def as_texts(cells: pa.Array) -> pa.Array:
    """Return typed cells as they would be written: 3 for 3.0, 2024-01-31 for midnight."""
    import pyarrow as pa

    def text(cell: Any) -> str | None:
        if isinstance(cell, float):
            return str(int(cell)) if cell.is_integer() else None if cell != cell else repr(cell)  # noqa: PLR0124
        return None if cell is None else str(cell).removesuffix(" 00:00:00")

    coded = cells.dictionary_encode()
    return pa.array([text(cell) for cell in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _plain_numbers(cells: pa.Array, decimal: str) -> np.ndarray | None:
    """Return numbers that need no looking at one by one, as most do; None if some do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if decimal == ",":
        if pc.any(pc.match_substring(cells, ".")).as_py():
            return None
        cells = pc.replace_substring(cells, ",", ".")
    try:
        return np.asarray(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), float)
    except pa.ArrowInvalid:
        return None


def _plain_dates(cells: pa.Array) -> np.ndarray | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found = pc.cast(cells, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return np.asarray(found.to_numpy(zero_copy_only=False), "datetime64[us]")


def _each(
    cells: pa.Array, value: Callable[[str], Any], gap: Any, dtype: Any
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Return the value of each cell, looked at once for all cells that are the same; which are odd; and words for gaps."""
    coded = cells.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    values = [value(text) for text in texts]
    # One more for null, whose code is -1.
    bad = np.array([one is None for one in values] + [False])
    words = np.array([text.lower() in GAPS for text in texts] + [False]) & bad
    found = np.array([gap if one is None else one for one in values] + [gap], dtype)
    codes = np.asarray(coded.indices.fill_null(-1))
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return found[codes], (bad & ~words)[codes], {texts[i]: int(counts[i]) for i in np.flatnonzero(words)}


def _whole(values: np.ndarray) -> np.ndarray:
    """Return whole numbers as such."""
    with np.errstate(invalid="ignore"):
        if len(values) and (values == np.rint(values)).all() and (np.abs(values) <= LARGEST).all():
            return values.astype(np.int64)
    return values


def _texts(cells: pa.Array) -> pd.Series:
    import pandas as pd

    return pd.Series(cells.to_pandas(), dtype="str")
