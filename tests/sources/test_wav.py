"""Wav files: every width of sample, several channels, other rates, and damaged ones among good ones."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from chainrule.errors import DataError
from chainrule.sources.read import read_source
from chainrule.sources.samples import Recordings
from chainrule.sources.source import Reading, Source
from chainrule.sources.wav import read_wav

WAVE = 0.5 * np.sin(2 * np.pi * 100 * np.arange(800) / 8000)


def wav(values: np.ndarray, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    wavfile.write(buffer, rate, values)
    return buffer.getvalue()


def in_24_bits() -> bytes:
    values = np.round(WAVE * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(values), b"WAVE", b"fmt ", 16, 1, 1, 8000, 24000, 3, 24)
    return head + struct.pack("<4sI", b"data", len(values)) + values


WIDTHS = {
    "8 bits": (wav(np.round(128 + 127 * WAVE).astype(np.uint8)), 1 / 127),
    "16 bits": (wav(np.round(WAVE * 32767).astype(np.int16)), 1e-4),
    "24 bits": (in_24_bits(), 1e-6),
    "32 bits": (wav(np.round(WAVE * (2**31 - 1)).astype(np.int32)), 1e-6),
    "float32": (wav(WAVE.astype(np.float32)), 1e-7),
    "float64": (wav(WAVE), 1e-7),
}


@pytest.mark.parametrize("width", WIDTHS)
def test_samples_of_any_width_lie_between_minus_one_and_one(width: str) -> None:
    raw, tolerance = WIDTHS[width]
    wave, rate, channels = read_wav(raw)
    assert (wave.dtype, rate, channels) == (np.float32, 8000, 1)
    np.testing.assert_allclose(wave, WAVE, atol=tolerance)


def test_of_several_channels_the_mean_is_taken() -> None:
    wave, _, channels = read_wav(wav(np.column_stack([WAVE, -WAVE, WAVE]).astype(np.float32)))
    assert channels == 3
    np.testing.assert_allclose(wave, WAVE / 3, atol=1e-7)


def with_sizes(raw: bytes, riff: int, data: int) -> bytes:
    """Return a wav with other sizes in its head."""
    at = raw.index(b"data") + 4
    return raw[:4] + struct.pack("<I", riff) + raw[8:at] + struct.pack("<I", data) + raw[at + 4 :]


SIZES = {
    "of ffmpeg in a pipe": (0xFFFFFFFF, 0xFFFFFFFF),
    "of sox in a pipe": (0x7FFFF024, 0x7FFFF000),
    "of nothing": (0, 0),
    "of a file that is too large": (99_999, 1600),
}


@pytest.mark.parametrize("what", SIZES)
def test_a_whole_recording_is_read_whatever_sizes_its_head_has(what: str) -> None:
    wave, rate, _ = read_wav(with_sizes(GOOD, *SIZES[what]))
    assert rate == 8000
    np.testing.assert_array_equal(wave, read_wav(GOOD)[0])


GOOD = wav(np.round(WAVE * 32767).astype(np.int16))
DAMAGED = {
    "nothing": b"",
    "no wav": b"ID3 this is an mp3, called .wav" * 10,
    "cut in the head": GOOD[:30],
    "cut in the data": GOOD[:400],
    "no samples": wav(np.zeros(0, np.int16)),
    "NaN": wav(np.array([0.0, np.nan], np.float32)),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused_with_a_reason(what: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_wav(DAMAGED[what])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two sounds."""
    for k, name in enumerate(("low", "high")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(2):
            (tmp_path / "set" / name / f"{i}.wav").write_bytes(wav((WAVE[: 400 + 100 * k + i]).astype(np.float32)))
    return tmp_path / "set"


def read(folder: Path, **settings: object) -> Source:
    return read_source(str(folder), Reading(**settings))  # type: ignore[arg-type]


def lengths(source: Source) -> list[int]:
    assert isinstance(source.samples, Recordings)
    return [len(wave) for wave in source.samples.waves]


def test_sounds_lie_in_the_order_of_their_files(folder: Path) -> None:
    source = read(folder)
    assert (lengths(source), source.frame["class"].tolist()) == ([500, 501, 400, 401], ["high", "high", "low", "low"])
    assert lengths(source.take(np.array([2, 0]))) == [400, 500]


def test_a_damaged_sound_among_good_ones_is_listed_and_left_out(folder: Path) -> None:
    (folder / "high" / "0a.wav").write_bytes(DAMAGED["no wav"])
    source = read(folder)
    assert (lengths(source), "high/0a.wav" in source.notes[0]) == ([500, 501, 400, 401], True)
    with pytest.raises(DataError, match=r"high/0a\.wav"):
        read(folder, strict=True)


def test_damaged_sounds_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(DataError, match="that can be read"):
        read(tmp_path)


def test_another_rate_is_refused_unless_it_is_to_be_resampled(folder: Path) -> None:
    (folder / "low" / "2.wav").write_bytes(wav(np.repeat(WAVE, 2).astype(np.float32), 16000))
    with pytest.raises(DataError, match=r"1 of 16,000 Hz; low/2\.wav .* Add `resample=True` to bring all to 8,000 Hz"):
        read(folder)
    source = read(folder, resample=True)
    assert lengths(source)[-1] == 800
    assert source.notes == ["sounds resampled to 8,000 Hz: 1"]
    # Away from its ends, where the filter meets silence.
    np.testing.assert_allclose(source.samples.waves[-1][100:-100], WAVE[100:-100], atol=0.02)  # type: ignore[union-attr]


def test_the_rate_of_training_is_asked_for(folder: Path) -> None:
    with pytest.raises(DataError, match="sounds of 16,000 Hz in set, as in training"):
        read(folder, rate=16000)
    assert lengths(read(folder, rate=16000, resample=True))[0] == 1000


def test_several_channels_are_told(folder: Path) -> None:
    (folder / "low" / "2.wav").write_bytes(wav(np.column_stack([WAVE, WAVE]).astype(np.float32)))
    assert read(folder).notes == ["sounds of several channels, of which the mean is taken: 1"]
