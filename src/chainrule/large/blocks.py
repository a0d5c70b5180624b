"""Opening a table in blocks: which files can be read so, and what they would take in memory when read whole."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import DataError
from chainrule.large.block import Blocks, Tell
from chainrule.large.parquet import ParquetBlocks
from chainrule.large.text import TextBlocks
from chainrule.sources.delimited import Wishes

_LOOK_BYTES = 1 << 12
_TEXT_TABLES = (".csv", ".tsv", ".tab", ".txt", ".data", ".psv")
_SILENT = Wishes()


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
