"""Column kinds: what the cells of a column are, inferred from the cells and shown to the person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.sources.reading.notation import Date
from chainrule.sources.reading.words import FALSE, TRUE

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("numeric", "category", "boolean", "date", "text", "identifier", "constant", "ignore")
# Those that are not learned from.
LEFT_OUT = ("identifier", "constant", "ignore")

_ID_NAME = re.compile(r"(^|[_\s.-])(id|uuid|guid|index|rownames?|key)$|^unnamed: 0$", re.IGNORECASE)
_ID_CAMEL = re.compile(r"[a-z](Id|ID)$")
_DATE = re.compile(r"^\s*(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ]\d{1,2}:\d{2}.*)?$")
_LEADING_NUMBER = re.compile(r"^(\d{1,2})[-/.]\d{1,2}[-/.]\d{2,4}")
_NOTATION = re.compile(r"[-+]?\s?[$€£¥]?\s?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?\s?[%€]?")
_ORNAMENT = re.compile(r"[\s$€£¥,%]")
# A number that starts with a zero is a name, such as a postal code.
_CODE = re.compile(r"0\d+")
_FEW = 20
_MANY = 1000
_WORDS_OF_TEXT = 2.5


@dataclass(frozen=True)
class ColumnKind:
    """A column, what it is, and why."""

    name: str
    kind: str
    reason: str


def cells_as_text(column: pd.Series) -> pd.Series:
    """Return cells as text in one form, whatever type a reader gave them: 3, 3.0 and "3" are one category."""
    import pandas as pd

    if column.dtype == "str":
        return column.str.strip().astype(object).where(column.notna(), None)
    text = column.astype(object).map(_cell_as_text, na_action="ignore")
    return pd.Series(text, index=column.index, dtype=object)


def _cell_as_text(cell: object) -> str:
    # Cell by cell: what a whole number is called must not depend on fractions elsewhere in its column.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def as_numbers(column: pd.Series) -> pd.Series:
    """Return cells as float64; a cell that is no number becomes NaN.

    Currency signs, thousands separators and percent signs are taken off: $1,200 is 1200 and 52.1% is 52.1.
    """
    import pandas as pd

    if column.dtype == np.float64:
        return column
    if column.dtype.kind in "biuf":
        return column.astype(float)
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    rest = numbers.isna() & column.notna()
    if rest.any():
        cells = cells_as_text(column[rest])
        written = cells[cells.str.fullmatch(_NOTATION)].str.replace(_ORNAMENT, "", regex=True)
        numbers[written.index] = pd.to_numeric(written, errors="coerce").astype(float)
    return numbers


def as_dates(column: pd.Series, *, day_first: bool = False) -> pd.Series:
    """Return cells as dates, as the clock of the place showed them; a cell that is no date becomes NaT.

    Parameters
    ----------
    day_first : bool
        Whether 1/2/2024 is the first of February.
    """
    import pandas as pd
    import pyarrow as pa

    if column.dtype.kind == "M":
        dates = pd.to_datetime(column)
        return dates if dates.dt.tz is None else dates.dt.tz_localize(None)
    order = "day first" if day_first else "month first"
    texts = pa.array(cells_as_text(column).where(column.notna(), None).tolist(), pa.string())
    return pd.Series(Date(order).read(texts).values, index=column.index, name=column.name)


def is_day_first(column: pd.Series) -> bool:
    """Tell whether any of the dates begins with a number that no month has, such as 25/12/2023."""
    first = cells_as_text(column.dropna()).str.extract(_LEADING_NUMBER, expand=False)
    return bool((as_numbers(first) > 12).any())


def has_codes(column: pd.Series) -> bool:
    """Tell whether texts of a column are digits with a leading zero, which are names and no numbers."""
    return column.dtype.kind not in "biufM" and bool(cells_as_text(column.dropna()).str.fullmatch(_CODE).any())


def infer_kind(column: pd.Series, *, as_written: bool = False) -> ColumnKind:
    """Return what a column is.

    Parameters
    ----------
    as_written : bool
        Whether its cells are known to be no numbers and no dates, whatever they look like.

    Notes
    -----
    The rules, in this order: no value or one: constant. True and false, yes and no, 0 and 1: boolean. Numbers:
    numeric, or an identifier if they are whole, all different, and named or counted like one. Dates in digits:
    date. Few different texts: category. All different single words: identifier. Several words: text. Many
    different texts that repeat: category.
    """
    name = str(column.name)
    if column.dtype.kind in "iuf":
        return _of_numbers(name, column.to_numpy())
    counts = column.value_counts()
    cells, weights = counts.index.to_series(name=column.name).reset_index(drop=True), counts.to_numpy()
    n, unique = int(weights.sum()), len(cells)
    if n == 0:
        return ColumnKind(name, "constant", "all cells are missing")
    if unique == 1:
        return ColumnKind(name, "constant", f"all cells are {cells[0]!r:.30}")
    if column.dtype.kind == "M":
        return ColumnKind(name, "date", "dates")
    text = cells_as_text(cells)
    words = {word.lower() for word in text.head(3)}
    if unique == 2 and (words & TRUE and words & FALSE) and words <= TRUE | FALSE:
        return ColumnKind(name, "boolean", " and ".join(sorted(words)))
    if not as_written:
        numbers = as_numbers(cells)
        if numbers.notna().all() and not has_codes(cells):
            return _numeric(name, numbers.to_numpy(), unique, n)
        shaped = np.asarray(text.str.fullmatch(_DATE), bool)
        if _share(shaped, weights) > 0.99 and _share(as_dates(text).notna().to_numpy(), weights) > 0.99:
            return ColumnKind(name, "date", "dates in digits")
    return _textual(name, text, weights)


def _share(chosen: np.ndarray, weights: np.ndarray) -> float:
    return float(weights[chosen].sum() / weights.sum())


def _of_numbers(name: str, numbers: np.ndarray) -> ColumnKind:
    """Return what a column of numbers is; NaN is a missing cell."""
    present = numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers
    values = _different(present)
    if len(values) == 0:
        return ColumnKind(name, "constant", "all cells are missing")
    if len(values) == 1:
        return ColumnKind(name, "constant", f"all cells are {values[0]:g}")
    if len(values) == 2 and set(values) == {0, 1}:
        return ColumnKind(name, "boolean", "0 and 1")
    return _numeric(name, present, len(values), len(present))


def kind_of_plain(name: str, values: np.ndarray, unique: int) -> ColumnKind:
    """Return what a column of finite numbers without gaps is, of which more than two are different."""
    return _numeric(name, values, unique, len(values))


def _different(numbers: np.ndarray) -> np.ndarray:
    import pandas as pd

    return np.asarray(pd.unique(numbers))


def _numeric(name: str, numbers: np.ndarray, unique: int, n: int) -> ColumnKind:
    whole = bool((numbers == numbers.round()).all())
    if whole and unique == n and n > _FEW:
        if _ID_NAME.search(name) or _ID_CAMEL.search(name):
            return ColumnKind(name, "identifier", "named like one, and every value is different")
        if numbers.max() - numbers.min() == n - 1:
            return ColumnKind(name, "identifier", "counts the rows")
    return ColumnKind(name, "numeric", f"{unique} different numbers")


def _textual(name: str, text: pd.Series, counts: np.ndarray) -> ColumnKind:
    """Return what a column of different texts is, each as often as it is counted."""
    unique, n = len(text), int(counts.sum())
    length = float(np.average([len(cell.split()) for cell in text], weights=counts))
    if unique <= _FEW or (unique <= _MANY and unique < 0.05 * n and length < 2 * _WORDS_OF_TEXT):
        return ColumnKind(name, "category", f"{unique} different texts")
    if length >= _WORDS_OF_TEXT:
        return ColumnKind(name, "text", f"{length:.0f} words on average")
    if unique > 0.95 * n:
        return ColumnKind(name, "identifier", f"{unique} different values in {n} cells")
    return ColumnKind(name, "category", f"{unique} different texts, rare ones grouped")
