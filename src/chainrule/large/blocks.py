"""Blocks: a table on the disk that is read some rows at a time, in any order, and watched for changes meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.delimited import decode, find_layout, parse
from chainrule.sources.source import damaged_parquet, plain_cells

if TYPE_CHECKING:
    import pandas as pd

# Bytes of text that are parsed at a time; rows of a Parquet file, and cells of them, that are read at a time.
_TEXT_BYTES = 8 << 20
_PARQUET_ROWS = 65_536
_PARQUET_CELLS = 2_000_000
_HEAD_BYTES = 1 << 20
_LOOK_BYTES = 1 << 12
_TEXT_TABLES = (".csv", ".tsv", ".tab", ".txt", ".data", ".psv")
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_QUOTES_MEAN_NOTHING = 3


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
        What was decided about the layout, for the person.
    """

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: dict[int, int] = {0: 0}
        self._state = self._stat()

    @property
    @abstractmethod
    def n_blocks(self) -> int:
        """Number of blocks."""

    @abstractmethod
    def _read(self, block: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of a block, in frames that are small."""

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
        for frame in self._read(block):
            frame.index = frame.index.__class__(range(at, at + len(frame)))
            at += len(frame)
            yield frame
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

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path)
        except Exception as error:
            # pyarrow has no common base for what a damaged file may raise.
            raise damaged_parquet(path, error) from error
        self.columns = tuple(str(name) for name in self._file.schema_arrow.names)
        self.n_rows = int(self._file.metadata.num_rows)

    @property
    def n_blocks(self) -> int:
        """Number of row groups."""
        return int(self._file.metadata.num_row_groups)

    def _read(self, block: int) -> Iterator[pd.DataFrame]:
        import pyarrow as pa

        batch = None
        try:
            # One thread, and no reading ahead: memory is what this is about.
            rows = max(1, min(_PARQUET_ROWS, _PARQUET_CELLS // max(1, len(self.columns))))
            for batch in self._file.iter_batches(rows, row_groups=[block], use_threads=False):
                if batch.num_rows:
                    yield plain_cells(self.path, batch.to_pandas())
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

    def __init__(self, path: Path, header: str = "auto") -> None:
        super().__init__(path)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        self._layout = find_layout(path, decode(path, whole_lines), header)
        self.columns, self.notes = self._layout.columns, self._layout.notes
        self._cuts, self.n_rows = self._cut()

    @property
    def n_blocks(self) -> int:
        """Number of blocks, each of some megabytes of text."""
        return len(self._cuts) - 1

    def _cut(self) -> tuple[list[int], int]:
        """Return where blocks begin, and an estimate of the rows: ends of lines outside quotes."""
        quotes = self._layout.quoting != _QUOTES_MEAN_NOTHING
        cuts, at, rows, inside = [0], 0, 0, False
        with self.path.open("rb") as file:
            while raw := file.read(_TEXT_BYTES):
                ends, inside = _row_ends(raw, inside, quotes=quotes)
                rows += len(ends)
                if len(ends):
                    cuts.append(at + int(ends[-1]) + 1)
                at += len(raw)
        if cuts[-1] < at:
            # Rows after the last end of a line: a last line without one, or an open quote.
            cuts.append(at)
        return cuts, max(1, rows - self._layout.has_header)

    def _read(self, block: int) -> Iterator[pd.DataFrame]:
        start, stop = self._cuts[block : block + 2]
        with self.path.open("rb") as file:
            file.seek(start)
            raw = file.read(stop - start)
        if len(raw) < stop - start:
            raise self._changed(f"{start + len(raw):,} bytes where {stop:,} were")
        text = decode(self.path, raw)
        if not text.strip():
            return
        first = block == 0
        if first and self._layout.has_header and text.rstrip("\r\n").count("\n") == 0:
            return
        try:
            yield parse(self.path, text, self._layout, first=first)
        except DataError as error:
            raise DataError(
                error.expected, f"{error.came} (counted from row {self._starts[block] + 1:,})", error.remedy
            ) from error


def _row_ends(raw: bytes, inside: bool, *, quotes: bool) -> tuple[np.ndarray, bool]:
    """Return where rows end in a piece of text, and whether the next piece begins inside quotes."""
    codes = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    if not quotes or (b'"' not in raw and not inside):
        return ends, inside
    marks = np.flatnonzero(codes == _QUOTE)
    # An end of a line is the end of a row if the quote marks before it are in pairs.
    before = np.searchsorted(marks, ends) + inside
    return ends[before % 2 == 0], bool((len(marks) + inside) % 2)


def open_blocks(path: Path, header: str = "auto") -> Blocks:
    """Return the blocks of a table, or raise DataError for a file that cannot be read in blocks."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataError(
            "a CSV, TSV or Parquet file to stream from", f"{path}: {error.strerror}", "Name a file, or drop `stream`."
        ) from error
    if magic == b"PAR1":
        return ParquetBlocks(path)
    if magic[:2] == b"\x1f\x8b":
        raise DataError(
            "a table that can be read from any place, to stream it",
            f"{path.name}, which is packed with gzip",
            "Unpack it first, with gunzip, or write it as Parquet.",
        )
    if not magic.strip():
        raise DataError(f"rows in {path.name}", "an empty file", "Give a table with a header and rows.")
    return TextBlocks(path, header)


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
