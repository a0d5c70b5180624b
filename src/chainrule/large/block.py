"""Blocks: a table on the disk that is read some rows at a time, in any order, and watched for changes meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from chainrule.errors import DataError
from chainrule.sources.delimited import Seen, wanted
from chainrule.sources.reading.reading import OddCells, TableReading

if TYPE_CHECKING:
    import pandas as pd

Tell: TypeAlias = Callable[[str], None]


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
