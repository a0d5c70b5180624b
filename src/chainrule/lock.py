"""Locks: who has a file to itself, known to every process, and free again as soon as that process is gone, however."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from pathlib import Path
from typing import Any

_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def try_lock(number: int) -> bool:
    """Lock an open file for its descriptor alone, if nobody else has; on a disk without locks everybody may."""
    try:
        _lock(number)
    except OSError as error:
        return error.errno not in _BUSY
    return True


try:
    import fcntl

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

except ImportError:  # pragma: no cover (Windows)
    import msvcrt

    def _lock(number: int) -> None:
        # Far behind whatever is written: a locked byte can be read by nobody else.
        os.lseek(number, 1 << 30, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        os.lseek(number, 0, os.SEEK_SET)


class Lock:
    """A file that one process holds, and in which others read who that is.

    Parameters
    ----------
    path : Path
        Made if it is not there, removed when the lock is released. After a kill it stays, and means nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number: int | None = None

    def acquire(self) -> bool:
        """Take the lock, or return False where another holds it.

        Raises
        ------
        OSError
            If the file cannot be made.
        """
        while True:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            if not try_lock(number):
                os.close(number)
                return False
            # The one who held it may have removed it between the two lines: then this one is no longer what others see.
            if _is_there(self._path, number):
                break
            os.close(number)
        about = {"process": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(number, 0)
        os.write(number, json.dumps(about).encode())
        self._number = number
        return True

    def release(self) -> None:
        """Give it back; nothing happens if it is not held."""
        number, self._number = getattr(self, "_number", None), None
        if number is not None:
            # Removed while it is still held, so that nobody can hold a file that is about to go.
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(number)

    def holder(self) -> str:
        """Return who holds it, in words."""
        try:
            about: Any = json.loads(self._path.read_bytes())
            return f"process {int(about['process'])}, since {str(about['since'])[:19]}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def __del__(self) -> None:
        """Give it back when nobody can any more."""
        self.release()


def _is_there(path: Path, number: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(number))
    except FileNotFoundError:
        return False
