"""Tokens that outlive the server: for a port that was asked for, so that an open page connects again after a restart."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from chainrule.web.guard import new_token

_LENGTH = 43


def token_for(port: int, folder: Path | None = None) -> str:
    """Return the token of a port: the one of the last time, from a file that only this user can read, or a new one.

    A file that others could read or write, or that is not ours, is not believed.
    """
    from platformdirs import user_state_path

    folder = user_state_path("chainrule") if folder is None else folder
    path = folder / f"playground-{port}.token"
    with contextlib.suppress(OSError):
        kept = _read(path)
        if kept:
            return kept
    token = new_token()
    with contextlib.suppress(OSError):
        # Without a place to keep it the token is of this time alone: the page must be opened anew after a restart.
        _write(path, token)
    return token


def _read(path: Path) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags), encoding="ascii", errors="replace") as file:
        about = os.fstat(file.fileno())
        private = os.name == "nt" or (about.st_uid == os.getuid() and not about.st_mode & 0o077)
        token = file.read(_LENGTH + 1)
    return token if private and stat.S_ISREG(about.st_mode) and len(token) == _LENGTH and token.isascii() else ""


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(token)
