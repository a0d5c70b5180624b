"""Folders, zips and single files of pictures, sounds or texts become a source by what most of them are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from chainrule.sources.gallery import read_gallery
from chainrule.sources.listing import IMAGES, SOUNDS, TEXTS, Listing, listed
from chainrule.sources.reading.encoding import UTF8, decode
from chainrule.sources.source import FILE, Reading, Source
from chainrule.sources.wav import read_recordings


def read_media(path: Path, reading: Reading) -> Source:
    """Return the files of one kind."""
    readers = {IMAGES: read_gallery, SOUNDS: read_recordings, TEXTS: _read_texts}
    with listed(path, reading) as listing:
        return readers[listing.noun](path.name, listing, reading)


def _read_texts(name: str, listing: Listing, reading: Reading) -> Source:
    """Return a table of one text a file."""
    found = [decode(Path(entry.path.name), entry.read(), reading.encoding) for entry in listing.entries]
    source = listing.source(name)
    source.frame.insert(1, "text", [one.raw.decode("utf-8") for one in found])
    others = Counter(one.encoding for one in found if one.encoding != UTF8)
    notes = [f"texts in another encoding than UTF-8, guessed: {_listed(others)} (`file_encoding`)"] if others else []
    damaged = [str(entry.path) for entry, one in zip(listing.entries, found, strict=True) if one.bad_lines]
    if damaged:
        notes.append(f"texts with bytes that are no UTF-8, read as \ufffd: {len(damaged)}, first {damaged[0]}")
    return replace(source, kinds={FILE: "identifier", "text": "text"}, notes=[*source.notes, *notes])


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common(3))
