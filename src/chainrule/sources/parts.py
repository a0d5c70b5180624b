"""Parts of a data set by the names of folders: train, valid and test under the many names that they have."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_WORDS = "set|data|dataset|images?|imgs?|pics?|pictures|photos|samples?|split|files|sounds|texts|part"
_PARTS = {
    part: re.compile(rf"(?:(?:{_WORDS})[ _.-]?)?(?:{names})(?:[ _.-]?(?:{_WORDS}))?", re.IGNORECASE)
    for part, names in {
        "train": "train|training|trn|learn",
        "valid": "valid|val|validation|dev|development",
        "test": "test|testing|tst|eval|evaluation|holdout|hold-out",
    }.items()
}


def parts_of_folders(paths: list[PurePosixPath]) -> tuple[list[str] | None, list[PurePosixPath]]:
    """Return the part of each file and its path inside it, where all lie in folders called train, valid or test."""
    parts = [part_called(path.parts[0]) if len(path.parts) > 1 else None for path in paths]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len(set(known)) < 2:
        return None, paths
    return known, [PurePosixPath(*path.parts[1:]) for path in paths]


def part_called(folder: str) -> str | None:
    """Return train, valid or test for a folder that is called so: Training, test_set, val-images."""
    return next((part for part, pattern in _PARTS.items() if pattern.fullmatch(folder)), None)
