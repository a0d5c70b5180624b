"""Blocks: a table on the disk that is read some rows at a time, in any order, and watched for changes meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.delimited import (
    Seen,
    Wishes,
    as_frame,
    find_layout,
    has_units,
    settled,
    wanted,
    without_first,
    written_otherwise,
)
from chainrule.sources.reading.cells import Cells, cut, lines_of, table_start
from chainrule.sources.reading.dialect import Dialect
from chainrule.sources.reading.encoding import Decoded, decode
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.reading import OddCells, TableReading, without_gaps
from chainrule.sources.typed import Gathered, damaged_parquet, typed_columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Bytes of text that are parsed at a time; rows of a Parquet file, and cells of them, that are read at a time.
_TEXT_BYTES = 8 << 20
_PARQUET_ROWS = 65_536
_PARQUET_CELLS = 2_000_000
_HEAD_BYTES = 1 << 20
_LOOK_BYTES = 1 << 12
_TEXT_TABLES = (".csv", ".tsv", ".tab", ".txt", ".data", ".psv")
_NEWLINE = ord("\n")
# Bytes of lines that are no plain ASCII, by which the encoding is found.
_TELLING_BYTES = 1 << 20

Tell = Callable[[str], None]
_SILENT = Wishes()


class Blocks(ABC):
    """A table in blocks of rows.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        Names of the columns.
    n_rows : int
        Rows of the whole table; of a text table, an estimate until all blocks have been read once.
    notes : tuple of str
        What was decided about the layout and the notations, for the person.
    reading : TableReading
        How the table is written, decided by all of its rows.
    odd : dict
        Of columns with cells that its notation cannot read, these cells, as far as blocks have been read.
    gaps : dict
        Of columns with words that are read as gaps, how often each is there, as far as blocks have been read.
    """

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    notes: tuple[str, ...] = ()
    reading: TableReading

    def __init__(self, path: Path) -> None:
        self.path = path
        self.odd: dict[str, OddCells] = {}
        self.gaps: dict[str, dict[str, int]] = {}
        self._noted: set[int] = set()
        self._starts: dict[int, int] = {0: 0}
        self._state = self._stat()

    @property
    @abstractmethod
    def n_blocks(self) -> int:
        """Number of blocks."""

    @abstractmethod
    def _read(self, block: int) -> Iterator[tuple[pd.DataFrame, Seen]]:
        """Yield the rows of a block, in frames that are small, with the cells that stand out."""

    def _line(self, block: int, row: int) -> int:
        """Return the line of a row of a block, counted from 0 there; 0 where there are no lines."""
        return 0

    def _note(self, block: int, at: int, seen: Seen) -> None:
        """Keep what stands out in some rows."""
        for name, words in seen.words.items():
            known = self.gaps.setdefault(name, {})
            for word, count in words.items():
                known[word] = known.get(word, 0) + count
        for name, (count, first, cell) in seen.odd.items():
            if name in self.odd:
                self.odd[name] = replace(self.odd[name], count=self.odd[name].count + count)
            else:
                line = self._line(block, at - self._starts[block] + first)
                self.odd[name] = OddCells(name, wanted(self.reading, name), count, cell, at + first + 1, line)

    def frames(self, block: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of a block in frames whose index has the number of each row, from 0, in the table.

        Raises
        ------
        DataError
            If the file has changed since it was opened, or is damaged in this block.
        """
        self._check()
        at = self._starts.get(block)
        if at is None:
            raise DataError("blocks to be read in order once", f"block {block} first", "Read all of them first.")
        new = block not in self._noted
        for frame, seen in self._read(block):
            if new:
                self._note(block, at, seen)
            frame.index = frame.index.__class__(range(at, at + len(frame)))
            at += len(frame)
            yield frame
        self._noted.add(block)
        self._starts.setdefault(block + 1, at)
        if self._starts[block + 1] != at:
            raise self._changed(f"{at - self._starts[block]} rows where {self._starts[block + 1]} were before")
        if block == self.n_blocks - 1:
            self.n_rows = at

    def _stat(self) -> tuple[int, int]:
        try:
            stat = self.path.stat()
        except OSError as error:
            raise DataError(
                f"{self.path} to be readable", error.strerror or str(error), "Check that the file is still there."
            ) from error
        return stat.st_size, stat.st_mtime_ns

    def _check(self) -> None:
        size, time = self._stat()
        if (size, time) != self._state:
            was = self._state[0]
            raise self._changed(f"{size:,} bytes where {was:,} were" if size != was else "a file that was written anew")

    def _changed(self, came: str) -> DataError:
        return DataError(
            f"{self.path.name} to stay as it is while it is trained on",
            came,
            "Train on a finished copy of the file; what has been trained so far is in the run folder's checkpoint.",
        )


class ParquetBlocks(Blocks):
    """The row groups of a Parquet file; one that is empty has no rows, and no further meaning."""

    def __init__(self, path: Path, wishes: Wishes = _SILENT, tell: Tell = lambda words: None) -> None:
        super().__init__(path)
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path)
        except Exception as error:
            # pyarrow has no common base for what a damaged file may raise.
            raise damaged_parquet(path, error) from error
        self.n_rows = int(self._file.metadata.num_rows)
        found = Gathered(wishes)
        for block in range(self.n_blocks):
            tell(f"{path.name}, the cells of each column: {block / self.n_blocks:.0%}")
            for columns in self._columns(block):
                found.add(columns)
        self.reading, self.notes = found.reading()
        self.columns = tuple(self.reading.columns)

    @property
    def n_blocks(self) -> int:
        """Number of row groups."""
        return int(self._file.metadata.num_row_groups)

    def _read(self, block: int) -> Iterator[tuple[pd.DataFrame, Seen]]:
        for columns in self._columns(block):
            yield as_frame(self.reading, list(columns), Cells(list(columns.values())))

    def _columns(self, block: int) -> Iterator[dict[str, pa.Array]]:
        """Yield the rows of a block, in parts that are small."""
        import pyarrow as pa

        batch = None
        try:
            # One thread, and no reading ahead: memory is what this is about.
            width = max(1, len(self._file.schema_arrow.names))
            rows = max(1, min(_PARQUET_ROWS, _PARQUET_CELLS // width))
            for batch in self._file.iter_batches(rows, row_groups=[block], use_threads=False):
                if batch.num_rows:
                    yield typed_columns(self.path, pa.Table.from_batches([batch]))
            del batch
            # Arrow keeps what it frees for later.
            pa.default_memory_pool().release_unused()
        except DataError:
            raise
        except Exception as error:
            self._check()
            raise damaged_parquet(self.path, error) from error


class TextBlocks(Blocks):
    """A text table cut at ends of lines that are ends of rows."""

    def __init__(self, path: Path, wishes: Wishes = _SILENT, tell: Tell = lambda words: None) -> None:
        super().__init__(path)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        decoded = decode(path, whole_lines + b"\n" + self._telling(), wishes.encoding)
        if decoded.encoding.startswith(("utf-16", "utf-32")):
            raise DataError(
                "a text whose lines end in one byte, to stream it", f"{decoded.encoding}", "Write it as UTF-8 first."
            )
        self._encoding = decoded.encoding
        layout = find_layout(path, self._utf8(whole_lines).raw, wishes)
        self._dialect = replace(layout.dialect, encoding=decoded.encoding)
        self.columns = layout.columns
        self._cuts, self._lines = self._cut()
        self._units = False
        self._gather(wishes, tell, [*decoded.notes, *layout.notes])

    @property
    def n_blocks(self) -> int:
        """Number of blocks, each of some megabytes of text."""
        return len(self._cuts) - 1

    def _telling(self) -> bytes:
        """Return lines that are no plain ASCII, from anywhere in the file: they tell its encoding."""
        lines: list[bytes] = []
        size = 0
        with self.path.open("rb") as file:
            while (raw := file.read(_TEXT_BYTES)) and size < _TELLING_BYTES:
                for line in () if raw.isascii() else raw.split(b"\n")[1:-1]:
                    if not line.isascii() and size < _TELLING_BYTES:
                        lines.append(line)
                        size += len(line)
        return b"\n".join(lines)

    def _utf8(self, raw: bytes) -> Decoded:
        return Decoded(raw.decode(self._encoding, "replace").removeprefix("\ufeff").encode(), self._encoding)

    def _cut(self) -> tuple[list[int], list[int]]:
        """Return where blocks begin, in bytes and in lines: at ends of lines outside quotes."""
        cuts, lines, at, line, inside = [0], [0], 0, 0, False
        with self.path.open("rb") as file:
            while raw := file.read(_TEXT_BYTES):
                ends, inside = _row_ends(raw, inside, self._dialect)
                if len(ends):
                    cuts.append(at + int(ends[-1]) + 1)
                    lines.append(line + raw[: int(ends[-1]) + 1].count(b"\n"))
                at += len(raw)
                line += raw.count(b"\n")
        if cuts[-1] < at:
            # Rows after the last end of a line: a last line without one, or an open quote.
            cuts.append(at)
            lines.append(line)
        return cuts, lines

    def _gather(self, wishes: Wishes, tell: Tell, notes: list[str]) -> None:
        """Decide how the table is written, by all of its rows."""
        stored = {} if wishes.stored is None else wishes.stored.columns
        found = {name: Evidence() for name in self.columns if name not in stored}
        row, short = 0, (0, 0)
        for block in range(self.n_blocks):
            tell(f"{self.path.name}, the cells of each column: {block / self.n_blocks:.0%}")
            cells = self._cells(block, row)
            if block == 0 and not stored and has_units(cells):
                self._units = True
                cells = without_first(cells, notes)
            if cells.short[0]:
                short = short[0] + cells.short[0], short[1] or cells.short[1]
            for name, column in zip(self.columns, cells.columns, strict=True):
                if name in found:
                    found[name].add(without_gaps(column, wishes.gaps))
            row += len(cells)
            self._starts[block + 1] = row
        self.n_rows = row
        if short[0]:
            notes.append(
                f"rows with fewer than {len(self.columns)} cells, whose last ones count as missing: {short[0]:,}, "
                f"first in line {short[1]:,}"
            )
        self.reading, doubts = settled(self.columns, found, self._dialect, wishes)
        self.notes = (*notes, *doubts, *written_otherwise(self._dialect, wishes.stored))

    def _body(self, block: int) -> tuple[bytes, int]:
        """Return the text of a block below its header, and how many lines of the file are above that."""
        start, stop = self._cuts[block : block + 2]
        with self.path.open("rb") as file:
            file.seek(start)
            raw = file.read(stop - start)
        if len(raw) < stop - start:
            raise self._changed(f"{start + len(raw):,} bytes where {stop:,} were")
        text = self._utf8(raw).raw
        if block > 0:
            return text, self._lines[block]
        start, line = table_start(text, self._dialect)
        return text[start:], line

    def _cells(self, block: int, row: int) -> Cells:
        body, line = self._body(block)
        return cut(body, self._dialect, self.columns, name=self.path.name, line=line, row=row)

    def _read(self, block: int) -> Iterator[tuple[pd.DataFrame, Seen]]:
        cells = self._cells(block, self._starts[block])
        if block == 0 and self._units:
            cells = without_first(cells, [])
        if len(cells):
            yield as_frame(self.reading, self.columns, cells)

    def _line(self, block: int, row: int) -> int:
        body, line = self._body(block)
        return line + lines_of(body, self._dialect, [row + (block == 0 and self._units)])[0]


def _row_ends(raw: bytes, inside: bool, dialect: Dialect) -> tuple[np.ndarray, bool]:
    """Return where rows end in a piece of text, and whether the next piece begins inside quotes."""
    codes = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    quote = dialect.quote.encode()
    if not quote or (quote not in raw and not inside):
        return ends, inside
    marks = np.flatnonzero(codes == ord(quote))
    if dialect.escape:
        marks = marks[codes[marks - 1] != ord(dialect.escape)]
    # An end of a line is the end of a row if the quote marks before it are in pairs.
    before = np.searchsorted(marks, ends) + inside
    return ends[before % 2 == 0], bool((len(marks) + inside) % 2)


def open_blocks(path: Path, wishes: Wishes = _SILENT, tell: Tell = lambda words: None) -> Blocks:
    """Return the blocks of a table, its reading decided by one pass over them.

    Raises
    ------
    DataError
        If the file cannot be read in blocks, or is no table.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataError(
            "a CSV, TSV or Parquet file to stream from", f"{path}: {error.strerror}", "Name a file, or drop `stream`."
        ) from error
    if magic == b"PAR1":
        return ParquetBlocks(path, wishes, tell)
    if magic[:2] == b"\x1f\x8b":
        raise DataError(
            "a table that can be read from any place, to stream it",
            f"{path.name}, which is packed with gzip",
            "Unpack it first, with gunzip, or write it as Parquet.",
        )
    if not magic.strip():
        raise DataError(f"rows in {path.name}", "an empty file", "Give a table with a header and rows.")
    return TextBlocks(path, wishes, tell)


def weight(path: Path) -> int:
    """Return about how many bytes a table, read and prepared, takes in memory; 0 for what is no table to stream."""
    try:
        if not path.is_file():
            return 0
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_LOOK_BYTES)
    except OSError:
        # A name that no file can have, or a file that cannot be read: reading it will say so.
        return 0
    if head[:4] == b"PAR1":
        import pyarrow.parquet as pq

        try:
            metadata = pq.ParquetFile(path).metadata
        except Exception:
            # Reading the table will say what is wrong with it.
            return 0
        # As columns of cells, and as inputs; columns that are packed well on the disk are not in memory.
        groups = (metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        return max(3 * int(sum(groups)), 12 * int(metadata.num_rows) * int(metadata.num_columns))
    is_text = b"\x00" not in head and head[:2] != b"\x1f\x8b" and path.suffix.lower() in _TEXT_TABLES
    # Pictures in a column have a reader of their own. Else: its bytes, its text, its cells and its inputs.
    return 4 * size if is_text and b"pixels" not in head.partition(b"\n")[0].lower() else 0
