"""Sounds as sequences: as long as they are, and padding is known from silence."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.sound_steps import SoundSteps
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Recordings

_RNG = np.random.default_rng(0)
_SOUNDS = Recordings(tuple(_RNG.normal(0, 0.1, n).astype(np.float32) for n in (256, 400, 1100, 4000, 60)), 8000)
_FRAME = pd.DataFrame({"class": list("ababa")})


def _encode(encoding: SoundSteps, sounds: Recordings = _SOUNDS, findings: Findings | None = None) -> np.ndarray:
    return encoding.encode(_FRAME, sounds, findings or Findings())


def test_a_sound_has_as_many_steps_as_cover_it() -> None:
    encoding = SoundSteps.fit(_SOUNDS)
    x = _encode(encoding)
    # Windows of 256 samples, 128 from one to the next; one of its own for what is left at the end.
    assert encoding.shape == (30, 40)
    assert encoding.mask(x).sum(axis=1).tolist() == [1, 3, 8, 30, 1]


def test_the_bands_of_what_is_there_have_mean_zero_and_deviation_one() -> None:
    encoding = SoundSteps.fit(_SOUNDS)
    x = _encode(encoding)
    there = x[encoding.mask(x) > 0]
    np.testing.assert_allclose(there.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(there.std(axis=0), 1, atol=1e-3)


def test_silence_is_no_padding_even_where_it_is_the_mean() -> None:
    silence = Recordings((np.zeros(1000, np.float32), np.zeros(300, np.float32)), 8000)
    encoding = SoundSteps.fit(silence)
    bands = encoding.spectra.features_of(np.zeros(0, np.float32))[0]
    exact = SoundSteps(replace(encoding.spectra, means=tuple(bands.tolist())))
    x = exact.encode(_FRAME[:2], silence, Findings())
    assert exact.mask(x).sum(axis=1).tolist() == [6, 2]
    assert np.abs(x).max() < 1e-30


def test_what_is_not_heard_is_told() -> None:
    findings = Findings()
    x = _encode(SoundSteps.fit(_SOUNDS, seconds=0.1), findings=findings)
    assert x.shape == (5, 5, 40)
    assert findings.lines() == ["sounds are heard for 0.1 s and are longer (`seconds`): 2"]
    assert SoundSteps.fit(_SOUNDS, steps=4).shape == (4, 40)


def test_a_model_file_keeps_it_and_refuses_a_damaged_one() -> None:
    encoding = SoundSteps.fit(_SOUNDS)
    data = json.loads(json.dumps(encoding.to_json()))
    assert (_encode(SoundSteps.from_json(data)) == _encode(encoding)).all()
    for damaged in (3, {"kind": "images"}, data["spectra"] | {"rate": 0}):
        with pytest.raises(ModelFileError):
            SoundSteps.from_json(data | {"spectra": damaged})


def test_other_samples_and_rates_are_refused() -> None:
    encoding = SoundSteps.fit(_SOUNDS)
    with pytest.raises(DataError, match="a table of 5 rows"):
        encoding.encode(_FRAME, None, Findings())
    with pytest.raises(DataError, match="16,000 Hz"):
        _encode(encoding, Recordings(_SOUNDS.waves, 16000))
