"""Uploads: tables that come from a view, read with care and shown to be chosen from."""

from __future__ import annotations

import io
import re
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import DataError
from chainrule.playground.data import MOST_ROWS
from chainrule.playground.guard import MOST_UPLOAD_BYTES
from chainrule.playground.spec import MOST_INPUTS
from chainrule.playground.wire import Message

if TYPE_CHECKING:
    from chainrule.sources.source import Source

_UNPACKED = 4 * MOST_UPLOAD_BYTES


def read_upload(name: str, raw: bytes) -> Source:
    """Return the table in an upload; its name is only what it is called, never a path."""
    from chainrule.sources.source import read_table

    if len(raw) > MOST_UPLOAD_BYTES:
        raise too_large(len(raw))
    safe = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip(". ") or "table.csv"
    if raw[:2] == b"\x1f\x8b":
        raw, safe = _unpacked(raw), safe.removesuffix(".gz")
    if raw[:4] == b"PAR1":
        _require_modest_parquet(raw)
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        path = Path(folder) / safe
        path.write_bytes(raw)
        source = read_table(path)
    for what, count, most in (("columns", len(source.frame.columns), MOST_INPUTS), ("rows", len(source), MOST_ROWS)):
        if count > most:
            remedy = "Upload a part of the table, or use `chainrule train`."
            raise DataError(f"a table of at most {most:,} {what}", f"{count:,} in {safe}", remedy)
    return source


def too_large(size: int) -> DataError:
    """Return the error for an upload beyond the limit."""
    return DataError(
        f"a table of at most {MOST_UPLOAD_BYTES >> 20} MiB",
        f"{size / (1 << 20):,.0f} MiB" if size >= MOST_UPLOAD_BYTES else "more",
        "Upload a sample of its rows, or train on the whole file with `chainrule train`.",
    )


def _unpacked(raw: bytes) -> bytes:
    """Unpack gzip, as far as the limit: a few kilobytes may claim to be terabytes."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(raw, _UNPACKED)
    except zlib.error as error:
        raise DataError("a whole gzip file", f"{error}", "Write the file again.") from error
    if unpacker.unconsumed_tail:
        raise DataError(f"a table of at most {_UNPACKED >> 20} MiB unpacked", "more", "Upload a sample of its rows.")
    if not unpacker.eof:
        raise DataError("a whole gzip file", "one that ends too early", "Write the file again.")
    return content


def _require_modest_parquet(raw: bytes) -> None:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        about = read_metadata(io.BytesIO(raw))
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    except (ArrowException, OSError, ValueError) as error:
        raise DataError("a whole Parquet file", f"{error!s:.100}", "Write the file again.") from error
    if about.num_rows > MOST_ROWS or about.num_columns > MOST_INPUTS or size > _UNPACKED:
        raise DataError(
            f"a table of at most {MOST_ROWS:,} rows, {MOST_INPUTS:,} columns and {_UNPACKED >> 20} MiB",
            f"{about.num_rows:,} rows, {about.num_columns:,} columns and {size / (1 << 20):,.0f} MiB",
            "Upload a part of the table, or use `chainrule train`.",
        )


def uploaded(upload: str, source: Source) -> Message:
    """Return what the picker of columns, target and types shows of a table."""
    from chainrule.encode.target import guess_target, guess_task
    from chainrule.sources.kinds import infer_kind

    frame = source.frame
    columns = []
    for column in frame.columns:
        cells = frame[column]
        found = infer_kind(cells)
        about = {"missing": int(cells.isna().sum()), "distinct": int(cells.nunique())}
        columns.append({"name": str(column), "kind": found.kind, "reason": found.reason, **about})
    target = guess_target([str(name) for name in frame.columns])
    content = {
        "upload": upload,
        "name": source.name,
        "rows": len(source),
        "columns": columns,
        "target": target,
        "task": guess_task(frame[target])[0],
        "notes": list(source.notes),
    }
    return Message("uploaded", content)
