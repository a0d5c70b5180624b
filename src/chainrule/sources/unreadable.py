"""What could not be read: counted and listed, and left out of the data unless the person is strict."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.errors import DataError

_LISTED = 10


@dataclass(frozen=True)
class Unreadable:
    """A file, or a row, and in words why it could not be read."""

    name: str
    reason: str


def left_out(bad: Sequence[Unreadable], total: int, noun: str, *, strict: bool, place: str) -> list[str]:
    """Return the note on what is left out, or none where all could be read.

    Raises
    ------
    DataError
        If any is unreadable and the person is strict, or if all are.
    """
    if not bad:
        return []
    first = f"{bad[0].name}: {bad[0].reason}"
    if strict:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise DataError(f"all {total:,} {noun} of {place} to be readable", f"{first}{more}", "Mend or remove them.")
    if len(bad) == total:
        came = first if total == 1 else f"{total:,}, none of them readable ({first})"
        raise DataError(f"{noun} in {place} that can be read", came, "Name another file or folder.")
    listed = "; ".join(f"{one.name}: {one.reason}" for one in bad[:_LISTED])
    more = f"; and {len(bad) - _LISTED} more" if len(bad) > _LISTED else ""
    return [f"{len(bad):,} of {total:,} {noun} cannot be read and are left out (`strict` to stop): {listed}{more}"]


def as_csv(bad: Sequence[Unreadable]) -> str:
    """Return all of them as a table of names and reasons."""
    buffer = io.StringIO()
    # Only what ends a line of this writer would be quoted by itself; for readers a carriage return ends one too.
    returns = any("\r" in text for one in bad for text in (one.name, one.reason))
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL)
    writer.writerow(["name", "reason"])
    writer.writerows([one.name, one.reason] for one in bad)
    return buffer.getvalue()
