"""Wav files become waves between -1 and 1 of one rate; what had to be changed for it is said."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.listing import Listing
from chainrule.sources.samples import Recordings
from chainrule.sources.source import Reading, Source

_MOST_SECONDS = 3600
# Sizes from here on stand for "unknown": 0xFFFFFFFF, or what sox leaves, a little below two gigabytes.
_UNKNOWN = 0x7FFFF000 - 64


def read_recordings(name: str, listing: Listing, reading: Reading) -> Source:
    """Return the sounds of a listing.

    Raises
    ------
    DataError
        If their rates differ, or are not the one that `reading` asks for, and they are not to be resampled.
    """
    waves: list[np.ndarray] = []
    rates: list[int] = []
    channels: Counter[int] = Counter()
    bad: dict[int, str] = {}
    for number, entry in enumerate(listing.entries):
        try:
            wave, rate, count = read_wav(entry.read())
        except (ValueError, OSError) as error:
            bad[number] = getattr(error, "strerror", None) or str(error)
            continue
        waves.append(wave)
        rates.append(rate)
        channels[count] += 1
    listing = listing.without(bad, name, strict=reading.strict)
    several = sum(count for number, count in channels.items() if number > 1)
    if several:
        listing.notes.append(f"sounds of several channels, of which the mean is taken: {several}")
    rate = reading.rate or Counter(rates).most_common(1)[0][0]
    waves = _of_one_rate(name, listing, waves, rates, rate, reading)
    return listing.source(name, Recordings(tuple(waves), rate))


def read_wav(raw: bytes) -> tuple[np.ndarray, int, int]:
    """Return a wave between -1 and 1 in float32, its rate, and how many channels it is the mean of.

    Raises
    ------
    ValueError
        If it is no wav, or is cut, silent of samples, or endless; the reason is in the message.
    """
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            # Chunks that a player would skip too.
            warnings.filterwarnings("ignore", "Chunk", wavfile.WavFileWarning)
            # A file that ends before its data do.
            warnings.filterwarnings("error", category=wavfile.WavFileWarning)
            rate, values = wavfile.read(io.BytesIO(_with_sizes(raw)))
    except Exception as error:
        # scipy's reader has no common base for what a damaged file raises; whatever it is, it is the file's fault.
        raise ValueError(f"not a whole wav file: {error}"[:120]) from error
    if values.size == 0 or rate <= 0:
        raise ValueError("no sound in it")
    if len(values) / rate > _MOST_SECONDS:
        raise ValueError(f"longer than {_MOST_SECONDS} seconds")
    wave = _scaled(values)
    if not np.isfinite(wave).all():
        raise ValueError("NaN or infinity in it")
    count = 1 if wave.ndim == 1 else wave.shape[1]
    return (wave if wave.ndim == 1 else wave.mean(axis=1)).astype(np.float32), int(rate), count


def _with_sizes(raw: bytes) -> bytes:
    """Return a wav whose head has the sizes that are there.

    A program that writes into a pipe cannot go back to the head: it leaves 0 there, or as much as there could be at most.
    ValueError is raised for a recording that is cut.
    """
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        return raw
    at = 12
    while at + 8 <= len(raw):
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        left = len(raw) - at - 8
        if raw[at : at + 4] == b"data":
            if (size == 0 and left > 0) or size >= _UNKNOWN:
                size = left - left % _block(raw)
            if size > left:
                raise ValueError(f"it ends after {left:,} of {size:,} bytes")
            return _riff(raw[:at], size, raw[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return raw


def _riff(head: bytes, size: int, data: bytes) -> bytes:
    whole = head[:4] + (len(head) + len(data)).to_bytes(4, "little") + head[8:]
    return whole + b"data" + size.to_bytes(4, "little") + data


def _block(raw: bytes) -> int:
    """Return the bytes of one sample of all channels, as the head says."""
    at = raw.find(b"fmt ")
    return max(1, int.from_bytes(raw[at + 20 : at + 22], "little")) if at >= 0 else 1


def _scaled(values: np.ndarray) -> np.ndarray:
    """Return integers of any width between -1 and 1; 8 bits have no sign and are silent at 128."""
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    if values.dtype.kind == "i":
        return values / -float(np.iinfo(values.dtype).min)
    return values


def _of_one_rate(
    name: str, listing: Listing, waves: list[np.ndarray], rates: list[int], rate: int, reading: Reading
) -> list[np.ndarray]:
    others = [number for number, own in enumerate(rates) if own != rate]
    if not others:
        return waves
    if not reading.resample:
        counts = Counter(rates)
        listed = ", ".join(f"{count} of {own:,} Hz" for own, count in counts.most_common(5))
        first = listing.entries[others[0]].path
        raise DataError(
            f"sounds of {rate:,} Hz in {name}" + (", as in training" if reading.rate else ""),
            f"{listed}; {first} is the first of another rate",
            f"Add `resample=True` to bring all to {rate:,} Hz.",
        )
    from scipy.signal import resample_poly

    listing.notes.append(f"sounds resampled to {rate:,} Hz: {len(others)}")
    for number in others:
        common = math.gcd(rate, rates[number])
        resampled = resample_poly(waves[number], rate // common, rates[number] // common)
        waves[number] = resampled.astype(np.float32)
    return waves
