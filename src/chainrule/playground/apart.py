"""Uploads read apart: in a process of their own, whose memory and time end before anybody else's do."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from chainrule.errors import ChainruleError, DataError
from chainrule.playground.storage import UPLOAD_MEMORY, read_upload, too_large
from chainrule.web.guard import MOST_UPLOAD_BYTES

if TYPE_CHECKING:
    from chainrule.sources.source import Source

# Seconds that reading a table of the Playground's size may take, the start of the process among them.
MOST_SECONDS = 60.0
# What the libraries map beside the table itself.
_OF_THE_LIBRARIES = 2 << 30
_LENGTH = struct.Struct("<I")
_READER = "from chainrule.playground.apart import main; main()"


def read_apart(name: str, raw: bytes, *, seconds: float = MOST_SECONDS) -> Source:
    """Return the table in an upload, as `read_upload` does, read by a process of its own.

    What comes back is JSON and Arrow's columns: data, whatever has become of that process.

    Raises
    ------
    ChainruleError
        If the table is refused.
    DataError
        If it takes longer than `seconds`, or the process ends: what a table does to it, it does to nobody else.
    """
    if len(raw) > MOST_UPLOAD_BYTES:
        raise too_large(len(raw))
    title = name.encode("utf-8", "replace")[:1000]
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _READER],
            input=_packed(title, raw),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"a table that is read within {seconds:g} s",
            f"{name!r:.60}, which takes longer",
            "Upload a part of its rows.",
        ) from error
    if done.returncode != 0:
        raise DataError(
            f"a table that can be read within {UPLOAD_MEMORY >> 30} GiB",
            f"{name!r:.60}, at which the process that read it ended ({done.returncode})",
            "Check the file, or upload a part of its rows.",
        )
    return _unpacked(done.stdout)


def main() -> None:
    """Read an upload from standard input, and write the table, or why it is refused, to standard output."""
    _limit_memory()
    title, raw = _parts(sys.stdin.buffer.read())
    try:
        answer = _of_source(read_upload(title.decode("utf-8", "replace"), raw))
    except ChainruleError as error:
        about = {"error": type(error).__name__, "parts": [error.expected, error.came, error.remedy]}
        answer = _packed(json.dumps(about).encode(), b"")
    sys.stdout.buffer.write(answer)


def _packed(head: bytes, body: bytes) -> bytes:
    return _LENGTH.pack(len(head)) + head + body


def _parts(data: bytes) -> tuple[bytes, bytes]:
    (length,) = _LENGTH.unpack_from(data)
    return data[_LENGTH.size : _LENGTH.size + length], data[_LENGTH.size + length :]


def _of_source(source: Source) -> bytes:
    """Return a table as JSON, with its columns in Arrow's form behind it."""
    import pyarrow as pa

    columns = pa.Table.from_pandas(source.frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, columns.schema) as writer:
        writer.write_table(columns)
    about = {
        "name": source.name,
        "notes": source.notes,
        "kinds": dict(source.kinds),
        "reading": None if source.reading is None else source.reading.to_json(),
        "odd": {name: vars(cells) for name, cells in source.odd.items()},
        "gaps": {name: dict(words) for name, words in source.gaps.items()},
    }
    return _packed(json.dumps(about).encode(), sink.getvalue().to_pybytes())


def _unpacked(data: bytes) -> Source:
    """Return the table that another process has read, or raise what it says."""
    import pyarrow as pa

    from chainrule.sources.reading.reading import OddCells, TableReading
    from chainrule.sources.source import Source

    head, body = _parts(data)
    about: dict[str, Any] = json.loads(head)
    if "error" in about:
        kinds = {one.__name__: one for one in (*ChainruleError.__subclasses__(), ChainruleError)}
        raise kinds.get(str(about["error"]), DataError)(*map(str, about["parts"]))
    reading = None if about["reading"] is None else TableReading.from_json(about["reading"])
    odd = {name: OddCells(**cells) for name, cells in about["odd"].items()}
    frame = pa.ipc.open_stream(body).read_pandas()
    return Source(
        about["name"],
        frame,
        kinds=about["kinds"],
        notes=about["notes"],
        reading=reading,
        odd=odd,
        gaps=about["gaps"],
    )


def _limit_memory() -> None:
    """Let this process take no more than a table may; where the system has no such limit, the budget alone holds."""
    try:
        import resource
    except ImportError:
        return
    most, hard = UPLOAD_MEMORY + _OF_THE_LIBRARIES, resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
