"""Sounds as inputs: their length, their bands, and what a model file keeps of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.sounds import METHODS, SoundEncoding
from chainrule.encode.target import Target
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Recordings

RNG = np.random.default_rng(0)
SOUNDS = Recordings(tuple(RNG.normal(0, 0.1, n).astype(np.float32) for n in (900, 1000, 1100, 4000)), 8000)
FRAME = pd.DataFrame({"class": list("abab")})
TARGET = Target("class", "classification", ("a", "b"))


def encode(encoding: SoundEncoding, sounds: Recordings = SOUNDS) -> np.ndarray:
    return encoding.encode(FRAME, sounds, Findings())


@pytest.mark.parametrize(("method", "bands"), [("log_mel", 40), ("fft", 129)])
def test_a_sound_has_frames_and_bands(method: str, bands: int) -> None:
    encoding = SoundEncoding.fit(SOUNDS, method=method, seconds=0.1)
    assert encoding.shape == (5, bands, 1)
    assert (encode(encoding).shape, encode(encoding).dtype) == ((4, 5, bands, 1), np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_bands_of_the_training_sounds_have_mean_zero_and_deviation_one(method: str) -> None:
    x = encode(SoundEncoding.fit(SOUNDS, method=method, seconds=0.1))
    np.testing.assert_allclose(x.mean(axis=(0, 1, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(x.std(axis=(0, 1, 3)), 1, atol=1e-3)


def test_most_sounds_are_heard_to_their_end() -> None:
    lengths = [len(wave) for wave in SOUNDS.waves]
    assert SoundEncoding.fit(SOUNDS).length == int(np.ceil(np.quantile(lengths, 0.95)))


def test_what_lies_beyond_the_length_is_not_heard_and_what_is_missing_is_silence() -> None:
    encoding = SoundEncoding.fit(SOUNDS, seconds=0.1)
    long, short = SOUNDS.waves[3], SOUNDS.waves[3][:500]
    cut, padded = long[:800], np.concatenate([short, np.zeros(300, np.float32)])
    x = encode(encoding, Recordings((long, cut, short, padded), 8000))
    np.testing.assert_array_equal(x[0], x[1])
    np.testing.assert_array_equal(x[2], x[3])


def test_silence_and_a_sound_of_one_sample_are_finite() -> None:
    silent = Recordings((np.zeros(10, np.float32), np.zeros(1, np.float32)), 8000)
    for method in METHODS:
        assert np.isfinite(encode(SoundEncoding.fit(silent, method=method), silent)).all()


def test_a_louder_sound_has_larger_values() -> None:
    encoding = SoundEncoding.fit(SOUNDS, seconds=0.1)
    quiet, loud = encode(encoding, Recordings((SOUNDS.waves[0], 3 * SOUNDS.waves[0]), 8000))
    assert (loud > quiet).all()


@pytest.mark.parametrize("method", METHODS)
def test_an_encoding_that_went_through_json_is_the_same(method: str) -> None:
    preparation = Preparation(SoundEncoding.fit(SOUNDS, method=method), TARGET)
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def test_what_is_looked_at_has_time_to_the_right_and_high_tones_above() -> None:
    high = np.sin(2 * np.pi * 3500 * np.arange(800) / 8000).astype(np.float32)
    late = np.concatenate([np.zeros(600, np.float32), high[:200]])
    sounds = Recordings((high, late), 8000)
    shown = SoundEncoding.fit(sounds, seconds=0.1)
    high_picture, late_picture = shown.pictures(encode(shown, sounds))[..., 0]
    assert (high_picture.shape, high_picture.min(), high_picture.max()) == ((40, 5), 0, 1)
    assert high_picture[:10].mean() > high_picture[-10:].mean()
    assert late_picture[:, -1].mean() > late_picture[:, 0].mean()


def test_weights_lie_as_the_pictures_do() -> None:
    encoding = SoundEncoding.fit(SOUNDS, seconds=0.1)
    values = RNG.normal(size=(2, *encoding.shape))
    np.testing.assert_array_equal(encoding.weights(values)[0, -1], values[0, :, 0, 0])


def test_another_rate_and_other_sorts_are_refused() -> None:
    encoding = SoundEncoding.fit(SOUNDS)
    with pytest.raises(DataError, match="16,000 Hz"):
        encode(encoding, Recordings(SOUNDS.waves, 16000))
    with pytest.raises(DataError, match="a table of 4 rows"):
        encoding.encode(FRAME, None, Findings())


DAMAGE = [
    ("method", "eval"),
    ("rate", 0),
    ("rate", 8000.0),
    ("rate", True),
    ("length", 10),
    ("length", 1 << 40),
    ("window", 0),
    ("hop", 0),
    ("means", []),
    ("means", [0.0]),
    ("means", "x"),
    ("deviations", [0.0] * 40),
    ("deviations", [float("nan")] * 40),
    ("extra", 1),
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_damaged_encoding_is_refused(name: str, value: Any) -> None:
    data = Preparation(SoundEncoding.fit(SOUNDS), TARGET).to_json()
    data["inputs"][name] = value
    with pytest.raises(ModelFileError):
        Preparation.from_json(data)
