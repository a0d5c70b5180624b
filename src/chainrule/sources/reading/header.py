"""The header of a text table: which line names the columns, what stands above it, and whether row names are beside it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from chainrule.errors import ConfigError, DataError
from chainrule.sources.reading.dialect import DELIMITERS, Dialect
from chainrule.sources.reading.words import MISSING

_NUMBER = re.compile(r"[-+−]?[\d., ]*\d(e[-+]?\d+)?", re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,9}")
# Rows below the header that must be there before a number above them may be a name.
_ENOUGH = 5
_FAR = 3.0


@dataclass(frozen=True)
class Layout:
    """A dialect with the names of the columns, and what was decided about them."""

    dialect: Dialect
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_header(
    path: Path,
    rows: list[list[str]],
    dialect: Dialect,
    *,
    header: str = "auto",
    row_names: bool | None = None,
    names: tuple[str, ...] | None = None,
    single: bool = False,
) -> Layout:
    """Return the names of the columns.

    Parameters
    ----------
    rows : list of list of str
        The first rows of the file.
    header : str
        auto, first, none, or the number of the row, from 1, that names the columns.
    row_names : bool, optional
        Whether the first column has row names, as the person says.
    names : tuple of str, optional
        Names that a file without a header is to have, and by which a header is known.
    single : bool
        Whether one column is enough.
    """
    notes: list[str] = []
    above = _above(rows, header, notes)
    rows = rows[above:]
    width = _width(rows)
    if width < 2 and not single:
        raise DataError(
            "a table of at least two columns, one of them the target",
            f"one column in {path.name} (delimiter: {DELIMITERS.get(dialect.delimiter, repr(dialect.delimiter))})",
            "Check the file and its delimiter: comma, tab, semicolon and bar are found; others are said by `delimiter`.",
        )
    has_header = header not in ("auto", "none")
    if header == "auto":
        has_header = _is_known(rows[0], names) or looks_like_header(rows)
        if not has_header:
            notes.append("the first line looks like data: columns are called column1, column2, … (`header=none`)")
        elif any(_NUMBER.fullmatch(cell) for cell in rows[0]):
            notes.append("the first line is taken for a header, though it has numbers (`header=none`)")
    dialect = replace(dialect, skip=dialect.skip + above, header=has_header)
    if not has_header:
        given = names if names is not None and len(names) == width else None
        columns = list(given or (f"column{i}" for i in range(1, width + 1)))
        return Layout(dialect, tuple(columns), tuple(notes))
    first = rows[0]
    if _has_row_names(rows, row_names):
        notes.append("the header is one cell short: the first column has row names and is called column1 (`row_names`)")
        dialect, first = replace(dialect, row_names=True), ["", *first]
    elif row_names or (row_names is None and first[0] == "" and len(first) > 1):
        if not row_names:
            notes.append("the nameless first column is taken for row names and left out (`row_names=False`)")
        dialect = replace(dialect, row_names=True)
    elif _trailing(rows):
        first = [*first, ""]
    return Layout(dialect, tuple(header_names(path, first)), tuple(notes))


def header_names(path: Path, cells: list[str]) -> list[str]:
    """Return the names of the columns, or raise DataError if one is there twice."""
    names = [cell or f"column{i}" for i, cell in enumerate(cells, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "every column to have a name of its own",
            f"{', '.join(repr(name) for name in twice[:5])} more than once in the header of {path.name}",
            "Rename the columns, or use `header=none` if the first line is data.",
        )
    return names


def _above(rows: list[list[str]], header: str, notes: list[str]) -> int:
    """Return how many rows stand above the header: as said, or those of one cell above longer ones."""
    if header.isdigit():
        if not 1 <= int(header) <= len(rows):
            raise ConfigError(f"a header in one of the first {len(rows)} rows", f"{header}", "Count from 1.")
        return int(header) - 1
    width = _width(rows)
    above = 0
    while width > 1 and above < len(rows) - 2 and sum(cell != "" for cell in rows[above]) <= 1 < len(rows[above + 1]):
        above += 1
    # A first row with one cell filled may be a row like any other, of a table with gaps.
    if above and all(len(row) == width for row in rows[:above]) and _gappy(rows[above:]):
        above = 0
    if above == 0:
        above = next((i for i, row in enumerate(rows[:10]) if len(row) > 1), 0) if width > 1 else 0
    if header == "auto" and _is_group_row(rows[above:]):
        above += 1
    if above and header == "auto":
        notes.append(f"{above} rows above the header are left out: {' '.join(rows[0])[:40]!r} (`header`)")
    return above if header == "auto" else 0


def _is_group_row(rows: list[list[str]]) -> bool:
    """Tell whether the first row names groups of columns, with gaps, and the second the columns above numbers."""
    if len(rows) < 2 + _ENOUGH or len(rows[0]) != len(rows[1]):
        return False
    groups, names, below = rows[0], rows[1], rows[2:]
    if "" not in groups[1:-1] or any(_is_number(cell) for cell in (*groups, *names) if cell):
        return False
    if "" in names or len(set(names)) < len(names):
        return False
    columns = zip(*(row for row in below if len(row) == len(names)), strict=True)
    return any(all(_is_number(cell) for cell in column if cell) and any(column) for column in columns)


def _gappy(rows: list[list[str]]) -> bool:
    return any(sum(cell != "" for cell in row) <= 1 for row in rows)


def _width(rows: list[list[str]]) -> int:
    """Return the cells of most rows."""
    return Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 1


def _is_known(first: list[str], names: tuple[str, ...] | None) -> bool:
    return bool(names) and sum(cell in (names or ()) for cell in first) > 0.5 * len(first)


def _has_row_names(rows: list[list[str]], row_names: bool | None) -> bool:
    if row_names is False or len(rows) < 2:
        return False
    longer = sum(len(row) == len(rows[0]) + 1 for row in rows[1:])
    return longer > 0.9 * len(rows[1:]) and not _trailing(rows)


def _trailing(rows: list[list[str]]) -> bool:
    """Tell whether rows are one cell longer than the header because they end in a delimiter."""
    longer = [row for row in rows[1:] if len(row) == len(rows[0]) + 1]
    return len(longer) > 0.9 * len(rows[1:]) > 0 and all(row[-1] == "" for row in longer)


def looks_like_header(rows: list[list[str]]) -> bool:
    """Tell whether the first row names the columns.

    A header is a row of different words, none of them missing, none a value of its column. A number in it is no name,
    unless it is a value that its column has nowhere near: the numbers of the columns, or years, above measurements.
    """
    # Where files were joined, the header comes again; that is refused when all rows are read.
    first, rest = rows[0], [row for row in rows[1:] if row != rows[0]]
    if not rest:
        return not any(_is_number(cell) for cell in first)
    shift = 1 if _has_row_names(rows, None) else 0
    below = [[row[i + shift] for row in rest if len(row) > i + shift and row[i + shift]] for i in range(len(first))]
    numbers = [i for i, cell in enumerate(first) if _is_number(cell)]
    words = [i for i in range(len(first)) if i not in numbers]
    if any(first[i] and first[i] in below[i] for i in words):
        return False
    # A nameless first column is what pandas and R write for row names; a last one, what a delimiter at the end leaves.
    inner = first[1:-1] if first and first[-1] == "" else first[1:]
    if any(cell in MISSING for cell in inner):
        return False
    return not numbers or _are_names(first, below, numbers)


def _are_names(first: list[str], below: list[list[str]], numbers: list[int]) -> bool:
    """Tell whether the numbers in a first row are names above the numbers below them."""
    if any(len(below[i]) < _ENOUGH for i in numbers) or not all(_WHOLE.fullmatch(first[i]) for i in numbers):
        return False
    words = [i for i in range(len(first)) if i not in numbers]
    unlike = [i for i in words if 2 * len(set(below[i])) <= len(below[i])]
    if len(numbers) > 1 and _counts(first, numbers):
        # Names that count the columns, or years, above measurements; whole numbers below may well go on counting.
        rows = [[cells[r] for cells in below] for r in range(min(len(cells) for cells in below))]
        others = sum(_counts(row, numbers) for row in rows) < 0.1 * len(rows)
        fractions = any("." in cell for i in numbers for cell in below[i])
        return others and bool(words or (int(first[numbers[0]]) in (0, 1) and fractions))
    return bool(unlike) and all(_is_far(float(first[i]), below[i]) for i in numbers)


def _counts(row: list[str], numbers: list[int]) -> bool:
    """Tell whether the numbers of a row go on by one from column to column."""
    if not all(_WHOLE.fullmatch(row[i]) for i in numbers):
        return False
    return len({int(row[i]) - i for i in numbers}) == 1


def _is_far(value: float, cells: list[str]) -> bool:
    values = [float(cell) for cell in cells if _is_number(cell)]
    if len(values) < _ENOUGH:
        return False
    low, high = min(values), max(values)
    return not low - _FAR * (high - low) <= value <= high + _FAR * (high - low)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return _NUMBER.fullmatch(cell) is not None
    return True
