"""Text tables: how one is laid out, and its text as columns of values, each by the notation that all its cells have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.reading.cells import Cells, cut, lines_of, table_start
from chainrule.sources.reading.decide import Asked, decide
from chainrule.sources.reading.delimiter import HEAD_BYTES, find_dialect
from chainrule.sources.reading.dialect import Dialect, first_rows
from chainrule.sources.reading.encoding import decode
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.header import Layout, find_header
from chainrule.sources.reading.reading import OddCells, TableReading
from chainrule.sources.reading.wide import add_all, plain_columns
from chainrule.sources.reading.words import GAPS, MISSING, USUAL

if TYPE_CHECKING:
    import pandas as pd

# Parts the cells of a file whose lines are one cell each: no text has this sign.
_NO_DELIMITER = "\x1f"
_UNIT = re.compile(r"[\[(]?[^\d\s]{1,6}([/·*^²³-]?[^\s]{0,6})?[\])]?")
_UNIT_ROWS = 12
_NO_TEXTS = frozenset(USUAL) - {"NA", "None"}
_RULE = re.compile(r":?-+:?")


@dataclass(frozen=True)
class Wishes:
    """What the person says of a text table, and what is known of it from the training file; None is found.

    Attributes
    ----------
    header : str
        auto, first, none, or the number of the row that names the columns.
    names : tuple of str, optional
        Columns of the training file: a file without a header takes them, and one of them may stand alone.
    delimiter, encoding, comment : str, optional
    row_names : bool, optional
    missing : tuple of str, optional
        The words that stand for a gap, besides an empty cell.
    asked : Asked
        What is said of the notations.
    stored : TableReading, optional
        The reading of the training file: its columns are read by its notations.
    """

    header: str = "auto"
    names: tuple[str, ...] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    comment: str | None = None
    row_names: bool | None = None
    missing: tuple[str, ...] | None = None
    asked: Asked = field(default_factory=Asked)
    stored: TableReading | None = None

    @property
    def gaps(self) -> tuple[str, ...]:
        """The words that stand for a gap in a column of any kind."""
        if self.missing is not None:
            return ("", *self.missing)
        return MISSING if self.stored is None else self.stored.missing


@dataclass(frozen=True, eq=False)
class Table:
    """A table that has been read: its cells as values, the reading that made them so, and what there is to tell."""

    frame: pd.DataFrame
    reading: TableReading
    odd: Mapping[str, OddCells] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_layout(path: Path, raw: bytes, wishes: Wishes) -> Layout:
    """Return the dialect and the columns of a text in UTF-8, of which the beginning is enough; see `read_text`."""
    whole = len(raw) <= HEAD_BYTES
    text = raw.decode("utf-8", "replace") if whole else raw[:HEAD_BYTES].decode("utf-8", "replace")
    names = wishes.names or ()
    alone = text.partition("\n")[0].strip().strip('"')
    if wishes.delimiter is None and alone in names:
        return Layout(Dialect(_NO_DELIMITER), (alone,))
    dialect = find_dialect(path, text, delimiter=wishes.delimiter, comment=wishes.comment, whole=whole)
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    rows = first_rows(text, dialect)[dialect.skip :]
    if not rows:
        raise DataError(f"rows in {path.name}", "comments or blanks alone", "Give a table with rows.")
    return find_header(
        path,
        rows,
        dialect,
        header=wishes.header,
        row_names=wishes.row_names,
        names=wishes.names,
        single=wishes.names is not None,
    )


def read_text(path: Path, raw: bytes, wishes: Wishes) -> Table:
    """Return a text table.

    Raises
    ------
    DataError
        If it is none, if a row has more cells than there are columns, or if a column cannot be what the person says.
    """
    decoded = decode(path, raw, wishes.encoding)
    raw = decoded.raw
    layout = find_layout(path, raw, wishes)
    dialect = replace(layout.dialect, encoding=decoded.encoding)
    start, line = table_start(raw, dialect)
    body = raw[start:]
    cells = cut(body, dialect, layout.columns, name=path.name, line=line)
    if len(cells) == 0:
        raise DataError(f"rows in {path.name}", "a header alone", "Give a table with rows.")
    notes = [*decoded.notes, *layout.notes]
    units = dialect.header and has_units(cells, wishes.stored)
    cells = without_first(cells, notes) if units else cells
    if cells.short[0]:
        notes.append(
            f"rows with fewer than {len(layout.columns)} cells, whose last ones count as missing: {cells.short[0]:,}, "
            f"first in line {cells.short[1]:,}"
        )
    reading, doubts = _decided(layout.columns, cells, dialect, wishes)
    notes += [*doubts, *written_otherwise(dialect, wishes.stored)]
    frame, seen = as_frame(reading, layout.columns, cells)
    rows = sorted({first + units for _, first, _ in seen.odd.values()})
    lines = dict(zip(rows, lines_of(body, dialect, rows), strict=True))
    odd = {
        name: OddCells(name, wanted(reading, name), count, cell, first + units + 1, line + lines[first + units])
        for name, (count, first, cell) in seen.odd.items()
    }
    return Table(frame, reading, odd, seen.words, tuple(notes + seen.gap_words()))


def _decided(
    names: Sequence[str], cells: Cells, dialect: Dialect, wishes: Wishes
) -> tuple[TableReading, tuple[str, ...]]:
    """Return the reading of a table, given all of its cells, and what could be otherwise."""
    stored = {} if wishes.stored is None else wishes.stored.columns
    found = {name: Evidence() for name in names if name not in stored}
    columns = zip(names, cells.columns, strict=True)
    add_all(found, {name: column for name, column in columns if name in found}, wishes.gaps)
    return settled(names, found, dialect, wishes)


def settled(
    names: Sequence[str], found: Mapping[str, Evidence], dialect: Dialect | None, wishes: Wishes
) -> tuple[TableReading, tuple[str, ...]]:
    """Return the reading that follows from the evidence; columns of the training file keep their notations."""
    stored = {} if wishes.stored is None else wishes.stored.columns
    row_names = names[0] if dialect is not None and dialect.row_names else None
    answer = decide(found, wishes.asked, delimiter="" if dialect is None else dialect.delimiter, row_names=row_names)
    asked = wishes.asked
    known = {n: stored[n].as_said(asked.decimal_of(n), asked.day_first_of(n)) for n in names if n in stored}
    columns = {name: known.get(name) or answer.columns[name] for name in names}
    return TableReading(dialect, columns, wishes.gaps), answer.notes if wishes.stored is None else ()


@dataclass(frozen=True)
class Seen:
    """Cells that stand out.

    Attributes
    ----------
    odd : mapping
        Of columns with cells that are filled and could not be read: how many, the row of the first, from 0, and it.
    words : mapping
        Of columns with words that are taken for gaps: how often each is there.
    texts : set of str
        Those of them that are columns of texts.
    """

    odd: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    words: dict[str, Mapping[str, int]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    def gap_words(self) -> list[str]:
        """Return a sentence on the words that are taken for gaps, but for those that always are."""
        told = []
        for name, words in self.words.items():
            # Among texts, NA and None may be a country and a class.
            known = _NO_TEXTS if name in self.texts else USUAL
            strange = {word: count for word, count in words.items() if word not in known}
            if strange:
                told.append(f"{name} ({sum(strange.values()):,}, such as {next(iter(strange))!r})")
        more = f" and {len(told) - 4} more" if len(told) > 4 else ""
        return [f"words taken for gaps: {', '.join(told[:4])}{more} (`missing`)"] if told else []


def as_frame(reading: TableReading, names: Sequence[str], cells: Cells) -> tuple[pd.DataFrame, Seen]:
    """Return cells as values, and which of them stand out."""
    import pandas as pd

    columns: dict[str, Any] = {}
    seen = Seen()
    plain = plain_columns(reading, dict(zip(names, cells.columns, strict=True)))
    for name, column in zip(names, cells.columns, strict=True):
        if name in plain:
            columns[name] = plain[name]
            continue
        read = reading.read(name, column)
        columns[name] = read.values
        if read.odd is not None and read.odd.any():
            first = int(np.flatnonzero(read.odd)[0])
            seen.odd[name] = (int(read.odd.sum()), first, str(column[first].as_py()))
        if read.words:
            seen.words[name] = read.words
            if reading.columns[name].is_text:
                seen.texts.add(name)
    # Many short columns are better side by side in one array.
    return pd.DataFrame(columns, copy=bool(plain)), seen


def wanted(reading: TableReading, name: str) -> str:
    """Return what the cells of a column are, for people."""
    return f"{reading.columns[name].noun} in the column {name!r}"


def written_otherwise(dialect: Dialect, stored: TableReading | None) -> list[str]:
    """Return a sentence on a file whose cells are parted otherwise than those of the training file."""
    trained = None if stored is None else stored.dialect
    if trained is None or (dialect.delimiter, dialect.quote) == (trained.delimiter, trained.quote):
        return []
    if _NO_DELIMITER in (dialect.delimiter, trained.delimiter):
        return []
    return [
        f"this file is written otherwise than that of training ({dialect.describe()}): its cells are parted its own way, "
        "and read as those of training"
    ]


def without_first(cells: Cells, notes: list[str]) -> Cells:
    """Return cells without their first row, which has units or is a line below the header, and tell it."""
    shown = ", ".join(str(column[0].as_py() or "") for column in cells.columns)
    what = "a line below the header" if _is_rule(cells) else "a row of units"
    notes.append(f"row 1 looks like {what} and is left out: {shown[:60]}")
    return Cells([column[1:] for column in cells.columns], cells.short)


def has_units(cells: Cells, stored: TableReading | None = None) -> bool:
    """Tell whether the first row has units above the numbers of at least two columns, and no number; or is a line of dashes.

    Where a reading is stored, a row of units is known by its numbers even above a single row.
    """
    if _is_rule(cells):
        return True
    least = 4 if stored is None else 1
    numeric = []
    for column in cells.columns:
        head = column[:_UNIT_ROWS].to_pylist()
        if len(head) > least and _are_numbers(head[1:], least):
            if any(sign.isdigit() for sign in head[0] or ""):
                # A number above numbers: one is enough, of however many columns.
                return False
            numeric.append(head)
    firsts = [head[0] for head in numeric]
    filled = [cell for cell in firsts if cell and cell.lower() not in GAPS and cell not in MISSING]
    return (
        len(numeric) >= 2
        and len(filled) > 0.5 * len(numeric)
        and all(cell is None or cell in filled or cell.lower() in GAPS for cell in firsts)
        and all(_UNIT.fullmatch(cell) for cell in filled)
    )


def _is_rule(cells: Cells) -> bool:
    """Tell whether the first row is a line below the header, as Markdown and SQL clients draw it."""
    first = [column[0].as_py() for column in cells.columns] if len(cells) > 1 else []
    filled = [cell for cell in first if cell]
    return len(filled) >= 2 and all(_RULE.fullmatch(cell) for cell in filled) and any("--" in cell for cell in filled)


def _are_numbers(cells: list[str | None], least: int) -> bool:
    filled = [cell for cell in cells if cell and cell not in MISSING]
    return len(filled) >= least and all(
        any(sign.isdigit() for sign in cell) and _starts_as_number(cell) for cell in filled
    )


def _starts_as_number(cell: str) -> bool:
    return cell.lstrip("+-−($€£ ")[:1].isdigit() or cell[:1] in ".,"
