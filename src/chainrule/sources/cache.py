"""The cache: where downloads and decoded pictures are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

from chainrule.errors import DataError

_VARIABLE = "CHAINRULE_CACHE"


def cache_path(name: str) -> Path:
    """Return where a folder of the cache lies: under CHAINRULE_CACHE, or where the system has caches."""
    from platformdirs import user_cache_path

    moved = os.environ.get(_VARIABLE)
    return (Path(moved) if moved else user_cache_path("chainrule", appauthor=False)) / name


def cache_folder(name: str) -> Path:
    """Return a folder of the cache, made if it is not there."""
    folder = cache_path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"Point {_VARIABLE} at a folder that you may write to."
        raise DataError(f"{folder} to be writable", error.strerror or str(error), remedy) from error
    return folder
