"""Times: what the cells of a time column mean, as numbers that can be told apart and put in order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.kinds import as_numbers, cells_as_text
from chainrule.sources.reading.dates import WHOLE, DateForms, moment_in, moment_of
from chainrule.sources.reading.reading import row_number

if TYPE_CHECKING:
    import pandas as pd

_ZONE = re.compile(r"([-+])(\d{2}):?(\d{2})?")
# Whole numbers that are dates; years are left numbers, which need no calendar to be counted on.
_DATES_IN_DIGITS = ("yyyymmdd", "seconds", "milliseconds")
_REMEDY = "Write times as 2026-11-24, 2026-11-24 13:00 or as numbers, one in each row."


@dataclass(frozen=True, eq=False)
class Times:
    """A column of times.

    Attributes
    ----------
    values : array (N,)
        float64: the numbers themselves, or for dates microseconds since 1970 began (each is exact, for 285 years around it).
    is_date : bool
    notes : list of str
        What was decided, for the person.
    """

    values: np.ndarray
    is_date: bool
    notes: list[str] = field(default_factory=list)


def read_times(column: pd.Series, *, day_first: bool | None = None) -> Times:
    """Return the times of a column, whose cells are numbers, dates or texts of either.

    Parameters
    ----------
    day_first : bool, optional
        Whether 1/2/2024 is the first of February; by default what the cells show, or else not.

    Raises
    ------
    DataError
        If a cell is empty or no time, or if some times have a zone and others have none.
    """
    _require_filled(column)
    if column.dtype.kind == "M":
        return Times(_microseconds(column), True)
    if column.dtype.kind in "iuf":
        return _of_numbers(column, np.asarray(column, float))
    texts = cells_as_text(column)
    numbers = as_numbers(texts).to_numpy()
    if np.isfinite(numbers).all():
        return _of_numbers(column, numbers)
    return _of_texts(texts, day_first)


def _require_filled(column: pd.Series) -> None:
    missing = column.isna().to_numpy()
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        more = f" and {missing.sum() - 1} more" if missing.sum() > 1 else ""
        came = f"an empty cell in row {row_number(column.index, row)}{more}"
        raise DataError(f"a time in every row of {str(column.name)!r}", came, "Fill in or remove these rows.")


def _microseconds(column: pd.Series) -> np.ndarray:
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy().astype("datetime64[us]").astype(np.int64).astype(float)


def _of_numbers(column: pd.Series, numbers: np.ndarray) -> Times:
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        came = f"{numbers[row]:g} in row {row_number(column.index, row)}"
        raise DataError(f"a finite time in every row of {str(column.name)!r}", came, _REMEDY)
    for form in _DATES_IN_DIGITS:
        low, high = WHOLE[form]
        if (numbers == numbers.round()).all() and numbers.min() >= low and numbers.max() <= high:
            read = [moment_in(str(int(number)), "", form) for number in numbers]
            if None not in read:
                values = np.array(read, float)
                return Times(values, True, [f"the times {str(column.name)!r} are read as dates in digits, {form}"])
    return Times(numbers, False)


def _of_texts(texts: pd.Series, day_first: bool | None) -> Times:
    name = str(texts.name)
    cells, codes = np.unique(texts.to_numpy(dtype=str), return_inverse=True)
    forms = DateForms()
    for cell in cells:
        forms.add(str(cell), 1)
    order = forms.order()
    notes = []
    if day_first is not None:
        order = "day first" if day_first else "month first"
    elif order is None:
        order = "month first"
        notes.append(f"nothing in the times {name!r} tells day from month: they are read month first (`day_first`)")
    read = [moment_in(str(cell), order, "date") for cell in cells]
    bad = np.array([value is None for value in read])[codes]
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        more = f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""
        came = f"{texts.iloc[row]!r} in row {row_number(texts.index, row)}{more}"
        raise DataError(f"times in the column {name!r}", came, _REMEDY)
    values, note = _in_one_zone(name, [str(cell) for cell in cells], np.array(read, float), forms)
    return Times(values[codes], True, notes + note)


def _in_one_zone(name: str, cells: list[str], values: np.ndarray, forms: DateForms) -> tuple[np.ndarray, list[str]]:
    """Return times on one clock: their own where all share a zone, that of UTC where they differ."""
    zones = {zone: count for zone, count in forms.zones.items() if count}
    if len(zones) <= 1:
        return values, []
    if "" in zones:
        written = ", ".join(sorted(zone for zone in zones if zone))
        raise DataError(
            f"a zone behind every time in {name!r}, or behind none",
            f"some with a zone ({written}) and {zones['']} without",
            "Write all of them on the clock of one zone.",
        )
    moments = [moment_of(cell) for cell in cells]
    offsets = np.array([_offset(str(moment.parts["zone"]) if moment else "") for moment in moments])
    written = ", ".join(sorted(zones))
    return values - offsets, [f"the times {name!r} have different zones ({written}): they are brought to UTC"]


def _offset(zone: str) -> float:
    """Return how many microseconds a zone's clock is ahead of UTC."""
    match = _ZONE.fullmatch(zone)
    if match is None:
        return 0.0
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return (minutes if match[1] == "+" else -minutes) * 60e6
