"""Writing files so that a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from chainrule.errors import RunFolderError


def replace_file(path: Path, content: bytes | str) -> None:
    """Write `content` beside `path`, flush it to the disk, and move it into place.

    Raises
    ------
    RunFolderError
        If the disk is full or the folder cannot be written; nothing half-written stays behind.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private; the finished one follows the user's umask like any other.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> RunFolderError:
    """Return the error that says why `path` could not be written and what to do."""
    remedy = (
        "Free some space, or choose another folder with `out`."
        if error.errno == errno.ENOSPC
        else "Choose a place that you may write to, with `out`."
    )
    return RunFolderError(f"{path} to be writable", error.strerror or str(error), remedy)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
