"""Parts of a data set by the names of folders: train, valid and test under the many names that they have."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_WORDS = "set|data|dataset|images?|imgs?|pics?|pictures|photos|samples?|split|files|sounds|texts|part"
_BETWEEN = re.compile(r"[ _.-]+")
_PARTS = {
    part: re.compile(rf"(?:(?:{_WORDS})[ _.-]?)?(?:{names})(?:[ _.-]?(?:{_WORDS}))?[ _.-]?\d{{0,2}}", re.IGNORECASE)
    for part, names in {
        "train": "train|training|trn|learn",
        "valid": "valid|val|validation|dev|development",
        "test": "test|testing|tst|eval|evaluation|holdout|hold-out",
    }.items()
}


def parts_of_folders(paths: list[PurePosixPath]) -> tuple[list[str] | None, list[PurePosixPath]]:
    """Return the part of each file and its path inside it, where all lie in folders called train, valid or test."""
    folders = {path.parts[0] for path in paths if len(path.parts) > 1}
    called = _called(folders)
    parts = [called.get(path.parts[0]) if len(path.parts) > 1 else None for path in paths]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len(set(known)) < 2:
        return None, paths
    return known, [PurePosixPath(*path.parts[1:]) for path in paths]


def _called(folders: set[str]) -> dict[str, str]:
    """Return the parts that folders are called like; what all of them have around it is a name of the data set: seg_train."""
    known = {folder: part for folder in folders if (part := part_called(folder)) is not None}
    if len(known) == len(folders) or len(folders) < 2:
        return known
    words = {folder: [word for word in _BETWEEN.split(folder) if word] for folder in folders}
    shared = set.intersection(*(set(word) for word in words.values()))
    bare = {folder: "_".join(word for word in words[folder] if word not in shared) for folder in folders}
    found = {folder: part for folder, name in bare.items() if (part := part_called(name)) is not None}
    return found if len(found) == len(folders) else known


def part_called(folder: str) -> str | None:
    """Return train, valid or test for a folder that is called so: Training, test_set, val-images."""
    return next((part for part, pattern in _PARTS.items() if pattern.fullmatch(folder)), None)
