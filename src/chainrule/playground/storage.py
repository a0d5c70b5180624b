"""Uploads: tables that come from a view, read with care and shown to be chosen from."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import DataError
from chainrule.playground.data import MOST_ROWS
from chainrule.playground.spec import MOST_INPUTS
from chainrule.playground.wire import Message
from chainrule.web.guard import MOST_UPLOAD_BYTES

if TYPE_CHECKING:
    from chainrule.sources.source import Source

_UNPACKED = 4 * MOST_UPLOAD_BYTES
# As many bytes as the widest table of the Playground's rows and columns may need while it is read.
UPLOAD_MEMORY = 2 << 30


def read_upload(name: str, raw: bytes) -> Source:
    """Return the table in an upload; its name is only what it is called, never a path."""
    from chainrule.sources.budget import out_of_memory, require_room
    from chainrule.sources.raw import unpack
    from chainrule.sources.source import read_table

    if len(raw) > MOST_UPLOAD_BYTES:
        raise too_large(len(raw))
    safe = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip(". ") or "table.csv"
    if raw[:2] == b"\x1f\x8b":
        raw, safe = unpack(safe, raw, _UNPACKED), safe.removesuffix(".gz")
    require_room(safe, raw, UPLOAD_MEMORY)
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        path = Path(folder) / safe
        path.write_bytes(raw)
        try:
            source = read_table(path)
        except MemoryError as error:
            raise out_of_memory(safe) from error
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


def uploaded(upload: str, source: Source) -> Message:
    """Return what the picker of columns, target and types shows of a table."""
    from chainrule.encode.table import kind_of
    from chainrule.encode.target import guess_target, guess_task

    frame = source.frame
    notations = {} if source.reading is None else source.reading.columns
    columns = []
    for column in frame.columns:
        cells = frame[column]
        found = kind_of(cells, notations.get(str(column)))
        about = {"missing": int(cells.isna().sum()), "distinct": int(cells.nunique())}
        columns.append({"name": str(column), "kind": found.kind, "reason": found.reason, **about})
    target = source.target or guess_target([str(name) for name in frame.columns])
    content = {
        "upload": upload,
        "name": source.name,
        "rows": len(source),
        "columns": columns,
        "target": target,
        "task": source.task or guess_task(frame[target])[0],
        "notes": list(source.notes),
    }
    return Message("uploaded", content)
