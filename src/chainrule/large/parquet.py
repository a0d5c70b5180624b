"""Parquet files in blocks: their row groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import DataError
from chainrule.large.block import Blocks, Tell
from chainrule.sources.delimited import Seen, Wishes, as_frame
from chainrule.sources.reading.cells import Cells
from chainrule.sources.typed import Gathered, columns_beyond, damaged_parquet, typed_columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Rows, and cells of them, that are read at a time.
_ROWS = 65_536
_CELLS = 2_000_000


class ParquetBlocks(Blocks):
    """The row groups of a Parquet file; one that is empty has no rows, and no further meaning."""

    def __init__(self, path: Path, wishes: Wishes, tell: Tell) -> None:
        super().__init__(path)
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path)
        except Exception as error:
            # pyarrow has no common base for what a damaged file may raise.
            raise damaged_parquet(path, error) from error
        self.n_rows = int(self._file.metadata.num_rows)
        try:
            self._as_names = columns_beyond(self._file)
        except Exception as error:
            raise damaged_parquet(path, error) from error
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
            rows = max(1, min(_ROWS, _CELLS // width))
            for batch in self._file.iter_batches(rows, row_groups=[block], use_threads=False):
                if batch.num_rows:
                    batch.validate(full=True)
                    yield typed_columns(self.path, pa.Table.from_batches([batch]), self._as_names)
            del batch
            # Arrow keeps what it frees for later.
            pa.default_memory_pool().release_unused()
        except DataError:
            raise
        except Exception as error:
            self._check()
            raise damaged_parquet(self.path, error) from error
