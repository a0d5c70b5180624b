"""Folders of pictures: looked at, decoded in parallel, and held in memory or in a memory map of the cache."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.cache import cache_folder
from chainrule.sources.decode import Head, bits_of, conversions, decode, greatest, quiet, read_head
from chainrule.sources.listing import Entry, Listing
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Reading, Source

_LARGEST_SIDE = 96
_THREADS = 8
_CHUNK = 1024
_T = TypeVar("_T")


def read_gallery(name: str, listing: Listing, reading: Reading) -> Source:
    """Return the pictures of a listing, all of one size and colour.

    Size and colour are those of `reading`; else the size that most have, or the median where they differ, at most
    96 pixels to a side; and grey if all are.
    """
    heads = _in_threads(lambda entry: _reason(read_head, entry), listing.entries)
    bad = {number: head for number, head in enumerate(heads) if isinstance(head, str)}
    known = [head for head in heads if isinstance(head, Head)]
    if not known:
        # Of which the first is told.
        listing.without(bad, name, strict=reading.strict)
    size = reading.image_size or _size(known)
    grey = all(head.is_grey for head in known) if reading.grey is None else reading.grey
    bits = reading.bits or _bits([e for e, head in zip(listing.entries, heads, strict=True) if _is_deep(head)])
    values, failed = _decoded(listing, size, grey, bits, set(bad), reading)
    bad |= failed
    kept = [head for number, head in enumerate(heads) if isinstance(head, Head) and number not in bad]
    listing = listing.without(bad, name, strict=reading.strict)
    listing.notes.extend(conversions(kept, size, grey=grey))
    if bits != 16 and any(head.is_deep for head in kept):
        listing.notes.append(f"16-bit pictures that use {bits} bits at most: {(1 << bits) - 1:,} is white")
    rows = np.setdiff1d(np.arange(len(values)), list(bad)) if bad else None
    pictures = Pictures(values, rows=rows, bits=bits)
    if pictures.is_mapped:
        listing.notes.append(f"{values.nbytes / 1e9:.2g} GB of pixels lie in a memory map, {values.filename}")  # type: ignore[attr-defined]
    return listing.source(name, pictures)


def _is_deep(head: Head | str) -> bool:
    return isinstance(head, Head) and head.is_deep


def _bits(entries: Sequence[Entry]) -> int:
    """Return how many bits the 16-bit pictures among all use, so that white is white in each of them."""
    found: list[int | str] = _in_threads(lambda entry: _reason(greatest, entry), entries)
    most = max((value for value in found if isinstance(value, int)), default=0)
    return bits_of(most) if most else 16


def _size(heads: list[Head]) -> tuple[int, int]:
    size, count = Counter(head.size for head in heads).most_common(1)[0]
    if count < len(heads) / 2:
        size = (round(np.median([head.size[0] for head in heads])), round(np.median([head.size[1] for head in heads])))
    shrink = min(1.0, _LARGEST_SIDE / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _reason(read: Callable[..., _T], entry: Entry, *arguments: Any, **options: Any) -> _T | str:
    """Return what a file holds, or why it cannot be read."""
    try:
        with entry.open() as file:
            return read(file, *arguments, **options)
    except (ValueError, OSError) as error:
        return getattr(error, "strerror", None) or str(error)


def _in_threads(function: Callable[[Entry], _T], entries: Sequence[Entry]) -> list[_T]:
    # Pillow's decoders and the reading of files let other threads run.
    with quiet(), ThreadPoolExecutor(min(_THREADS, (os.cpu_count() or 1) + 1)) as pool:
        return list(pool.map(function, entries))


def _decoded(
    listing: Listing, size: tuple[int, int], grey: bool, bits: int, skip: set[int], reading: Reading
) -> tuple[np.ndarray, dict[int, str]]:
    """Return the pixels of all entries, zeros for those that are unreadable, and why those are."""
    shape = (len(listing.entries), *size, 1 if grey else 3)
    if math.prod(shape) <= reading.budget:
        values = np.zeros(shape, np.uint8)
        return values, _fill(values, listing, size, grey, bits, skip)
    path = cache_folder("decoded") / f"{_key(listing, (*shape, bits))}.npy"
    told = path.with_suffix(".json")
    try:
        if path.exists() and told.exists():
            mapped = np.lib.format.open_memmap(path, mode="r")
            return mapped, {int(number): reason for number, reason in json.loads(told.read_text()).items()}
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            room = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            failed = _fill(room, listing, size, grey, bits, skip)
            room.flush()
            del room
            # What could not be read is written before the pixels have their name: who finds both has all.
            told.write_text(json.dumps(failed))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return np.lib.format.open_memmap(path, mode="r"), failed
    except OSError as error:
        raise DataError(
            f"{math.prod(shape) / 1e9:.2g} GB of room for decoded pictures in {path.parent}",
            error.strerror or str(error),
            "Point CHAINRULE_CACHE at a larger disk, or choose a smaller `image_size`.",
        ) from error


def _fill(
    values: np.ndarray, listing: Listing, size: tuple[int, int], grey: bool, bits: int, skip: set[int]
) -> dict[int, str]:
    """Write the pixels of the entries into their places, and return why those are unreadable that are."""
    failed: dict[int, str] = {}
    for start in range(0, len(values), _CHUNK):
        entries = listing.entries[start : start + _CHUNK]
        wanted = [(number, entry) for number, entry in enumerate(entries, start) if number not in skip]
        pixels = _in_threads(lambda entry: _reason(decode, entry, size, grey=grey, bits=bits), [e for _, e in wanted])
        for (number, _), found in zip(wanted, pixels, strict=True):
            if isinstance(found, str):
                failed[number] = found
            else:
                values[number] = found
    return failed


def _key(listing: Listing, shape: tuple[int, ...]) -> str:
    """Return a name for these files as they are now, at this size and depth."""
    files = [[str(entry.path), *entry.stamp] for entry in listing.entries]
    return hashlib.sha256(json.dumps([shape, files]).encode()).hexdigest()[:32]
