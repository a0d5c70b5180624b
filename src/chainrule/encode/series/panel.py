"""Panel: the rows of a table as series, each in the order of its times, with its gaps known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import shown
from chainrule.encode.series.clock import Clock, fit_clock, rows_clock
from chainrule.encode.series.times import Times, read_times
from chainrule.errors import DataError
from chainrule.sources.kinds import as_numbers, cells_as_text
from chainrule.sources.reading.reading import row_number

if TYPE_CHECKING:
    import pandas as pd

# Of a series whose missing steps are filled in, how many times as long it may become.
_MOST_FILLED = 20
# What the only series of a table without a group is called.
ONLY = ""


@dataclass(frozen=True, eq=False)
class Series:
    """One series, in the order of its times.

    Attributes
    ----------
    name : str
        Its group; empty where a table is one series.
    rows : array (L,) of int
        Which row of the frame each step is; -1 for a step that the table does not have.
    at : array (L,) of int
        The number of each step on the clock's grid; where it jumps, steps are missing.
    times : array (L,)
        As `Times` has them.
    y : array (L,)
        The values, in their own unit; NaN where one is missing.
    """

    name: str
    rows: np.ndarray
    at: np.ndarray
    times: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Panel:
    """Series on one clock.

    Attributes
    ----------
    frame : DataFrame
        The rows that they are made of.
    series : tuple of Series
    clock : Clock
    notes : list of str
        What was come upon, for the person.
    """

    frame: pd.DataFrame
    series: tuple[Series, ...]
    clock: Clock
    notes: list[str] = field(default_factory=list)

    @property
    def n_steps(self) -> int:
        """Steps of all series together."""
        return sum(len(one) for one in self.series)


@dataclass(frozen=True)
class Layout:
    """Which columns of a table are what, and how its times are taken.

    Attributes
    ----------
    target, time : str
        Columns of the values, and of their times.
    group : str or None
        Column that names the series of each row; None where all rows are one.
    step_by : str
        time: the times have one step. rows: each row is a step, whatever its time.
    gaps : str
        split: no window reaches over a missing step. fill: a missing step is one whose value is missing.
    day_first : bool or None
        How ambiguous dates are read.
    """

    target: str
    time: str
    group: str | None = None
    step_by: str = "time"
    gaps: str = "split"
    day_first: bool | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [self.target, self.time, *([] if self.group is None else [self.group])]


def panel_of(frame: pd.DataFrame, layout: Layout, clock: Clock | None = None) -> Panel:
    """Return the series of a table.

    Parameters
    ----------
    clock : Clock, optional
        That of training; by default it is measured.

    Raises
    ------
    DataError
        If a time is missing, or comes twice in a series; if times are not a whole number of steps apart; if a value is
        no number.
    """
    times = read_times(frame[layout.time], day_first=layout.day_first)
    if clock is not None and clock.is_date != times.is_date:
        kinds = ("numbers", "dates")
        came = f"{kinds[times.is_date]} in {layout.time!r}"
        raise DataError(
            f"times that are {kinds[clock.is_date]}, as in training", came, "Give a table like that of training."
        )
    notes = list(times.notes)
    groups = _groups(frame, layout.group)
    parts = _sorted_parts(times, groups, layout, frame.index, notes)
    y = _values(frame, layout.target)
    if clock is None and layout.step_by == "rows":
        clock = rows_clock(is_date=times.is_date)
    clock = clock or fit_clock([times.values[rows] for rows in parts.values()], is_date=times.is_date)
    series = [
        Series(name, rows, clock.positions(times.values[rows]), times.values[rows], y[rows])
        for name, rows in parts.items()
    ]
    if layout.gaps == "fill":
        series = [_filled(one, clock, layout.time) for one in series]
    notes += _gap_notes(series, clock, layout)
    return Panel(frame, tuple(series), clock, notes)


def extended(one: Series, clock: Clock, steps: int) -> Series:
    """Return a series that goes on for so many steps after its last known value; rows that it has there already are kept.

    What stands behind the last known value is the future: its rows may know some columns ahead, and no value.
    """
    known = np.flatnonzero(np.isfinite(one.y))
    if not len(known):
        raise DataError("a series with values", f"none in {one.name or 'the table'}", "Give the history to go on from.")
    last = int(known[-1])
    at = one.at[last] + 1 + np.arange(steps)
    rows = np.full(steps, -1)
    place = {int(position): int(row) for position, row in zip(one.at[last + 1 :], one.rows[last + 1 :], strict=True)}
    for step, position in enumerate(at):
        rows[step] = place.get(int(position), -1)
    times = clock.times(at)
    return Series(
        one.name,
        np.concatenate([one.rows[: last + 1], rows]),
        np.concatenate([one.at[: last + 1], at]),
        np.concatenate([one.times[: last + 1], times]),
        np.concatenate([one.y[: last + 1], np.full(steps, np.nan)]),
    )


def _groups(frame: pd.DataFrame, group: str | None) -> np.ndarray:
    if group is None:
        return np.full(len(frame), ONLY, dtype=object)
    missing = frame[group].isna().to_numpy()
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        came = f"an empty cell in row {row_number(frame.index, row)}"
        raise DataError(f"the name of a series in every row of {group!r}", came, "Fill in or remove these rows.")
    names: np.ndarray = cells_as_text(frame[group]).to_numpy(dtype=object)
    return names


def _sorted_parts(
    times: Times, groups: np.ndarray, layout: Layout, index: pd.Index, notes: list[str]
) -> dict[str, np.ndarray]:
    """Return the rows of each series in the order of their times."""
    names, codes = np.unique(groups.astype(str), return_inverse=True)
    order = np.lexsort((times.values, codes))
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    unsorted = sum(bool((np.diff(rows) < 0).any()) for rows in parts)
    if unsorted:
        which = "the rows are" if len(parts) == 1 else f"the rows of {unsorted} of {len(parts)} series are"
        notes.append(f"{which} not in the order of {layout.time!r}: they are sorted by it")
    for name, rows in zip(names, parts, strict=True):
        twice = np.flatnonzero(np.diff(times.values[rows]) == 0)
        if len(twice):
            first, second = sorted(row_number(index, int(row)) for row in rows[twice[0] : twice[0] + 2])
            where = f" of the series {str(name)!r}" if layout.group else ""
            remedy = (
                "Remove the doubles."
                if layout.group
                else "Remove the doubles or, if they belong to several series, say `group`."
            )
            raise DataError(
                f"each time of {layout.time!r} once{' in each series' if layout.group else ''}",
                f"the same time in rows {first} and {second}{where}"
                + (f", and {len(twice) - 1} more" if len(twice) > 1 else ""),
                remedy,
            )
    return {str(name): rows for name, rows in zip(names, parts, strict=True)}


def _values(frame: pd.DataFrame, target: str) -> np.ndarray:
    """Return the target's numbers (N,), NaN where a cell is empty; an infinite one, or a text, is refused."""
    column = frame[target]
    numbers = as_numbers(column).to_numpy()
    bad = (np.isnan(numbers) & column.notna().to_numpy()) | np.isinf(numbers)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"finite numbers, or empty cells, in the target {target!r}",
            f"{column.iloc[row]!r} in row {row_number(column.index, row)}"
            + (f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
            "Correct these cells, or leave them empty.",
        )
    return numbers.astype(float)


def _filled(one: Series, clock: Clock, time: str) -> Series:
    """Return a series with a step, without row and value, at each place of the grid that has none."""
    length = int(one.at[-1] - one.at[0]) + 1
    if length == len(one):
        return one
    if length > _MOST_FILLED * len(one):
        raise DataError(
            f"gaps in {time!r} that are short enough to be filled in",
            f"{length - len(one):,} missing steps beside {len(one):,} rows{f' of {one.name!r}' if one.name else ''}",
            "Leave `gaps=split`, or bring the times to a longer step.",
        )
    place = one.at - one.at[0]
    at = one.at[0] + np.arange(length)
    rows, y, times = np.full(length, -1), np.full(length, np.nan), clock.times(at)
    rows[place], y[place], times[place] = one.rows, one.y, one.times
    return replace(one, rows=rows, at=at, times=times, y=y)


def _gap_notes(series: list[Series], clock: Clock, layout: Layout) -> list[str]:
    notes = []
    jumps = {one.name: int((np.diff(one.at) > 1).sum()) for one in series}
    gaps = sum(jumps.values())
    if gaps:
        steps = sum(int((np.diff(one.at) - 1).sum()) for one in series)
        where = [name for name, n in jumps.items() if n and name]
        behind = f" in {shown(where)}" if where else ""
        notes.append(
            f"{steps:,} steps of {clock.describe()} are missing at {gaps:,} places{behind}: no window reaches over them (`gaps=fill` "
            "makes them missing values)"
        )
    missing = sum(int(np.isnan(one.y).sum()) for one in series)
    if missing:
        notes.append(
            f"{missing:,} values of {layout.target!r} are missing: in a history the last value before stands in, marked; a window "
            "that would have to forecast one is left out"
        )
    return notes
