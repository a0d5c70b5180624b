"""Files of a folder or a zip: what they are, which class and which part each belongs to."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import numpy as np

from chainrule.errors import ConfigError, DataError
from chainrule.sources.archive import open_archive
from chainrule.sources.parts import part_called, parts_of_folders
from chainrule.sources.samples import Samples
from chainrule.sources.source import FILE, Reading, Source
from chainrule.sources.unreadable import Unreadable, left_out

if TYPE_CHECKING:
    import pandas as pd

IMAGES, SOUNDS, TEXTS = "pictures", "sounds", "texts"
_SUFFIXES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".bmp", ".gif", ".webp", ".avif"), IMAGES),
    **dict.fromkeys((".tif", ".tiff", ".pgm", ".ppm"), IMAGES),
    ".wav": SOUNDS,
    ".txt": TEXTS,
}
_CLASS = "class"


@dataclass(frozen=True)
class Entry:
    """One file: its path inside the folder, how it is opened, and what tells that it has changed."""

    path: PurePosixPath
    open: Callable[[], IO[bytes]]
    stamp: tuple[int, int]

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as file:
            return file.read()


@dataclass(frozen=True)
class Listing:
    """Files of one sort, with the label and the part of each.

    Attributes
    ----------
    noun : str
        `pictures`, `sounds` or `texts`.
    entries : list of Entry
    labels : list of str, or None
        None where no folder and no pattern tells a class.
    parts : list of str, or None
        train, valid or test for each, where the folders or a pattern say so.
    notes : list of str
    unreadable : tuple of Unreadable
        What has been left out so far.
    """

    noun: str
    entries: list[Entry]
    labels: list[str] | None
    parts: list[str] | None
    notes: list[str] = field(default_factory=list)
    unreadable: tuple[Unreadable, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return the table of files and, where they are known, classes."""
        import pandas as pd

        frame = pd.DataFrame({FILE: [str(entry.path) for entry in self.entries]})
        return frame if self.labels is None else frame.assign(**{_CLASS: self.labels})

    @property
    def target(self) -> str | None:
        """The column of the classes, if there is one."""
        return None if self.labels is None else _CLASS

    def rows(self) -> dict[str, np.ndarray] | None:
        """Return the rows of each part."""
        if self.parts is None:
            return None
        names = np.array(self.parts, dtype=object)
        return {str(part): np.flatnonzero(names == part) for part in dict.fromkeys(self.parts)}

    def source(self, name: str, samples: Samples | None = None) -> Source:
        """Return the source of these files, whose samples have been read."""
        task = "classification" if self.target else None
        return Source(
            name,
            self.frame(),
            self.target,
            task,
            samples,
            self.rows(),
            notes=self.notes,
            unreadable=self.unreadable,
        )

    def without(self, bad: Mapping[int, str], place: str, *, strict: bool) -> Listing:
        """Return the listing without the files of some numbers, each with its reason; see `left_out`."""
        unreadable = [Unreadable(str(self.entries[number].path), bad[number]) for number in sorted(bad)]
        notes = left_out(unreadable, len(self.entries), self.noun, strict=strict, place=place)
        good = [number for number in range(len(self.entries)) if number not in bad]
        return replace(
            self,
            entries=[self.entries[number] for number in good],
            labels=None if self.labels is None else [self.labels[number] for number in good],
            parts=None if self.parts is None else [self.parts[number] for number in good],
            notes=[*self.notes, *notes],
            unreadable=(*self.unreadable, *unreadable),
        )


@contextmanager
def listed(path: Path, reading: Reading) -> Iterator[Listing]:
    """Give the media files of a folder, of a zip, or one file by itself; a zip is open meanwhile."""
    if path.is_dir():
        yield _sorted_out(path.name, *_of_folder(path), reading)
    elif path.suffix.lower() in _SUFFIXES:
        yield Listing(_SUFFIXES[path.suffix.lower()], [_of_file(path, PurePosixPath(path.name))], None, None)
    else:
        with open_archive(path) as archive:
            yield _sorted_out(path.name, *_of_zip(archive), reading)


def is_media(path: Path) -> bool:
    """Tell whether a file is called like a picture, a sound or a text of its own."""
    return path.suffix.lower() in _SUFFIXES


def _of_file(path: Path, name: PurePosixPath) -> Entry:
    stat = path.stat()
    return Entry(name, lambda: path.open("rb"), (stat.st_size, stat.st_mtime_ns))


def _of_folder(folder: Path) -> tuple[list[Entry], list[PurePosixPath]]:
    """Return the files and the folders inside, by their paths."""
    entries, folders = [], []
    for path in sorted(_inside(folder, {folder.resolve()})):
        name = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_dir():
            folders.append(name)
        elif path.is_file():
            entries.append(_of_file(path, name))
    return entries, folders


def _inside(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield all files and folders inside, links to folders followed, each folder once."""
    for path in folder.iterdir():
        yield path
        if path.is_dir() and (real := path.resolve()) not in seen:
            yield from _inside(path, seen | {real})


def _of_zip(archive: zipfile.ZipFile) -> tuple[list[Entry], list[PurePosixPath]]:
    entries, folders = [], []
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        # As old archives of Windows have it.
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or info.filename.endswith("\\"):
            folders.append(name)
        else:
            entries.append(Entry(name, partial(archive.open, info), (info.file_size, info.CRC)))
    return entries, folders


def _sorted_out(place: str, entries: list[Entry], folders: list[PurePosixPath], reading: Reading) -> Listing:
    entries = [entry for entry in entries if not _is_hidden(entry.path)]
    counts = Counter(_SUFFIXES.get(entry.path.suffix.lower()) for entry in entries)
    media = [noun for noun, _ in counts.most_common() if noun is not None]
    if not media:
        others = Counter(entry.path.suffix.lower() or "no suffix" for entry in entries).most_common(3)
        came = ", ".join(f"{count} of {suffix}" for suffix, count in others) or "no file at all"
        raise DataError(
            f"pictures ({', '.join(s for s, noun in _SUFFIXES.items() if noun == IMAGES)}), .wav or .txt in {place}",
            came,
            "Name a folder that has a folder of files for each class; sounds of other kinds must become .wav first.",
        )
    noun = media[0]
    kept = [entry for entry in entries if _SUFFIXES.get(entry.path.suffix.lower()) == noun]
    notes = _ignored(entries, kept)
    top = _common_top([entry.path for entry in kept])
    paths = [entry.path.relative_to(top) for entry in kept]
    if reading.labelled:
        _require_no_class_lost(place, entries, kept, top, noun)
    notes += _empty(
        paths, [name.relative_to(top) for name in folders if name.is_relative_to(top) and name != top], noun
    )
    parts, inner = parts_of_folders(paths)
    if reading.test_from is not None:
        pattern = _pattern("`test_from`", reading.test_from)
        parts = ["test" if pattern.search(path) else "train" for path in _below(paths)]
        if len(set(parts)) < 2:
            raise DataError(f"`test_from` to match some of the {noun}", f"{parts[0]} for all", f"{paths[0]} is one.")
    listing = Listing(noun, kept, None, parts, notes)
    return _labelled(place, listing, paths, inner, reading)


def _labelled(
    place: str, listing: Listing, paths: list[PurePosixPath], inner: list[PurePosixPath], reading: Reading
) -> Listing:
    """Give each file the label that the pattern or its folder tells; leave out those that have none."""
    if not reading.labelled:
        return listing
    if reading.label_from is not None:
        pattern = _pattern("`label_from`", reading.label_from)
        found = [pattern.search(path) for path in _below(paths)]
        labels = [None if match is None else match.group(min(1, pattern.groups)) for match in found]
        reason = "its path does not match `label_from`"
    else:
        labels = [path.parts[0] if len(path.parts) > 1 else None for path in inner]
        reason = "it lies in no class folder"
        if all(label is None for label in labels):
            return listing
    called = sorted({label for label in labels if label is not None and part_called(label)})
    if called and reading.label_from is None:
        note = f"classes are called like parts of a data set: {', '.join(called)} (`test_from` for a test part)"
        listing = replace(listing, notes=[*listing.notes, note])
    bad = {number: reason for number, label in enumerate(labels) if label is None}
    full = replace(listing, labels=[label or "" for label in labels])
    return full.without(bad, place, strict=reading.strict)


def _pattern(option: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ConfigError(f"{option} to be a regular expression", f"{text!r}: {error}", "Mend it.") from error


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _common_top(paths: list[PurePosixPath]) -> PurePosixPath:
    """Return the folder that all lie in, as archives have one, unless it is all that tells the class."""
    top = PurePosixPath()
    while len(paths[0].parts) > len(top.parts) + 1:
        inner = top / paths[0].parts[len(top.parts)]
        depth = len(inner.parts)
        if any(not path.is_relative_to(inner) or len(path.parts) < depth + 2 for path in paths):
            break
        top = inner
    return top


def _below(paths: list[PurePosixPath]) -> list[str]:
    """Return what a pattern sees: the paths below the innermost folder that all lie in."""
    common = paths[0].parent
    while not all(path.is_relative_to(common) for path in paths):
        common = common.parent
    return [str(path.relative_to(common)) for path in paths]


def _ignored(entries: list[Entry], kept: list[Entry]) -> list[str]:
    chosen = set(map(id, kept))
    others = [entry for entry in entries if id(entry) not in chosen]
    if not others:
        return []
    shown = ", ".join(str(entry.path) for entry in others[:5]) + (" …" if len(others) > 5 else "")
    return [f"files of other kinds, ignored: {len(others)} ({shown})"]


def _require_no_class_lost(place: str, entries: list[Entry], kept: list[Entry], top: PurePosixPath, noun: str) -> None:
    """Raise DataError if a folder beside those of the classes has files, and none that can be read."""
    known = {entry.path.relative_to(top).parts[:-1][:1] for entry in kept}
    if len(known - {()}) < 2:
        return
    others = [entry.path for entry in entries if entry.path.is_relative_to(top)]
    lost = [path for path in others if (head := path.relative_to(top).parts[:-1][:1]) and head not in known]
    if lost:
        name = lost[0].relative_to(top).parts[0]
        count = sum(path.relative_to(top).parts[0] == name for path in lost)
        raise DataError(
            f"{noun} in every class folder of {place}",
            f"{count} files of other kinds in {name}, {lost[0].name} for example",
            f"Convert them, or move the folder {name} away.",
        )


def _empty(paths: list[PurePosixPath], folders: list[PurePosixPath], noun: str) -> list[str]:
    full = {parent for path in paths for parent in path.parents}
    empty = [str(name) for name in folders if name not in full and not _is_hidden(name)]
    if not empty:
        return []
    shown = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
    return [f"folders without {noun}: {shown}"]
