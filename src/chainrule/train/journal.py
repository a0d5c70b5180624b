"""The journal IS the run: events as JSON lines, from which reports, plots and checks are made again at any time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from chainrule.errors import DataError, RunFolderError
from chainrule.files import cannot_write, replace_file
from chainrule.train.events import EpochEnded, Event, FitEnded, MemberEnded, event_from_json, event_to_json


class Journal:
    """Appends events to a file; a context manager.

    Parameters
    ----------
    path : Path
        The file. Events already in it that are numbered beyond `after` are cut off first: a resumed run tells
        them again.
    after : int
        Number of the last event to keep; 0 starts a new journal.
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        self._path = path
        kept = [event for event in replay(path) if event.number <= after] if after else []
        replace_file(path, "".join(_line(event) for event in kept))
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, event: Event) -> None:
        """Append one event; what is told at the end of an epoch reaches the disk at once."""
        try:
            self._file.write(_line(event))
            if isinstance(event, (EpochEnded, FitEnded, MemberEnded)):
                self._file.flush()
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def flush(self) -> None:
        """Bring every event to the disk: before a checkpoint, which a resumed run goes on from, counts them."""
        try:
            self._file.flush()
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def __enter__(self) -> Journal:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise cannot_write(self._path, failure) from failure


def replay(path: Path) -> Iterator[Event]:
    """Yield the events of a journal. A last line that a kill cut short is left out.

    Raises
    ------
    RunFolderError
        If it cannot be read.
    DataError
        If a line of it is damaged.
    """
    try:
        *lines, rest = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunFolderError(
            f"a journal at {path}", error.strerror or str(error), "Name the folder of a run."
        ) from error
    for number, line in enumerate(lines, start=1):
        yield _event(path, number, line)
    if rest:
        # Without the end of its line it may be whole all the same, where an editor has saved it.
        with contextlib.suppress(DataError):
            yield _event(path, len(lines) + 1, rest)


def _event(path: Path, number: int, line: bytes) -> Event:
    try:
        return event_from_json(json.loads(line))
    except (ValueError, RecursionError) as error:
        came = error.came if isinstance(error, DataError) else repr(line[:60])[1:]
        raise DataError(
            f"line {number} of {path.name} to be an event as JSON", came, "Use an undamaged journal."
        ) from error


def _line(event: Event) -> str:
    return json.dumps(event_to_json(event), ensure_ascii=False, allow_nan=False) + "\n"
