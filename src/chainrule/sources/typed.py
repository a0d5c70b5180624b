"""Tables of typed columns: those of Parquet keep their types, and what is text in them is read as text is."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError
from chainrule.sources.delimited import Table, Wishes, as_frame, settled, wanted
from chainrule.sources.reading.cells import Cells
from chainrule.sources.reading.decide import AS_WRITTEN
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.header import header_names
from chainrule.sources.reading.notation import Date, Flag, Notation, Number, Text
from chainrule.sources.reading.numbers import LARGEST
from chainrule.sources.reading.reading import OddCells, TableReading, without_gaps

if TYPE_CHECKING:
    import pyarrow as pa

# What a missing text looks like where the file has gaps of its own: None and NA are texts there.
MISSING = ("", "?")
_NAMELESS = "__index_level_"


def read_parquet(path: Path, raw: bytes, wishes: Wishes) -> Table:
    """Return a Parquet file.

    Raises
    ------
    DataError
        If it is damaged, or has a column whose cells are no single values.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(raw))
        # Texts that are no UTF-8, and places beyond the end, are found here and not by who reads a cell.
        table.validate(full=True)
        columns = typed_columns(path, table)
    except DataError:
        raise
    except Exception as error:
        # pyarrow has no common base for what a damaged file may raise; what pandas has written into it is JSON.
        raise damaged_parquet(path, error) from error
    least = 1 if wishes.names is not None else 2
    if len(columns) < least or table.num_rows == 0:
        raise DataError(
            "a table of at least two columns and one row",
            f"a table of shape {(table.num_rows, len(columns))}",
            "Name another file.",
        )
    header_names(path, list(columns))
    found = Gathered(wishes)
    found.add(columns)
    reading, notes = found.reading()
    frame, seen = as_frame(reading, list(columns), Cells(list(columns.values())))
    odd = {
        name: OddCells(name, wanted(reading, name), count, cell, first + 1)
        for name, (count, first, cell) in seen.odd.items()
    }
    return Table(frame, reading, odd, seen.words, (*notes, *seen.gap_words()))


def damaged_parquet(path: Path, error: Exception) -> DataError:
    """Return the error for a Parquet file that cannot be read."""
    return DataError(f"{path.name} to be a whole Parquet file", str(error)[:200], "Write the file again.")


def typed_columns(path: Path, table: pa.Table, as_names: frozenset[str] = frozenset()) -> dict[str, pa.Array]:
    """Return the columns by name, each as numbers, dates, booleans or texts without blanks around them.

    Parameters
    ----------
    as_names : frozenset of str
        Columns of whole numbers that are names, because other rows of the file have numbers beyond float64.
    """
    about = table.schema.pandas_metadata or {}
    named = about.get("index_columns", ()) if isinstance(about, dict) else ()
    index = [name for name in named or () if isinstance(name, str) and name in table.column_names]
    # An index that has a name is a column that somebody set aside; one without is the number of the row.
    names = [name for name in index if not name.startswith(_NAMELESS)]
    names += [name for name in table.column_names if name not in index]
    return {name: _plain(path, name, table.column(name).combine_chunks(), as_names) for name in names}


def columns_beyond(file: Any) -> frozenset[str]:
    """Return the columns of a ParquetFile with whole numbers that float64 does not tell apart, in any of its rows."""
    names = [field.name for field in file.schema_arrow if _is_whole(field.type)]
    # One at a time, and as the file has it: what is kept of a column is whether there is such a number.
    return frozenset(
        name for name in names if any(_has_beyond(batch.column(0)) for batch in file.iter_batches(columns=[name]))
    )


def _is_whole(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or (types.is_decimal(kind) and kind.scale == 0))


def _has_beyond(column: pa.Array) -> bool:
    import pyarrow.compute as pc

    ends = pc.min_max(column)
    return any(end.as_py() is not None and abs(end.as_py()) > LARGEST for end in ends.values())


def _plain(path: Path, name: str, column: Any, as_names: frozenset[str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if _is_whole(kind):
        # float64 would take neighbours among them for one and the same.
        beyond = name in as_names or _has_beyond(column)
        return pc.cast(column, pa.string()) if beyond else pc.cast(column, pa.float64())
    if types.is_floating(kind) or types.is_decimal(kind):
        return pc.cast(column, pa.float64(), safe=False)
    if types.is_duration(kind):
        return pc.divide(pc.cast(pc.cast(column, pa.int64()), pa.float64()), _PER_SECOND[kind.unit])
    if types.is_boolean(kind):
        return pc.if_else(column, "True", "False")
    if types.is_timestamp(kind):
        local = pc.local_timestamp(column) if kind.tz is not None else column
        return pc.cast(local, pa.timestamp("us"), safe=False)
    if types.is_date(kind):
        return pc.cast(column, pa.timestamp("us"))
    if types.is_time(kind):
        return pc.cast(pc.cast(pc.cast(column, pa.time64("us")), pa.int64()), pa.timestamp("us"))
    if types.is_null(kind):
        return pc.cast(column, pa.string())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    example = next((cell.as_py() for cell in column if cell.is_valid), None)
    raise DataError(
        f"one value in each cell of the column {name!r} of {path.name}",
        f"{kind}: {example!r:.60}",
        "Leave the column out, or spread its values over columns of their own.",
    )


# Different values of a column that are kept, to see whether they are 0 and 1 alone.
_MOST = 3
_FLAGS = {0.0, 1.0}
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class Gathered:
    """What the columns of a typed table look like, gathered part by part."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._texts: dict[str, Evidence] = {}
        self._typed: dict[str, Notation] = {}
        self._values: dict[str, set[float]] = {}
        self._names: list[str] = []

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Take some rows in."""
        import pyarrow as pa

        stored = {} if self._wishes.stored is None else self._wishes.stored.columns
        self._names = list(columns)
        for name, column in columns.items():
            if name in stored:
                continue
            if pa.types.is_string(column.type):
                self._texts.setdefault(name, Evidence()).add(without_gaps(column, self._gaps))
            else:
                self._typed[name] = self._notation(name, column)

    @property
    def _gaps(self) -> tuple[str, ...]:
        wishes = self._wishes
        return MISSING if wishes.missing is None and wishes.stored is None else wishes.gaps

    def _notation(self, name: str, column: pa.Array) -> Notation:
        """Return the notation of a typed column; of numbers that are 0 and 1 alone, as of all such columns."""
        import pyarrow as pa

        kind = self._wishes.asked.kinds.get(name)
        if kind in AS_WRITTEN:
            return Text()
        if pa.types.is_timestamp(column.type):
            return Date()
        values = self._values.setdefault(name, set())
        if values <= _FLAGS:
            values.update(column.unique().drop_null().to_pylist()[:_MOST])
        return Flag("1", "0") if values == _FLAGS and kind != "numeric" else Number()

    def reading(self) -> tuple[TableReading, tuple[str, ...]]:
        """Return the reading that follows, and what could be otherwise."""
        stored = {} if self._wishes.stored is None else dict(self._wishes.stored.columns)
        texts = [name for name in self._names if name in self._texts]
        found, notes = settled(texts, self._texts, None, self._wishes)
        columns = {name: stored.get(name) or self._typed.get(name) or found.columns[name] for name in self._names}
        return TableReading(None, columns, self._gaps), notes
