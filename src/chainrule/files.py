"""Writing files so that a reader sees the old one or the new one, never half of either, and nothing stays behind."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from chainrule.errors import RunFolderError
from chainrule.lock import try_lock

_ENDING = ".part"


def replace_file(path: Path, content: bytes | str) -> None:
    """Write `content` beside `path`, flush it to the disk, and move it into place.

    What writers that were killed have left beside it is removed. A pipe or a device is written to as it is.

    Raises
    ------
    RunFolderError
        If the disk is full or the folder cannot be written; nothing half-written stays behind.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        if _is_special(path):
            path.write_bytes(data)
            return
        # A link goes on to point to the file.
        place = path.resolve()
        remove_left_behind(place)
        with _beside(place) as (temporary, file):
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.name == "nt":  # pragma: no cover (Windows moves no file that is open)
                file.close()
            temporary.replace(place)
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_left_behind(path: Path) -> None:
    """Remove half-written files beside `path` whose writers are gone: a writer holds a lock on its own."""
    with contextlib.suppress(OSError):
        for left in path.parent.glob(f".{_literal(path.name)}.*{_ENDING}"):
            with contextlib.suppress(OSError):
                number = os.open(left, os.O_RDWR)
                try:
                    if try_lock(number):
                        left.unlink()
                finally:
                    os.close(number)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Make and lock a new file beside `path`; unless it has been moved into place, it is removed at the end."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{_ENDING}")
        # Made with the rights that the user's umask leaves, as any new file.
        number = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        # Between making and locking, somebody who tidies up may have taken it for one that was left behind.
        if try_lock(number) and os.fstat(number).st_nlink:
            break
        os.close(number)
    file = os.fdopen(number, "wb")
    try:
        yield temporary, file
    finally:
        with contextlib.suppress(OSError):
            file.close()
        temporary.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Whether there is something that cannot be replaced: a terminal, a pipe, /dev/null."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def cannot_write(path: Path, error: OSError) -> RunFolderError:
    """Return the error that says why `path` could not be written and what to do."""
    remedy = (
        "Free some space, or choose another folder with `out`."
        if error.errno == errno.ENOSPC
        else "Choose a place that you may write to, with `out`."
    )
    return RunFolderError(f"{path} to be writable", error.strerror or str(error), remedy)
