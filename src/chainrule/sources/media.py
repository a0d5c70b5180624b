"""Folders, zips and single files of pictures, sounds or texts become a source by what most of them are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chainrule.sources.gallery import read_gallery
from chainrule.sources.listing import IMAGES, SOUNDS, TEXTS, Listing, listed
from chainrule.sources.source import FILE, Reading, Source
from chainrule.sources.wav import read_recordings


def read_media(path: Path, reading: Reading) -> Source:
    """Return the files of one kind."""
    readers = {IMAGES: read_gallery, SOUNDS: read_recordings, TEXTS: _read_texts}
    with listed(path, reading) as listing:
        return readers[listing.noun](path.name, listing, reading)


def _read_texts(name: str, listing: Listing, reading: Reading) -> Source:
    """Return a table of one text a file."""
    source = listing.source(name)
    texts = [entry.read().decode("utf-8-sig", "replace") for entry in listing.entries]
    source.frame.insert(1, "text", texts)
    return replace(source, kinds={FILE: "identifier", "text": "text"})
