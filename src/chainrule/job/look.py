"""Looking at data: what was understood of a table, or of files, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.encode.table import column_kinds
from chainrule.encode.target import guess_target, guess_task
from chainrule.errors import ConfigError
from chainrule.job.config import Config, config_from
from chainrule.job.doubts import doubts
from chainrule.job.prepare import reading_of
from chainrule.report.look import render_look
from chainrule.sources.kinds import cells_as_text
from chainrule.sources.read import read_source
from chainrule.sources.source import Source

_EXAMPLES = 3
_LETTERS = 18
_CLASSES = 12


@dataclass(frozen=True)
class LookedColumn:
    """One column: what it was taken for and why, how it is written, some of its cells, and its gaps."""

    name: str
    kind: str
    reason: str
    notation: str
    examples: str
    gaps: int


@dataclass(frozen=True)
class Look:
    """What was understood of DATA.

    Attributes
    ----------
    name, rows : of the source.
    dialect : str
        How a text table is laid out, in words; empty for others.
    columns : tuple of LookedColumn
    target : str
        Which column is the target, what is predicted, and its classes with the rows of each.
    notes : tuple of str
        What could be otherwise, the worst first.
    """

    name: str
    rows: int
    dialect: str
    columns: tuple[LookedColumn, ...]
    target: str
    notes: tuple[str, ...]


def read(data: str | Path, columns: Mapping[str, str] | None = None, **said: Any) -> Source:
    """Return DATA with its reading, to look at: `read("t.csv", decimal=",").reading`.

    Parameters
    ----------
    data : str or Path
        A table, a folder, or a name from `chainrule datasets`.
    columns : mapping, optional
        Kinds of columns that are not to be guessed.
    **said
        What is known of a table: `delimiter`, `encoding`, `decimal`, `thousands`, `missing` (a list of words),
        `day_first`, `header`, `comment`, `row_names`; each is found if left out.

    Raises
    ------
    DataError
        If it cannot be read.
    ConfigError
        If something is said that there is not.
    """
    if "encoding" in said:
        said["file_encoding"] = said.pop("encoding")
    config = config_from({"data": str(data), "columns": dict(columns or {}), **said})
    return read_source(config.data, reading_of(config))


def look(config: Config) -> Look:
    """Return what the settings make of their data."""
    source = read_source(config.data, reading_of(config))
    names = [str(name) for name in source.frame.columns]
    target = config.target or source.target or guess_target(names)
    if target not in names:
        raise ConfigError(
            f"a column {target!r} in {source.name}", "no such column", f"Its columns: {', '.join(names[:9])}."
        )
    kinds = column_kinds(source.frame, target, {**source.kinds, **config.columns}, source.reading)
    reading = source.reading
    about = [(kind.name, kind.kind, kind.reason) for kind in kinds if source.samples is None]
    task = config.task if config.task != "auto" else source.task or guess_task(source.frame[target])[0]
    columns = tuple(
        LookedColumn(
            name,
            kind,
            reason,
            "" if reading is None or name not in reading.columns else reading.columns[name].describe(),
            _examples(source, name),
            int(source.frame[name].isna().sum()),
        )
        for name, kind, reason in [*about, (target, "target", task)]
    )
    dialect = "" if reading is None or reading.dialect is None else reading.dialect.describe()
    notes = (*source.notes, *doubts(source, target, kinds))
    return Look(source.name, len(source), dialect, columns, _target(source, target, task), notes)


def _examples(source: Source, name: str) -> str:
    found = cells_as_text(source.frame[name].dropna().drop_duplicates().head(_EXAMPLES)).tolist()
    cells = [cell.removesuffix(" 00:00:00") for cell in found]
    return ", ".join(cell if len(cell) <= _LETTERS else cell[: _LETTERS - 1] + "…" for cell in cells)


def _target(source: Source, target: str, task: str) -> str:
    if task != "classification":
        return f"{target}: {task}"
    counts = cells_as_text(source.frame[target]).value_counts()
    shown = ", ".join(f"{name} ({count:,})" for name, count in counts.head(_CLASSES).items())
    more = f" and {len(counts) - _CLASSES:,} more" if len(counts) > _CLASSES else ""
    return f"{target}: {task}, {len(counts):,} classes: {shown}{more}"


def page_of(found: Look) -> str:
    """Return what was understood as a page."""
    return render_look(found.name, found.rows, found.dialect, rows_of(found), found.target, found.notes)


def rows_of(found: Look) -> Sequence[Sequence[str]]:
    """Return the columns as rows of words."""
    return [
        [column.name, column.kind, column.notation, column.examples, str(column.gaps or ""), column.reason]
        for column in found.columns
    ]
