"""Text tables in blocks: cut at ends of lines that are ends of rows, and read as they are when read whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.large.block import Blocks, Tell
from chainrule.sources.delimited import (
    Seen,
    Wishes,
    as_frame,
    find_layout,
    has_units,
    settled,
    without_first,
    written_otherwise,
)
from chainrule.sources.reading.cells import Cells, cut, lines_of, table_start
from chainrule.sources.reading.dialect import Dialect
from chainrule.sources.reading.encoding import Decoded, decode
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.wide import add_all

if TYPE_CHECKING:
    import pandas as pd

# Bytes of text that are parsed at a time, and in which the dialect is found.
_BYTES = 8 << 20
_HEAD_BYTES = 1 << 20
# Bytes of lines that are no plain ASCII, by which the encoding is found.
_TELLING_BYTES = 1 << 20
_NEWLINE = ord("\n")


class TextBlocks(Blocks):
    """A text table cut at ends of lines that are ends of rows."""

    def __init__(self, path: Path, wishes: Wishes, tell: Tell) -> None:
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
            while (raw := file.read(_BYTES)) and size < _TELLING_BYTES:
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
            while raw := file.read(_BYTES):
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
            if block == 0 and self._dialect.header and has_units(cells, wishes.stored):
                self._units = True
                cells = without_first(cells, notes)
            if cells.short[0]:
                short = short[0] + cells.short[0], short[1] or cells.short[1]
            columns = zip(self.columns, cells.columns, strict=True)
            add_all(found, {name: column for name, column in columns if name in found}, wishes.gaps)
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
